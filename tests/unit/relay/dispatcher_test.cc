#include "relay/dispatcher.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "fake_dns.h"
#include "mail/body_scan.h"
#include "queue/inspect.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::relay {
namespace {

namespace fs = std::filesystem;
using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Script;
using test::ScriptedPeer;
using testing::HasSubstr;

const test::Step greet{"", "220 hi\r\n"};
const test::Step hello{"EHLO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"};
const test::Step envelope{"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"};
const test::Step message{"\r\n.\r\n", "250 2.0.0 taken\r\n"};
const test::Step bye{"QUIT\r\n", "221 bye\r\n", true};

// A queue with one shard and a dispatcher that sends everything to `next_hops`.
class Relay {
 public:
  Relay(Reactor& reactor, std::vector<std::string> next_hops, std::uint32_t connections_max = 1,
        std::uint32_t messages_per_connection_max = 100, Rate rate = {})
      : reactor_(reactor),
        directory_(fs::path(::testing::TempDir()) / ("ringpost-relay-" + std::to_string(::getpid()))) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    RouteOptions route;
    route.next_hops = std::move(next_hops);
    route.connections_max = connections_max;
    route.messages_per_connection_max = messages_per_connection_max;
    route.rate = rate;
    routes_ = std::make_shared<const RouteTable>(*RouteTable::create({route}, {}));
    queue::Options options;
    options.data_dir = directory_.string();
    options.hostname = "c.example";
    options.durability = queue::Durability::written;
    options.min_free_disk = 0;
    options.segment_octets = 4 << 20;
    options.index_lag = milliseconds(5);
    const RouteTable* table = routes_.get();
    queue_ = std::move(*queue::Queue::open(options, {[table](const mail::Address& address, mail::TlsWish wish) {
                                             return table->key_for(address, wish);
                                           }}));
    shard_ = std::move(*queue_->make_shard(0, reactor));
    Options relay;
    relay.hostname = "c.example";
    relay.idle_connection_max = seconds(5);
    dispatcher_ = std::make_unique<Dispatcher>(*shard_, resolver_, helpers_, routes_, limits_, relay);
    dispatcher_->start();
  }
  ~Relay() {
    dispatcher_.reset();
    shard_.reset();
    queue_.reset();
    fs::remove_all(directory_);
  }

  Task<> submit(std::string body) {
    auto upload = shard_->begin_upload();
    EXPECT_TRUE(upload.has_value());
    mail::Envelope letter;
    letter.recipients.push_back({.address = {"rcpt", "d.example"}, .notify = {}, .original_recipient = {}});
    letter.received = WallTime::now();
    mail::BodyScan scan;
    scan.feed(body);
    scan.finish();
    std::vector<io::Slice> slices(1, io::Slice::copy_of(body));
    auto appended = co_await upload->append(std::move(slices));
    EXPECT_TRUE(appended.has_value());
    auto id = co_await upload->commit(std::move(letter), scan.facts(), "P: 1\r\n");
    EXPECT_TRUE(id.has_value());
  }
  /// Waits until the queue holds `messages` and the dispatcher rests; false after ten seconds.
  Task<bool> settles(std::uint64_t messages) {
    for (int i = 0; i < 1000; ++i) {
      co_await pause(10);
      if (dispatcher_->tasks() == 0 && queue_->gauges().unindexed == 0 && queue_->gauges().messages == messages)
        co_return true;
    }
    co_return false;
  }
  /// The same, and `deferred` of them wait for their next attempt: the accept may have been applied before the outcome.
  Task<bool> settles_deferred(std::uint64_t messages, std::uint64_t deferred) {
    for (int i = 0; i < 1000; ++i) {
      const bool settled = co_await settles(messages);
      if (!settled) co_return false;
      if (queue_->gauges().messages_deferred == deferred) co_return true;
    }
    co_return false;
  }
  io::Sleep pause(int ms) { return {reactor_, Deadline::after(milliseconds(ms)), Cancel::never()}; }
  Task<> close() {
    co_await dispatcher_->close();
    co_await shard_->close();
  }

