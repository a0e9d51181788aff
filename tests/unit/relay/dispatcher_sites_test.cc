// What domains that share their MX hosts share: connections, as far as their wishes let them, and the line.
#include <gmock/gmock.h>

#include "relay_harness.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Script;
using test::ScriptedPeer;
using testing::HasSubstr;
using testing::Not;

// A peer that takes `messages` over each connection and then only QUIT.
Script taking(std::size_t messages) {
  Script script{{"", "220 hi\r\n"}, {"EHLO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"}};
  for (std::size_t i = 0; i < messages; ++i) {
    script.push_back({"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"});
    script.push_back({"\r\n.\r\n", "250 2.0.0 taken\r\n"});
  }
  script.push_back({"QUIT\r\n", "221 bye\r\n", true});
  return script;
}

// The same, however many and one every 5 ms; any other command gets those answers, too.
class SlowPeer {
 public:
  explicit SlowPeer(Reactor& reactor) : peer(reactor, {script(), script()}) {
    peer.set_upgrade([&reactor](std::unique_ptr<io::Stream> stream, Cancel cancel) {
      return wait(reactor, std::move(stream), cancel);
    });
  }
  ScriptedPeer peer;

 private:
  static Script script() {
    Script script = taking(1000);
    for (test::Step& step : script) {
      step.upgrade = step.hear == "DATA\r\n";
      if (step.upgrade) step.hear = "\r\n";
    }
    return script;
  }
  static Task<std::unique_ptr<io::Stream>> wait(Reactor& reactor, std::unique_ptr<io::Stream> stream, Cancel cancel) {
    co_await io::Sleep(reactor, Deadline::after(milliseconds(5)), cancel);
    co_return std::move(stream);
  }
};

MxHost host(const std::string& name, const ScriptedPeer& peer, std::uint16_t preference = 10) {
  MxHost found;
  found.name = name;
  found.addresses.push_back(peer.address());
  found.preference = preference;
  return found;
}

RouteOptions by_mx(std::uint32_t connections_max = 20) {
  RouteOptions route;
  route.connections_max = connections_max;
  return route;
}

std::string to(const std::string& domain) {
  return "RCPT TO:<rcpt@" + domain + ">";
}

TEST(DispatcherSites, AConnectionThatOneDomainHasDoneWithCarriesTheMailOfAnother) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {taking(2)});
    Relay relay(reactor, by_mx());
    relay.resolver.domains["*"].push_back(host("mx1", peer));
    const bool first = co_await relay.delivers("a.example");
    const bool second = co_await relay.delivers("b.example");
    EXPECT_TRUE(first && second);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_EQ(peer.connections(), 1U);
    EXPECT_THAT(peer.all_heard(), HasSubstr(to("b.example")));
  });
}

TEST(DispatcherSites, ManyDomainsStandInLineForFewConnections) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {taking(60), taking(60)});
    Relay relay(reactor, by_mx(2));
    relay.resolver.domains["*"].push_back(host("mx1", peer));
    const MonotonicTime started = monotonic_now();
    for (int i = 0; i < 60; ++i) co_await relay.submit_to("d" + std::to_string(i) + ".example");
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    EXPECT_LT(monotonic_now() - started, seconds(3));  // nobody waits for a timer when a connection comes free
    co_await relay.close();
    co_await peer.stop();
    EXPECT_LE(peer.connections(), 2U);
  });
}

TEST(DispatcherSites, ABusyDomainLetsTheOthersHaveTheirTurn) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {taking(100)});
    Relay relay(reactor, by_mx(1));
    relay.resolver.domains["*"].push_back(host("mx1", peer));
    for (int i = 0; i < 20; ++i) co_await relay.submit_to("busy.example");
    co_await relay.submit_to("small.example");
    for (int i = 0; i < 60; ++i) co_await relay.submit_to("busy.example");
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    co_await relay.close();
    co_await peer.stop();
    const std::string heard = peer.all_heard();
    const auto behind = heard.substr(heard.find(to("small.example")));
    EXPECT_THAT(behind, HasSubstr(to("busy.example")));
    EXPECT_EQ(peer.connections(), 1U);
  });
}

