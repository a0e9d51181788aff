#include "relay/dispatcher.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "relay_harness.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::relay {
namespace {

namespace fs = std::filesystem;
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

RouteOptions to(std::string next_hop, std::uint32_t connections_max = 1) {
  RouteOptions route;
  route.next_hops.assign(1, std::move(next_hop));
  route.connections_max = connections_max;
  return route;
}

TEST(Dispatcher, MessagesGoOverOneConnectionThatIsKeptAndThenSaysQuit) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello, envelope, message, envelope, message, envelope, message, bye}});
    Relay relay(reactor, to(peer.url()));
    co_await relay.submit("one\r\n");
    co_await relay.submit("two\r\n");
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    co_await relay.submit("three\r\n");
    const bool again = co_await relay.settles();
    EXPECT_TRUE(again);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_EQ(peer.connections(), 1U);
    EXPECT_THAT(peer.all_heard(), HasSubstr("P: 1\r\nthree\r\n.\r\n"));
    EXPECT_TRUE(peer.all_heard().ends_with("QUIT\r\n"));
    EXPECT_EQ(relay.limits.connections.open(peer.url()), 0U);
  });
}

TEST(Dispatcher, AConnectionCarriesNoMoreThanItsShare) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script once{greet, hello, envelope, message, bye};
    ScriptedPeer peer(reactor, {once, once, once});
    RouteOptions route = to(peer.url());
    route.messages_per_connection_max = 1;
    Relay relay(reactor, route);
    for (const char* body : {"one\r\n", "two\r\n", "three\r\n"}) co_await relay.submit(body);
    const bool settled = co_await relay.settles();
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
    Relay relay(reactor, to(peer.url(), 3));
    for (int i = 0; i < 8; ++i) co_await relay.submit();
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
    Relay relay(reactor, to(peer.url()));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    relay.use_route(to(peer.url(), 1));  // the idle connection says QUIT
    co_await relay.submit("two\r\n");
    co_await relay.pause(400);  // the old connection gives its place back first
    EXPECT_EQ(peer.connections(), 2U);
    EXPECT_EQ(relay.dispatcher().tasks(), 1U);  // its peer is silent: it goes on with the routes it has
    relay.use_route(to(peer.url(), 2));
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
    Relay relay(reactor, to(peer.url()));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    const bool ended = co_await relay.dispatcher().pause(seconds(1));
    EXPECT_TRUE(ended);
    co_await relay.submit("two\r\n");
    co_await relay.pause(100);
    EXPECT_EQ(peer.connections(), 1U);
    EXPECT_EQ(relay.gauges().messages, 1U);
    relay.dispatcher().resume();
    const bool again = co_await relay.settles();
    EXPECT_TRUE(again);
    EXPECT_EQ(peer.connections(), 2U);
    co_await relay.close();
    co_await peer.stop();
  });
}

TEST(Dispatcher, APauseTellsWhatIsStillInProgress) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {Script{greet, hello, {"DATA\r\n", ""}}});
    Relay relay(reactor, to(peer.url()));
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
    Relay relay(reactor, to(peer.url()));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    co_await relay.submit("two\r\n");
    const bool again = co_await relay.settles();
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
    Relay relay(reactor, to(rude.url()));
    co_await relay.submit("one\r\n");
    const bool settled = co_await relay.settles(1, 1);
    EXPECT_TRUE(settled);
    co_await relay.submit("two\r\n");
    co_await relay.pause(200);
    EXPECT_EQ(rude.connections(), 1U);
    EXPECT_EQ(relay.gauges().messages_deferred, 1U);
    EXPECT_FALSE(relay.scheduler().has_ready(rude.url()));
    co_await relay.close();
    co_await rude.stop();
    EXPECT_EQ(relay.gauges().messages, 2U);
  });
}

TEST(Dispatcher, ClosingLeavesAnUnfinishedMessageInTheQueue) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer silent(reactor, {Script{greet, hello, {"DATA\r\n", ""}}});
    Relay relay(reactor, to(silent.url()));
    co_await relay.submit("one\r\n");
    co_await relay.pause(50);
    EXPECT_EQ(relay.dispatcher().tasks(), 1U);
    const auto before = monotonic_now();
    co_await relay.close();
    EXPECT_LT(monotonic_now() - before, Dispatcher::closing_patience + seconds(3));
    EXPECT_EQ(relay.gauges().messages, 1U);
    EXPECT_EQ(relay.gauges().messages_deferred, 0U);
    co_await silent.stop();
  });
}

TEST(Dispatcher, FillsMaildirsAndDiscards) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const std::string base = ::testing::TempDir() + "ringpost-relay-mail-" + std::to_string(::getpid());
    for (const std::string& next_hop : {"maildir:" + base + "/{local}", std::string("discard:")}) {
      Relay relay(reactor, to(next_hop, 4));
      for (int i = 0; i < 20; ++i) co_await relay.submit();
      const bool settled = co_await relay.settles();
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
    Relay relay(reactor, to("smtp://no-such-host.invalid:25"));
    co_await relay.submit();
    const bool settled = co_await relay.settles(1, 1);
    EXPECT_TRUE(settled);
    co_await relay.close();
  });
}

TEST(Dispatcher, ASiteThatAsksForLessGetsFewerConnections) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script busy{greet, hello, {"DATA\r\n", "450 4.7.28 too many messages\r\n503 no\r\n503 no\r\n"}, bye};
    ScriptedPeer peer(reactor, std::vector<Script>(8, busy));
    RouteOptions route = to(peer.url(), 8);
    route.messages_per_connection_max = 1;
    Relay relay(reactor, route);
    EXPECT_EQ(relay.limits.connections.allowed(peer.url(), 8), Concurrency::first);
    for (int i = 0; i < 3; ++i) co_await relay.submit();
    const bool settled = co_await relay.settles(3, 3);
    EXPECT_TRUE(settled);
    EXPECT_EQ(relay.limits.connections.allowed(peer.url(), 8), Concurrency::first / 2);
    co_await relay.close();
    co_await peer.stop();
  });
}

TEST(Dispatcher, AConversationThatIsBrokenOffIsNoReasonForMoreConnections) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script breaks_off{greet, hello, {"DATA\r\n", "250 m\r\n250 r\r\n", true}};
    const Script takes{greet, hello, envelope, message, bye};
    ScriptedPeer peer(reactor, {breaks_off, takes});
    Relay relay(reactor, to(peer.url(), 100));
    co_await relay.submit();
    const bool settled = co_await relay.settles(1, 1);
    EXPECT_TRUE(settled);
    EXPECT_EQ(relay.limits.connections.allowed(peer.url(), 100), Concurrency::first);
    co_await relay.submit("y\r\n");
    const bool taken = co_await relay.settles(1, 1);
    EXPECT_TRUE(taken);
    for (int i = 0; i < 100 && relay.limits.connections.allowed(peer.url(), 100) == Concurrency::first; ++i)
      co_await relay.pause(10);
    EXPECT_EQ(relay.limits.connections.allowed(peer.url(), 100), Concurrency::first + 1);  // what is taken is one
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
    RouteOptions route = to(peer.url(), 4);
    route.rate = {10, seconds(1)};
    Relay relay(reactor, route);
    const auto started = monotonic_now();
    for (int i = 0; i < 15; ++i) co_await relay.submit();
    const bool settled = co_await relay.settles();
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