  void use_routes(const std::string& next_hop, std::uint32_t connections_max) {
    RouteOptions route;
    route.next_hops.assign(1, next_hop);
    route.connections_max = connections_max;
    routes_before_.push_back(std::exchange(
        routes_, std::make_shared<const RouteTable>(*RouteTable::create(std::vector<RouteOptions>(1, route), {}))));
    dispatcher_->reconfigure(routes_, {});
  }
  Dispatcher& dispatcher() { return *dispatcher_; }
  queue::Queue& queue() { return *queue_; }
  queue::Scheduler& scheduler() { return shard_->scheduler(); }
  ConnectionLimit& limit() { return limits_.connections; }
  const fs::path& directory() const { return directory_; }

 private:
  Reactor& reactor_;
  fs::path directory_;
  std::shared_ptr<const RouteTable> routes_;
  std::vector<std::shared_ptr<const RouteTable>> routes_before_;  // which the queue asks for keys
  SiteLimits limits_;
  io::OffloadPool helpers_{2, 64};
  test::FakeDns dns_;
  DnsResolver resolver_{reactor_, dns_, "c.example"};
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<queue::Shard> shard_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

std::string url(const ScriptedPeer& peer) {
  return "smtp://127.0.0.1:" + std::to_string(peer.address().port());
}

TEST(Dispatcher, MessagesGoOverOneConnectionThatIsKeptAndThenSaysQuit) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello, envelope, message, envelope, message, envelope, message, bye}});
    Relay relay(reactor, std::vector<std::string>(1, url(peer)));
    co_await relay.submit("one\r\n");
    co_await relay.submit("two\r\n");
    const bool settled = co_await relay.settles(0);
    EXPECT_TRUE(settled);
    co_await relay.submit("three\r\n");
    const bool again = co_await relay.settles(0);
    EXPECT_TRUE(again);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_EQ(peer.connections(), 1U);
    EXPECT_THAT(peer.all_heard(), HasSubstr("P: 1\r\nthree\r\n.\r\n"));
    EXPECT_TRUE(peer.all_heard().ends_with("QUIT\r\n"));
    EXPECT_EQ(relay.limit().open(url(peer)), 0U);
  });
}

TEST(Dispatcher, AConnectionCarriesNoMoreThanItsShare) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script once{greet, hello, envelope, message, bye};
    ScriptedPeer peer(reactor, {once, once, once});
    Relay relay(reactor, std::vector<std::string>(1, url(peer)), 1, 1);
    for (const char* body : {"one\r\n", "two\r\n", "three\r\n"}) co_await relay.submit(body);
    const bool settled = co_await relay.settles(0);
    EXPECT_TRUE(settled);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_EQ(peer.connections(), 3U);
  });
}

TEST(Dispatcher, ManyMessagesUseManyConnectionsUpToTheLimit) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script slow{greet, hello, {"DATA\r\n", ""}};
    ScriptedPeer peer(reactor, std::vector<Script>(8, slow));
    Relay relay(reactor, std::vector<std::string>(1, url(peer)), 3);
    for (int i = 0; i < 8; ++i) co_await relay.submit("x\r\n");
    co_await relay.pause(100);
    EXPECT_EQ(peer.connections(), 3U);
    EXPECT_EQ(relay.dispatcher().tasks(), 3U);
    co_await peer.stop();
    co_await relay.close();
  });
}

TEST(Dispatcher, OtherRoutesHoldForTheNextMessageOverANewConnection) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script once{greet, hello, envelope, message, bye};
    ScriptedPeer peer(reactor, {once, Script{greet, hello, envelope, {"\r\n.\r\n", ""}}, once});
    Relay relay(reactor, std::vector<std::string>(1, url(peer)));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles(0);
    EXPECT_TRUE(settled);
    relay.use_routes(url(peer), 1);  // the idle connection says QUIT
    co_await relay.submit("two\r\n");
    co_await relay.pause(400);  // the old connection gives its place back first
    EXPECT_EQ(peer.connections(), 2U);
    EXPECT_EQ(relay.dispatcher().tasks(), 1U);  // its peer is silent: it goes on with the routes it has
    relay.use_routes(url(peer), 2);
    co_await relay.submit("three\r\n");
    co_await relay.pause(400);
    EXPECT_EQ(peer.connections(), 3U);
    EXPECT_THAT(peer.all_heard(2), HasSubstr("P: 1\r\nthree\r\n.\r\n"));
    co_await peer.stop();
    co_await relay.close();
  });
}