TEST(DispatcherSites, ADomainThatAnnouncesACertificateDoesNotRideOnAConnectionInClearText) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {taking(2), taking(1)});
    Relay relay(reactor, by_mx());
    relay.resolver.domains["*"].push_back(host("mx1", peer));
    MxHost announced = host("mx1", peer);
    announced.secure = true;
    announced.dane.kind = Dane::Kind::usable;
    announced.dane.base = "mx1";
    announced.dane.associations.push_back({.data = std::string(32, 'x')});
    relay.resolver.domains["strict.example"].push_back(announced);
    const bool first = co_await relay.delivers("a.example");
    EXPECT_TRUE(first);
    co_await relay.submit_to("strict.example");
    const bool deferred = co_await relay.settles(1, 1);
    EXPECT_TRUE(deferred);
    co_await relay.submit_to("b.example");  // which the trouble of the other is no word about
    const bool second = co_await relay.settles(1, 1);
    EXPECT_TRUE(second);
    EXPECT_EQ(relay.limits.connections.allowed("mx-hosts:mx1,", 100), Concurrency::first + 2);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_THAT(peer.all_heard(0), Not(HasSubstr("strict.example")));
    EXPECT_THAT(peer.all_heard(1), Not(HasSubstr("MAIL")));
    EXPECT_THAT(peer.all_heard(0), HasSubstr(to("b.example")));
  });
}

TEST(DispatcherSites, ADomainKeepsToTheOrderOfItsOwnHosts) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer first(reactor, {taking(2)});
    ScriptedPeer second(reactor, {taking(2)});
    Relay relay(reactor, by_mx());
    relay.resolver.domains["*"] = {host("mx1", first, 10), host("mx2", second, 20)};
    relay.resolver.domains["b.example"] = {host("mx2", second, 10), host("mx1", first, 20)};
    for (const char* domain : {"a.example", "b.example", "c.example"}) {
      const bool settled = co_await relay.delivers(domain);
      EXPECT_TRUE(settled) << domain;
    }
    co_await relay.close();
    co_await first.stop();
    co_await second.stop();
    EXPECT_EQ(first.connections() + second.connections(), 2U);
    EXPECT_THAT(second.all_heard(), HasSubstr(to("b.example")));
    EXPECT_THAT(first.all_heard(), HasSubstr(to("c.example")));
  });
}

TEST(DispatcherSites, AnIdleConnectionGivesItsPlaceToADomainThatMayNotUseIt) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer first(reactor, {taking(1)});
    ScriptedPeer second(reactor, {taking(1)});
    Relay relay(reactor, by_mx(1), seconds(60));
    relay.resolver.domains["*"] = {host("mx1", first, 10), host("mx2", second, 20)};
    relay.resolver.domains["b.example"] = {host("mx2", second, 10), host("mx1", first, 20)};
    const bool one = co_await relay.delivers("a.example");
    const bool two = co_await relay.delivers("b.example");
    EXPECT_TRUE(one && two);
    EXPECT_TRUE(first.all_heard().ends_with("QUIT\r\n"));
    EXPECT_EQ(relay.limits.connections.open("mx-hosts:mx1,mx2,"), 1U);
    co_await relay.close();
    co_await first.stop();
    co_await second.stop();
  });
}

TEST(DispatcherSites, WhoMayNotUseWhatOthersKeepBusyGetsAPlaceInTime) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    SlowPeer slow(reactor);
    ScriptedPeer& first = slow.peer;
    ScriptedPeer second(reactor, {taking(1)});
    RouteOptions route = by_mx(1);
    route.messages_per_connection_max = 1000;
    Relay relay(reactor, route);
    relay.resolver.domains["*"] = {host("mx1", first, 10), host("mx2", second, 20)};
    relay.resolver.domains["other.example"] = {host("mx2", second, 10), host("mx1", first, 20)};
    const MonotonicTime started = monotonic_now();
    for (int i = 0; i < 250; ++i) {
      co_await relay.submit_to("a.example");
      co_await relay.submit_to("b.example");
      if (i == 20) co_await relay.submit_to("other.example");
    }
    for (int i = 0; i < 400 && second.connections() == 0; ++i) co_await relay.pause(10);
    EXPECT_EQ(second.connections(), 1U);
    EXPECT_GT(monotonic_now() - started, Site::patience / 2);
    EXPECT_GT(relay.gauges().messages, 0U);  // the others still had work for theirs
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    co_await relay.close();
    co_await first.stop();
    co_await second.stop();
  });
}

