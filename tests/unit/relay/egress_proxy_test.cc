#include "relay/egress_proxy.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "fake_dns.h"
#include "relay/connector.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"

namespace ringpost::relay {
namespace {

using namespace std::literals;
using io::Cancel;
using io::Reactor;
using io::Task;
using test::Script;
using test::ScriptedPeer;
using testing::HasSubstr;
using testing::StartsWith;

const std::string no_login = "\x05\x01\x00"s;
const std::string chosen_none = "\x05\x00"s;
const std::string connect_to_25 = "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x19"s;  // 192.0.2.1:25, which nobody has
const std::string succeeded = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"s;

TEST(EgressProxy, IsNamedByAUrl) {
  const auto socks = parse_egress_proxy("socks5://[2001:db8::1]");
  ASSERT_TRUE(socks.has_value());
  EXPECT_EQ(socks->port, 1080);
  EXPECT_EQ(socks->text(), "SOCKS5 proxy [2001:db8::1]:1080");
  EXPECT_EQ(socks->url(), "socks5://[2001:db8::1]:1080");
  const auto proxy = parse_egress_proxy("proxy://Proxy.example:2525");
  ASSERT_TRUE(proxy.has_value());
  EXPECT_EQ(proxy->kind, EgressProxy::Kind::proxy_v2);
  EXPECT_EQ(proxy->url(), "proxy://proxy.example:2525");
  for (const char* bad : {"", "socks5://", "socks5://a:0", "socks5://a:65536", "proxy://a", "proxy://[::1]",
                          "http://a:1", "socks4://a:1", "socks5://us:secret@a:1", "socks5://a:1/"}) {
    EXPECT_FALSE(parse_egress_proxy(bad).has_value()) << bad;
  }
}

/// How a way through the proxy ended.
struct Ended {
  std::string reason;  // empty: it stands
  bool blames_destination = false;
  std::string first_octets;
  std::vector<std::string> heard;
};

Ended through(const Script& script, EgressProxy proxy = {}, Duration timeout = std::chrono::seconds(5)) {
  Ended ended;
  test::run_on_reactor([&](Reactor& reactor) -> Task<> {
    io::OffloadPool helpers(1, 16);
    test::FakeDns dns;
    DnsResolver resolver(reactor, dns, "c.example");
    ScriptedPeer peer(reactor, {script});
    proxy.host = "127.0.0.1";
    proxy.port = peer.address().port();
    EgressConnection way(reactor, resolver, helpers, proxy, timeout);
    auto stream = co_await way.connect(*io::SocketAddress::parse("192.0.2.1:25"),
                                       *io::SocketAddress::from_host_port("192.0.2.9", 0), Cancel::never());
    ended.blames_destination = way.blames_destination();
    if (stream) {
      auto octets = co_await (*stream)->receive(io::Deadline::after(std::chrono::seconds(5)), Cancel::never());
      if (octets) ended.first_octets = octets->view();
      co_await (*stream)->close();
    } else {
      ended.reason = stream.error().reason;
      EXPECT_THAT(ended.reason, StartsWith(proxy.text() + ": "));
    }
    co_await peer.stop();
    ended.heard = peer.heard();
  });
  return ended;
}

TEST(EgressProxy, WhatThePeerSaysBehindTheReplyIsNotLost) {
  const Ended ended = through({{no_login, chosen_none}, {connect_to_25, succeeded + "220 hello\r\n"}});
  EXPECT_EQ(ended.reason, "");
  EXPECT_EQ(ended.first_octets, "220 hello\r\n");
}

TEST(EgressProxy, TellsAProxyOfThePROXYProtocolWhereFromAndWhereTo) {
  EgressProxy proxy;
  proxy.kind = EgressProxy::Kind::proxy_v2;
  const Ended ended = through({{"\xc0\x00\x02\x09\xc0\x00\x02\x01\x00\x00\x00\x19"s, "220 hello\r\n"}}, proxy);
  EXPECT_EQ(ended.reason, "");
  EXPECT_EQ(ended.first_octets, "220 hello\r\n");
}

TEST(EgressProxy, ARefusalSaysWhoseFaultItIs) {
  const Ended unreachable = through({{no_login, chosen_none}, {connect_to_25, "\x05\x04\x00\x01\0\0\0\0\0\0"s, true}});
  EXPECT_THAT(unreachable.reason, HasSubstr(": host unreachable (4)"));
  EXPECT_TRUE(unreachable.blames_destination);
  const Ended broken = through({{no_login, chosen_none}, {connect_to_25, "\x05\x01"s, true}});
  EXPECT_THAT(broken.reason, HasSubstr(": general failure (1)"));
  EXPECT_FALSE(broken.blames_destination);
}

TEST(EgressProxy, LogsInWithThePasswordOfTheFile) {
  const std::string path = ::testing::TempDir() + "ringpost-proxy-password-" + std::to_string(::getpid());
  std::ofstream(path) << "secret\n";
  EgressProxy proxy;
  proxy.user = "us";
  proxy.password_file = path;
  const std::string both = "\x05\x02\x00\x02"s, login = "\x01\x02us\x06secret"s;
  const Ended ended =
      through({{both, "\x05\x02"s}, {login, "\x01\x00"s}, {connect_to_25, succeeded + "220 x\r\n"}}, proxy);
  EXPECT_EQ(ended.reason, "");
  const Ended refused = through({{both, "\x05\x02"s}, {login, "\x01\x01"s, true}}, proxy);
  EXPECT_THAT(refused.reason, HasSubstr(": refuses our login"));
  EXPECT_FALSE(refused.blames_destination);
  const Ended not_needed = through({{both, chosen_none}, {connect_to_25, succeeded + "220 x\r\n"}}, proxy);
  EXPECT_EQ(not_needed.reason, "");
  std::filesystem::remove(path);
  const Ended lost = through({{both, "\x05\x02"s}}, proxy);
  EXPECT_THAT(lost.reason, HasSubstr(path));
}

TEST(EgressProxy, HostileAnswersEndInAnErrorThatSaysWhose) {
  const std::vector<Script> scripts{
      {{no_login, "HTTP/1.1 400 Bad Request\r\n\r\n"}},
      {{no_login, "\x05\x02"s}},
      {{no_login, "\x05\xff"s}},
      {{no_login, "", true}},
      {{no_login, chosen_none + chosen_none}},
      {{no_login, std::string(100'000, '\x05')}},
      {{no_login, chosen_none}, {connect_to_25, "\x05\x00\x00\x09\x00"s}},
      {{no_login, chosen_none}, {connect_to_25, "\x05\x00\x00\x03\xff"s + std::string(100, 'x'), true}},
  };
  for (const Script& script : scripts) {
    const Ended ended = through(script);
    EXPECT_NE(ended.reason, "") << script.back().say;
    EXPECT_FALSE(ended.blames_destination) << ended.reason;
  }
}

TEST(EgressProxy, EveryStepHasItsDeadline) {
  const auto quick = std::chrono::milliseconds(100);
  const Ended silent = through({{no_login, ""}}, {}, quick);
  EXPECT_NE(silent.reason, "");
  EXPECT_FALSE(silent.blames_destination);
  const Ended waiting = through({{no_login, chosen_none}, {connect_to_25, ""}}, {}, quick);
  EXPECT_NE(waiting.reason, "");
  EXPECT_TRUE(waiting.blames_destination) << "the proxy waits for the destination";
}

TEST(EgressProxy, AProxyThatIsDownIsNoWordAboutTheSite) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    io::OffloadPool helpers(1, 16);
    test::FakeDns dns;
    DnsResolver resolver(reactor, dns, "c.example");
    Options options;
    options.hostname = "c.example";
    Connector connector(reactor, resolver, helpers, options);
    std::uint16_t down = 0;
    {
      ScriptedPeer gone(reactor, {});
      down = gone.address().port();
      co_await gone.stop();
    }
    Delivery delivery;
    delivery.hops.push_back({*parse_next_hop("smtp://192.0.2.1"), {}});
    delivery.proxy = *parse_egress_proxy("socks5://127.0.0.1:" + std::to_string(down));
    auto opened = co_await connector.open(delivery, Cancel::never());
    EXPECT_FALSE(opened.has_value());
    if (!opened) {
      EXPECT_TRUE(is_our_way_out(opened.error()));
      EXPECT_EQ(opened.error().status.enhanced, (EnhancedCode{4, 4, 0}));
      EXPECT_THAT(opened.error().reason, HasSubstr("192.0.2.1[192.0.2.1]:25: SOCKS5 proxy 127.0.0.1:"));
    }
    ScriptedPeer works(reactor, {{{no_login, chosen_none}, {connect_to_25, "\x05\x05"s, true}}});
    delivery.proxy = *parse_egress_proxy("socks5://127.0.0.1:" + std::to_string(works.address().port()));
    opened = co_await connector.open(delivery, Cancel::never());
    EXPECT_FALSE(opened.has_value());
    if (!opened) {
      EXPECT_FALSE(is_our_way_out(opened.error()));
      EXPECT_EQ(opened.error().status.enhanced, (EnhancedCode{4, 4, 1}));
    }
    co_await works.stop();
  });
}

}  // namespace
}  // namespace ringpost::relay