TEST(Dispatcher, APauseStartsNothingAndResumingStartsWhatHasWaited) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello, envelope, message, bye}, Script{greet, hello, envelope, message}});
    Relay relay(reactor, std::vector<std::string>(1, url(peer)));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles(0);
    EXPECT_TRUE(settled);
    const bool ended = co_await relay.dispatcher().pause(seconds(1));
    EXPECT_TRUE(ended);
    co_await relay.submit("two\r\n");
    co_await relay.pause(100);
    EXPECT_EQ(peer.connections(), 1U);
    EXPECT_EQ(relay.queue().gauges().messages, 1U);
    relay.dispatcher().resume();
    const bool again = co_await relay.settles(0);
    EXPECT_TRUE(again);
    EXPECT_EQ(peer.connections(), 2U);
    co_await relay.close();
    co_await peer.stop();
  });
}

TEST(Dispatcher, APauseTellsWhatIsStillInProgress) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello, {"DATA\r\n", ""}}});
    Relay relay(reactor, std::vector<std::string>(1, url(peer)));
    co_await relay.submit("one\r\n");
    co_await relay.pause(100);
    EXPECT_FALSE(relay.dispatcher().is_idle());
    const bool ended = co_await relay.dispatcher().pause(milliseconds(100));
    EXPECT_FALSE(ended);
    const MonotonicTime began = monotonic_now();
    co_await relay.close();  // which does not wait once more
    EXPECT_LT(monotonic_now() - began, seconds(2));
    EXPECT_EQ(relay.dispatcher().tasks(), 0U);
    co_await peer.stop();
  });
}

TEST(Dispatcher, AConnectionThatDiedInThePoolCostsTheMessageNothing) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    // The first connection ends with a 421 to the second MAIL, as servers do that are tired of waiting.
    ScriptedPeer peer(reactor, {Script{greet, hello, envelope, message, {"DATA\r\n", "421 4.4.2 too late\r\n", true}},
                                Script{greet, hello, envelope, message}});
    Relay relay(reactor, std::vector<std::string>(1, url(peer)));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles(0);
    EXPECT_TRUE(settled);
    co_await relay.submit("two\r\n");
    const bool again = co_await relay.settles(0);
    EXPECT_TRUE(again);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_EQ(peer.connections(), 2U);
    EXPECT_THAT(peer.all_heard(1), HasSubstr("P: 1\r\ntwo\r\n.\r\n"));
  });
}

TEST(Dispatcher, WhereNobodyAnswersTheMailIsDeferredAndTheDestinationLeftAlone) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer rude(reactor, std::vector<Script>(8, Script{{"", "421 4.3.2 not now\r\n", true}}));
    Relay relay(reactor, std::vector<std::string>(1, url(rude)));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles_deferred(1, 1);
    EXPECT_TRUE(settled);
    co_await relay.submit("two\r\n");
    co_await relay.pause(200);
    EXPECT_EQ(rude.connections(), 1U);
    EXPECT_EQ(relay.queue().gauges().messages_deferred, 1U);
    EXPECT_FALSE(relay.scheduler().has_ready(url(rude)));
    co_await relay.close();
    co_await rude.stop();
    EXPECT_EQ(relay.queue().gauges().messages, 2U);
  });
}

TEST(Dispatcher, ClosingLeavesAnUnfinishedMessageInTheQueue) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer silent(reactor, {Script{greet, hello, {"DATA\r\n", ""}}});
    Relay relay(reactor, std::vector<std::string>(1, url(silent)));
    co_await relay.submit("one\r\n");
    co_await relay.pause(50);
    EXPECT_EQ(relay.dispatcher().tasks(), 1U);
    const auto before = monotonic_now();
    co_await relay.close();
    EXPECT_LT(monotonic_now() - before, Dispatcher::closing_patience + seconds(3));
    EXPECT_EQ(relay.queue().gauges().messages, 1U);
    EXPECT_EQ(relay.queue().gauges().messages_deferred, 0U);
    co_await silent.stop();
  });
}