TEST(DispatcherSites, WhereNobodyAnswersTheLineLearnsItQuickly) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    MxHost gone;
    {
      ScriptedPeer peer(reactor, {});
      gone = host("mx1", peer);
      co_await peer.stop();
    }
    Relay relay(reactor, by_mx());
    relay.resolver.domains["*"].push_back(gone);
    const MonotonicTime started = monotonic_now();
    for (int i = 0; i < 100; ++i) co_await relay.submit_to("d" + std::to_string(i) + ".example");
    const bool settled = co_await relay.settles(100, 100);
    EXPECT_TRUE(settled);
    EXPECT_LT(monotonic_now() - started, seconds(3));
    co_await relay.close();
  });
}

TEST(DispatcherSites, AHostGetsNoMoreConnectionsThanItMayWhateverTheSite) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {taking(4), taking(4)});
    RouteOptions route = by_mx();
    route.connections_per_host_max = 1;
    Relay relay(reactor, route, milliseconds(300));
    relay.resolver.domains["a.example"].push_back(host("mx1", peer));
    relay.resolver.domains["b.example"].push_back(host("mx2", peer));
    for (int i = 0; i < 4; ++i) co_await relay.submit_to("a.example");
    const bool first = co_await relay.settles();  // one after the other
    EXPECT_TRUE(first);
    EXPECT_EQ(peer.connections(), 1U);
    co_await relay.submit_to("b.example");
    co_await relay.pause(100);
    EXPECT_EQ(peer.connections(), 1U);
    EXPECT_EQ(relay.limits.hosts.open(peer.address().text()), 1U);
    const bool second = co_await relay.settles();  // when the other connection has gone, and nothing was deferred
    EXPECT_TRUE(second);
    EXPECT_EQ(peer.connections(), 2U);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_EQ(relay.limits.hosts.open(peer.address().text()), 0U);
  });
}

TEST(DispatcherSites, AFullHostIsNoReasonToUseAWorseOne) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer best(reactor, {taking(6), taking(6)});
    ScriptedPeer equal(reactor, {taking(6), taking(6)});
    ScriptedPeer worse(reactor, {taking(6)});
    RouteOptions route = by_mx();
    route.connections_per_host_max = 1;
    Relay relay(reactor, route);
    relay.resolver.domains["*"] = {host("mx1", best, 10), host("mx2", equal, 10), host("mx3", worse, 20)};
    for (int i = 0; i < 6; ++i) co_await relay.submit_to("d" + std::to_string(i) + ".example");
    const bool settled = co_await relay.settles();
    EXPECT_TRUE(settled);
    co_await relay.close();
    co_await best.stop();
    co_await equal.stop();
    co_await worse.stop();
    EXPECT_EQ(best.connections(), 1U);
    EXPECT_LE(equal.connections(), 1U);
    EXPECT_EQ(worse.connections(), 0U);
  });
}

TEST(DispatcherSites, AnOldConnectionGetsNothingMoreToDo) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    ScriptedPeer peer(reactor, {taking(1), taking(1)});
    RouteOptions route = by_mx();
    route.connection_age_max = milliseconds(200);
    Relay relay(reactor, route);
    relay.resolver.domains["*"].push_back(host("mx1", peer));
    const bool first = co_await relay.delivers("a.example");
    co_await relay.pause(300);
    const bool second = co_await relay.delivers("a.example");
    EXPECT_TRUE(first && second);
    co_await relay.close();
    co_await peer.stop();
    EXPECT_EQ(peer.connections(), 2U);
  });
}

}  // namespace
}  // namespace ringpost::relay
