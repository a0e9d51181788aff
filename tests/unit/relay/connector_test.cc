#include "relay/connector.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "fake_dns.h"
#include "relay_harness.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Reactor;
using io::Task;
using test::Script;
using test::ScriptedPeer;
using testing::HasSubstr;

struct Fixture {
  explicit Fixture(Reactor& reactor)
      : resolver(reactor, dns, "c.example"), connector(reactor, resolver, helpers, options) {
    options.hostname = "c.example";
  }

  io::OffloadPool helpers{1, 16};
  test::FakeDns dns;
  DnsResolver resolver;
  Options options;
  Connector connector;
};

Delivery to(std::initializer_list<std::string> next_hops) {
  Delivery delivery;
  for (const std::string& text : next_hops) {
    auto hop = parse_next_hop(text);
    EXPECT_TRUE(hop.has_value()) << text;
    delivery.hops.push_back({std::move(*hop), {}});
  }
  return delivery;
}

const Script friendly{{"", "220 hi\r\n"}, {"EHLO c.example\r\n", "250 hi\r\n"}, {"QUIT\r\n", "221 bye\r\n", true}};

TEST(Connector, FailsOverFromThoseThatAreDownOrRefuse) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    std::string down;
    {
      ScriptedPeer gone(reactor, {});
      down = gone.url();
      co_await gone.stop();
    }
    ScriptedPeer rude(reactor, {Script{{"", "554 go away\r\n", true}}});
    ScriptedPeer picky(
        reactor,
        {Script{{"", "220 hi\r\n"}, {"EHLO c.example\r\n", "550 no\r\n"}, {"HELO c.example\r\n", "550 no\r\n"}}});
    ScriptedPeer kind(reactor, {friendly});
    const Delivery delivery = to({down, rude.url(), picky.url(), kind.url()});
    auto opened = co_await here.connector.open(delivery, Cancel::never());
    EXPECT_TRUE(opened.has_value());
    if (opened) {
      EXPECT_EQ((*opened)->remote, "127.0.0.1[127.0.0.1]:" + std::to_string(kind.address().port()));
      co_await (*opened)->client.quit(io::Deadline::never(), Cancel::never());
    }
    EXPECT_EQ(rude.connections() + picky.connections() + kind.connections(), 3U);
    co_await rude.stop();
    co_await picky.stop();
    co_await kind.stop();
  });
}

TEST(Connector, WhereAllRefuseTheLastOnesWordsRemain) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer rude(reactor, {Script{{"", "421 4.7.0 too many of you\r\n", true}}});
    const Delivery delivery = to({rude.url()});
    auto opened = co_await here.connector.open(delivery, Cancel::never());
    EXPECT_FALSE(opened.has_value());
    if (!opened) {
      EXPECT_THAT(opened.error().reason, HasSubstr("too many of you"));
      EXPECT_EQ(opened.error().status.enhanced, (EnhancedCode{4, 4, 1}));
    }
    co_await rude.stop();
  });
}

TEST(Connector, OfADomainsManyAddressesSomeAreTried) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    io::OffloadPool helpers(1, 16);
    WrittenResolver resolver(reactor);
    const Options all;
    Connector connector(reactor, resolver, helpers, all);
    ScriptedPeer rude(reactor, {});
    for (std::size_t i = 0; i < Resolver::hosts_max; ++i) {
      MxHost host;
      host.name = "mx" + std::to_string(i) + ".example";
      host.addresses.resize(Resolver::addresses_max, rude.address());
      resolver.domains["bomb.example"].push_back(std::move(host));
    }
    Delivery delivery = to({"mx"});
    delivery.hops.front().mx_domain = "bomb.example";
    auto opened = co_await connector.open(delivery, Cancel::never());
    EXPECT_FALSE(opened.has_value());
    if (!opened) {
      EXPECT_THAT(opened.error().reason, HasSubstr("no more than 16 hosts and 32 addresses"));
      EXPECT_EQ(opened.error().status.enhanced, (EnhancedCode{4, 4, 1}));
    }
    EXPECT_EQ(rude.connections(), Connector::addresses_tried_max);
    co_await rude.stop();
  });
}

TEST(Connector, LooksNamesUpAndSpeaksLmtpOverAUnixSocket) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer named(reactor, {friendly});
    const Delivery by_name = to({"smtp://localhost:" + std::to_string(named.address().port())});
    auto opened = co_await here.connector.open(by_name, Cancel::never());
    EXPECT_TRUE(opened.has_value());
    if (opened) co_await (*opened)->client.close();
    co_await named.stop();

    const std::string path = ::testing::TempDir() + "ringpost-lmtp-" + std::to_string(::getpid());
    std::filesystem::remove(path);
    ScriptedPeer lmtp(reactor, {Script{{"", "220 hi\r\n"}, {"LHLO c.example\r\n", "250 hi\r\n"}}},
                      *io::SocketAddress::unix_path(path));
    const Delivery by_path = to({"lmtp+unix:" + path});
    opened = co_await here.connector.open(by_path, Cancel::never());
    EXPECT_TRUE(opened.has_value());
    if (opened) {
      EXPECT_EQ((*opened)->client.dialect(), smtp::Dialect::lmtp);
      co_await (*opened)->client.close();
    }
    co_await lmtp.stop();
    std::filesystem::remove(path);
  });
}

}  // namespace
}  // namespace ringpost::relay