TEST(Dispatcher, FillsMaildirsAndDiscards) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const std::string base = ::testing::TempDir() + "ringpost-relay-mail-" + std::to_string(::getpid());
    for (const std::string& next_hop : {"maildir:" + base + "/{local}", std::string("discard:")}) {
      Relay relay(reactor, std::vector<std::string>(1, next_hop), 4);
      for (int i = 0; i < 20; ++i) co_await relay.submit("x\r\n");
      const bool settled = co_await relay.settles(0);
      EXPECT_TRUE(settled) << next_hop;
      co_await relay.close();
    }
    const auto count = std::distance(fs::directory_iterator(base + "/rcpt/new"), fs::directory_iterator());
    EXPECT_EQ(count, 20);
    fs::remove_all(base);
  });
}

TEST(Dispatcher, ADomainThatCannotBeLookedUpIsTriedAgainLater) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Relay relay(reactor, std::vector<std::string>(1, "smtp://no-such-host.invalid:25"));
    co_await relay.submit("x\r\n");
    const bool settled = co_await relay.settles_deferred(1, 1);
    EXPECT_TRUE(settled);
    co_await relay.close();
  });
}

TEST(Dispatcher, ASiteThatAsksForLessGetsFewerConnections) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script busy{greet, hello, {"DATA\r\n", "450 4.7.28 too many messages\r\n503 no\r\n503 no\r\n"}, bye};
    ScriptedPeer peer(reactor, std::vector<Script>(8, busy));
    Relay relay(reactor, std::vector<std::string>(1, url(peer)), 8, 1);
    EXPECT_EQ(relay.limit().allowed(url(peer), 8), Concurrency::first);
    for (int i = 0; i < 3; ++i) co_await relay.submit("x\r\n");
    const bool settled = co_await relay.settles_deferred(3, 3);
    EXPECT_TRUE(settled);
    EXPECT_EQ(relay.limit().allowed(url(peer), 8), Concurrency::first / 2);
    co_await relay.close();
    co_await peer.stop();
  });
}

TEST(Dispatcher, AConversationThatIsBrokenOffIsNoReasonForMoreConnections) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script breaks_off{greet, hello, {"DATA\r\n", "250 m\r\n250 r\r\n", true}};
    const Script takes{greet, hello, envelope, message, bye};
    ScriptedPeer peer(reactor, {breaks_off, takes});
    Relay relay(reactor, std::vector<std::string>(1, url(peer)), 100);
    co_await relay.submit("x\r\n");
    const bool settled = co_await relay.settles_deferred(1, 1);
    EXPECT_TRUE(settled);
    EXPECT_EQ(relay.limit().allowed(url(peer), 100), Concurrency::first);
    co_await relay.submit("y\r\n");
    const bool taken = co_await relay.settles_deferred(1, 1);
    EXPECT_TRUE(taken);
    for (int i = 0; i < 100 && relay.limit().allowed(url(peer), 100) == Concurrency::first; ++i)
      co_await relay.pause(10);
    EXPECT_EQ(relay.limit().allowed(url(peer), 100), Concurrency::first + 1);  // what is taken is one
    co_await relay.close();
    co_await peer.stop();
  });
}

TEST(Dispatcher, ARouteWithARateSendsNoFaster) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Script script{greet, hello};
    for (int i = 0; i < 30; ++i) {
      script.push_back(envelope);
      script.push_back(message);
    }
    ScriptedPeer peer(reactor, std::vector<Script>(4, script));
    Relay relay(reactor, std::vector<std::string>(1, url(peer)), 4, 100, Rate{10, seconds(1)});
    const auto started = monotonic_now();
    for (int i = 0; i < 15; ++i) co_await relay.submit("x\r\n");
    const bool settled = co_await relay.settles(0);
    EXPECT_TRUE(settled);
    const auto took = monotonic_now() - started;  // ten at once, the other five one every 100 ms
    EXPECT_GT(took, milliseconds(400));
    EXPECT_LT(took, seconds(3));
    co_await relay.close();
    co_await peer.stop();
  });
}

}  // namespace
}  // namespace ringpost::relay
