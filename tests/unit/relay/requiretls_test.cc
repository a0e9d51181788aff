// RFC 8689 at the Connector: which hosts may have mail with REQUIRETLS, what is said where none may, and what becomes
// of the receiving domain's wishes where the header says "TLS-Required: No".
#include <gmock/gmock.h>

#include "relay/connector.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"
#include "support/tls_peer.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using mail::TlsWish;
using test::Script;
using test::ScriptedPeer;
using test::TlsFiles;
using testing::HasSubstr;

const test::Step greet{"", "220 hi\r\n"};
const test::Step hello{"EHLO c.example\r\n", "250 hi\r\n"};
const test::Step hello_starttls{"EHLO c.example\r\n", "250-hi\r\n250 STARTTLS\r\n"};
const test::Step hello_requiretls{"EHLO c.example\r\n", "250-hi\r\n250 REQUIRETLS\r\n"};
const test::Step starttls{"STARTTLS\r\n", "220 go\r\n", false, true};
const test::Step bye{"QUIT\r\n", "221 bye\r\n"};
const Script able{greet, hello_starttls, starttls, hello_requiretls, bye};
const Script unable{greet, hello_starttls, starttls, hello, bye};
const Script without_tls{greet, hello_requiretls, bye};
const Script not_now{greet, hello_starttls, {"STARTTLS\r\n", "454 4.7.0 not now\r\n"}, bye};
const Script refused_handshake{greet, hello_starttls, starttls};

constexpr PublicStatus encryption_needed{550, {5, 7, 10}};
constexpr PublicStatus requiretls_needed{550, {5, 7, 30}};

/// The MX hosts of every domain, whatever the port.
class FewHosts final : public Resolver {
 public:
  Task<Result<std::vector<MxHost>>> mx_hosts(std::string, Deadline, Cancel) override { co_return hosts; }
  Task<Result<MxHost>> host(std::string name, std::uint16_t, Deadline, Cancel) override {
    for (const MxHost& each : hosts)
      if (each.name == name) co_return each;
    co_return fail(ErrorKind::not_found, "no such host", {451, {4, 4, 3}});
  }
  Task<Result<dns::Answer>> ask(std::string, dns::RecordType, Deadline, Cancel) override { co_return dns::Answer{}; }

  std::vector<MxHost> hosts;
};

struct Fixture {
  explicit Fixture(Reactor& reactor) : connector(reactor, resolver, helpers, options) {
    options.hostname = "c.example";
    delivery.hops.push_back({NextHop{}, "d.example"});
    delivery.wish = TlsWish::required;
    delivery.tls_options.ca_file = files.ca();
  }
  /// `secure`: DNSSEC vouches for its name, which is that of the certificate of `files`.
  void add(const ScriptedPeer& peer, bool secure, Dane dane = {}) {
    resolver.hosts.push_back(
        {.name = "mx.example", .addresses = {peer.address()}, .secure = secure, .dane = std::move(dane)});
  }
  Task<std::unique_ptr<OutboundConnection>> open() {
    auto opened = co_await connector.open(delivery, Cancel::never());
    error = opened ? Error(ErrorKind::io, "") : std::move(opened.error());
    if (!opened) co_return nullptr;
    co_return std::move(*opened);
  }
  Task<> expect_opens(bool may_require_tls) {
    auto opened = co_await open();
    EXPECT_TRUE(opened) << error.reason;
    if (!opened) co_return;
    EXPECT_EQ(opened->may_require_tls, may_require_tls);
    co_await opened->client.close();
  }
  Task<> expect_refused(PublicStatus status, std::string reason) {
    auto opened = co_await open();
    EXPECT_FALSE(opened);
    if (opened) co_await opened->client.close();
    EXPECT_EQ(error.status, status) << error.reason;
    EXPECT_THAT(error.reason, HasSubstr(reason));
  }

  TlsFiles files{"mx.example"}, of_domain{"d.example"};
  io::OffloadPool helpers{2, 64};
  FewHosts resolver;
  Options options;
  Connector connector;
  Delivery delivery;
  Error error{ErrorKind::io, ""};
};

TEST(RequireTls, GoesToTheFirstHostThatIsWhoItShouldBeAndOffersIt) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer first(reactor, {unable}), second(reactor, {without_tls}), third(reactor, {able});
    first.set_upgrade(test::tls_upgrade(here.files));
    third.set_upgrade(test::tls_upgrade(here.files));
    for (const ScriptedPeer* peer : {&first, &second, &third}) here.add(*peer, true);
    co_await here.expect_opens(true);
    EXPECT_EQ(first.heard().back(), "QUIT\r\n");
    EXPECT_EQ(second.heard().back(), "QUIT\r\n");
    co_await first.stop();
    co_await second.stop();
    co_await third.stop();
  });
}

TEST(RequireTls, WhereNobodyOffersItTheSenderIsToldAtOnce) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {unable}), clear(reactor, {without_tls});
    peer.set_upgrade(test::tls_upgrade(here.files));
    here.add(peer, true);
    co_await here.expect_refused(requiretls_needed, "does not offer REQUIRETLS");
    here.resolver.hosts.clear();
    here.add(clear, true);
    co_await here.expect_refused(encryption_needed, "STARTTLS is not offered, and REQUIRETLS wants TLS");
    co_await peer.stop();
    co_await clear.stop();
  });
}

