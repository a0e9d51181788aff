#include "relay/mx_hosts.h"

#include <gmock/gmock.h>

#include <set>

#include "fake_dns.h"
#include "support/run_on_reactor.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using testing::ElementsAre;

std::vector<std::string> names_of(const std::vector<MxHost>& hosts) {
  std::vector<std::string> names;
  for (const MxHost& host : hosts) names.push_back(host.name);
  return names;
}

std::vector<std::string> addresses_of(const MxHost& host) {
  std::vector<std::string> addresses;
  for (const auto& address : host.addresses) addresses.push_back(address.text());
  return addresses;
}

using Hosts = Result<std::vector<MxHost>>;

void mx_hosts(test::FakeDns& dns, const std::string& domain, Hosts& hosts) {
  struct State {
    test::FakeDns& dns;
    const std::string& domain;
    Hosts& hosts;
  } state{dns, domain, hosts};
  test::run_on_reactor(
      [](Reactor& reactor, State& s) -> Task<> {
        DnsResolver resolver(reactor, s.dns, "relay.example");
        s.hosts = co_await resolver.mx_hosts(s.domain, Deadline::never(), Cancel::never());
      },
      state);
}

void expect_refusal(test::FakeDns& dns, const std::string& domain, PublicStatus status) {
  Hosts hosts;
  mx_hosts(dns, domain, hosts);
  ASSERT_FALSE(hosts.has_value()) << domain;
  EXPECT_EQ(hosts.error().status, status) << domain << ": " << hosts.error().reason;
}

TEST(DnsResolver, TriesMxHostsByPreferenceAndBothFamiliesOfEach) {
  test::FakeDns dns;
  dns.mx("d.example", 20, "Second.d.example");
  dns.mx("d.example", 10, "first.d.example");
  dns.mx("d.example", 30, "without-address.d.example");
  dns.address("first.d.example", "192.0.2.1");
  dns.address("first.d.example", "192.0.2.2");
  dns.address("first.d.example", "2001:db8::1");
  dns.address("second.d.example", "192.0.2.3");
  Hosts hosts;
  mx_hosts(dns, "d.example", hosts);
  ASSERT_TRUE(hosts.has_value());
  EXPECT_THAT(names_of(*hosts), ElementsAre("first.d.example", "second.d.example"));
  EXPECT_THAT(addresses_of(hosts->front()), ElementsAre("[2001:db8::1]:25", "192.0.2.1:25", "192.0.2.2:25"));
  EXPECT_FALSE(hosts->front().secure);
}

TEST(DnsResolver, WithoutMxTheDomainIsItsOwnHost) {
  test::FakeDns dns;
  dns.address("d.example", "192.0.2.1");
  Hosts hosts;
  mx_hosts(dns, "d.example", hosts);
  ASSERT_TRUE(hosts.has_value());
  EXPECT_THAT(names_of(*hosts), ElementsAre("d.example"));
}

TEST(DnsResolver, OnlyWhatIsValidatedThroughoutIsSecure) {
  test::FakeDns dns;
  dns.secure = true;
  dns.mx("d.example", 10, "mx.d.example");
  dns.mx("d.example", 20, "mx.e.example");
  dns.address("mx.d.example", "192.0.2.1");
  dns.secure = false;
  dns.address("mx.e.example", "192.0.2.2");
  dns.secure = true;  // what is not there
  Hosts hosts;
  mx_hosts(dns, "d.example", hosts);
  ASSERT_TRUE(hosts.has_value() && hosts->size() == 2);
  EXPECT_TRUE((*hosts)[0].secure);
  EXPECT_FALSE((*hosts)[1].secure);
}

TEST(DnsResolver, WhatNobodyWillEverReachIsGivenUp) {
  test::FakeDns dns;
  dns.mx("null.example", 0, "");
  dns.mx("loop.example", 10, "relay.example");
  dns.mx("loop.example", 20, "backup.example");
  dns.address("backup.example", "192.0.2.9");
  dns.mx("empty.example", 10, "nowhere.example");
  expect_refusal(dns, "unknown.example", {550, {5, 1, 2}});
  expect_refusal(dns, "null.example", {556, {5, 1, 10}});
  expect_refusal(dns, "loop.example", {554, {5, 4, 6}});
  expect_refusal(dns, "empty.example", {550, {5, 4, 4}});
}

TEST(DnsResolver, WhatDoesNotAnswerIsTriedAgain) {
  test::FakeDns dns;
  dns.breaks("down.example");
  dns.mx("half.example", 10, "mx.down.example");
  dns.breaks("mx.down.example");
  expect_refusal(dns, "down.example", {451, {4, 4, 3}});
  expect_refusal(dns, "half.example", {451, {4, 4, 3}});
}

TEST(DnsResolver, AThousandMxHostsAreCut) {
  test::FakeDns dns;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "mx" + std::to_string(i) + ".bomb.example";
    dns.mx("bomb.example", 10, name);
    dns.address(name, "192.0.2.1");
  }
  Hosts hosts;
  mx_hosts(dns, "bomb.example", hosts);
  ASSERT_TRUE(hosts.has_value());
  EXPECT_EQ(hosts->size(), Resolver::hosts_max);
  EXPECT_EQ(dns.asked, 1 + 2 * static_cast<int>(Resolver::hosts_max));
}

TEST(DnsResolver, AnAddressLiteralIsItsOwnMailHost) {
  test::FakeDns dns;
  Hosts hosts;
  mx_hosts(dns, "[IPv6:2001:db8::1]", hosts);
  ASSERT_TRUE(hosts.has_value());
  EXPECT_THAT(addresses_of(hosts->front()), ElementsAre("[2001:db8::1]:25"));
  EXPECT_EQ(dns.asked, 0);
}

TEST(DnsResolver, ANameTheOperatorChoseIsNotGivenUp) {
  test::FakeDns dns;
  test::run_on_reactor(
      [](Reactor& reactor, test::FakeDns& d) -> Task<> {
        DnsResolver resolver(reactor, d, "relay.example");
        auto found = co_await resolver.host("unknown.example", 587, Deadline::never(), Cancel::never());
        EXPECT_FALSE(found.has_value());
        if (!found) {
          EXPECT_EQ(found.error().status, (PublicStatus{451, {4, 4, 3}}));
        }
        found = co_await resolver.host("192.0.2.1", 587, Deadline::never(), Cancel::never());
        EXPECT_TRUE(found.has_value() && found->secure);
      },
      dns);
}

TEST(OrderHosts, EqualsTakeTurns) {
  std::set<std::string> firsts;
  for (int i = 0; i < 200; ++i) {
    auto hosts = order_hosts({{10, "a"}, {10, "b"}, {20, "c"}}, "relay.example");
    ASSERT_TRUE(hosts.has_value());
    EXPECT_EQ(hosts->back().host, "c");
    firsts.insert(hosts->front().host);
  }
  EXPECT_EQ(firsts.size(), 2U);
}

TEST(OrderHosts, WhatStandsBehindUsIsLeftOut) {
  auto hosts = order_hosts({{10, "a"}, {20, "relay.example"}, {20, "b"}, {30, "c"}}, "relay.example");
  ASSERT_TRUE(hosts.has_value());
  ASSERT_EQ(hosts->size(), 1U);
  EXPECT_EQ(hosts->front().host, "a");
}

}  // namespace
}  // namespace ringpost::relay