TEST(RequireTls, AHostThatMayComeRoundKeepsTheDoorOpen) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {unable, unable}), sick(reactor, {not_now}), down(reactor, {});
    peer.set_upgrade(test::tls_upgrade(here.files));
    here.add(down, true);
    co_await down.stop();
    here.add(peer, true);
    co_await here.expect_refused({451, {4, 4, 1}}, "");
    here.resolver.hosts.erase(here.resolver.hosts.begin());
    here.add(sick, true);
    co_await here.expect_refused({451, {4, 7, 5}}, "454 4.7.0 not now");
    co_await peer.stop();
    co_await sick.stop();
  });
}

TEST(RequireTls, AHostThatOnlyUnsignedAnswersNameStandsForTheDomainByItsCertificate) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {refused_handshake}), of_domain(reactor, {able});
    peer.set_upgrade(test::tls_upgrade(here.files));
    of_domain.set_upgrade(test::tls_upgrade(here.of_domain));
    here.add(peer, false);
    co_await here.expect_refused(encryption_needed, "another name than d.example");
    here.resolver.hosts.clear();
    here.add(of_domain, false);
    here.delivery.tls_options.ca_file = here.of_domain.ca();
    co_await here.expect_opens(true);
    co_await peer.stop();
    co_await of_domain.stop();
  });
}

TEST(RequireTls, AnAnnouncedCertificateNeedsNoAuthorityAndAnotherOneIsRefused) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {refused_handshake}), silent(reactor, {});
    peer.set_upgrade(test::tls_upgrade(here.files));
    Dane announced;
    announced.kind = Dane::Kind::usable;
    announced.base = "mx.example";
    announced.associations.push_back(*usable_associations({std::string("\3\1\1", 3) + std::string(32, 'x')}).begin());
    here.add(peer, true, announced);
    co_await here.expect_refused(encryption_needed, "TLSA");
    Dane unknown;
    unknown.kind = Dane::Kind::unknown;
    unknown.problem = "no answer";
    here.resolver.hosts.clear();
    here.add(silent, true, unknown);
    co_await here.expect_refused({451, {4, 4, 3}}, "no answer");
    co_await peer.stop();
    co_await silent.stop();
  });
}

TEST(RequireTls, ARouteWithoutTlsHasNoWayForIt) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {});
    here.add(peer, true);
    here.delivery.tls = TlsMode::off;
    co_await here.expect_refused(encryption_needed, "the route has TLS switched off");
    EXPECT_EQ(peer.connections(), 0U);
    co_await peer.stop();
  });
}

TEST(RequireTls, OtherMailLearnsWhetherTheKeywordMayBeSaid) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    here.delivery.wish = TlsWish::as_configured;
    ScriptedPeer signed_peer(reactor, {able}), unsigned_peer(reactor, {able}), clear(reactor, {without_tls});
    signed_peer.set_upgrade(test::tls_upgrade(here.files));
    unsigned_peer.set_upgrade(test::tls_upgrade(here.files));
    here.add(signed_peer, true);
    co_await here.expect_opens(true);
    here.resolver.hosts.clear();
    here.add(unsigned_peer, false);
    co_await here.expect_opens(false);
    here.resolver.hosts.clear();
    here.add(clear, true);
    co_await here.expect_opens(false);
    co_await signed_peer.stop();
    co_await unsigned_peer.stop();
    co_await clear.stop();
  });
}

TEST(TlsNotRequired, WhatTheDomainAnnouncesStopsNothingAndWhatTheOperatorWantsDoes) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    here.delivery.wish = TlsWish::optional;
    Dane announced;
    announced.kind = Dane::Kind::usable;
    announced.base = "mx.example";
    announced.associations.push_back(*usable_associations({std::string("\3\1\1", 3) + std::string(32, 'x')}).begin());
    ScriptedPeer other(reactor, {refused_handshake, unable, refused_handshake, unable}), clear(reactor, {});
    other.set_upgrade(test::tls_upgrade(here.files));
    here.add(other, true, announced);
    auto opened = co_await here.open();
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) {
      EXPECT_NE(opened->client.tls(), nullptr) << "TLS is still used where it is offered";
      co_await opened->client.close();
    }
    EXPECT_EQ(other.connections(), 2U);
    here.delivery.tls = TlsMode::dane;
    co_await here.expect_refused({451, {4, 7, 5}}, "TLSA");
    EXPECT_EQ(other.connections(), 3U);
    co_await other.stop();
    co_await clear.stop();
  });
}

TEST(TlsNotRequired, AHostWithoutTlsIsGoodEnoughWhereTheRouteHasNoDemand) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    here.delivery.wish = TlsWish::optional;
    Dane announced;
    announced.kind = Dane::Kind::unusable;
    ScriptedPeer clear(reactor, {without_tls, without_tls, without_tls, without_tls});
    here.add(clear, true, announced);
    auto opened = co_await here.open();
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) co_await opened->client.close();
    here.delivery.tls = TlsMode::required;
    co_await here.expect_refused({451, {4, 7, 4}}, "the route wants TLS");
    co_await clear.stop();
  });
}

}  // namespace
}  // namespace ringpost::relay
