#include "relay/dane.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "base/base64.h"
#include "crypto/digest.h"
#include "fake_dns.h"
#include "relay/connector.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"
#include "support/tls_peer.h"
#include "tls/certificate.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using test::Script;
using test::ScriptedPeer;
using testing::HasSubstr;
using Kind = Dane::Kind;

std::string rdata(int usage, int selector, int matching, const std::string& data) {
  return std::string{static_cast<char>(usage), static_cast<char>(selector), static_cast<char>(matching)} + data;
}

const std::string short_digest(32, 'a'), long_digest(64, 'b');

TEST(UsableAssociations, AreThoseThatMailKnowsWithoutTheWeakerDigest) {
  EXPECT_TRUE(usable_associations({}).empty());
  EXPECT_TRUE(usable_associations({"", "xx", rdata(0, 1, 1, short_digest), rdata(1, 1, 1, short_digest)}).empty());
  const auto mixed =
      usable_associations({rdata(3, 1, 1, short_digest), rdata(3, 1, 2, long_digest), rdata(2, 1, 1, short_digest),
                           rdata(2, 1, 1, short_digest), rdata(3, 0, 0, "whole")});
  ASSERT_EQ(mixed.size(), 3U) << "the repeated one and the SHA-256 beside a SHA-512 are left out";
  EXPECT_EQ(mixed[0].usage, tls::DaneAssociation::Usage::trust_anchor);
  EXPECT_EQ(mixed[1].data, "whole");
  EXPECT_EQ(mixed[2].data, long_digest);
  std::vector<std::string> many;
  for (char c = 'A'; c <= 'z'; ++c) many.push_back(rdata(3, 1, 1, std::string(32, c)));
  EXPECT_EQ(usable_associations(many).size(), Dane::associations_max);
}

Dane ask(test::FakeDns& dns, const std::string& canonical = "") {
  struct State {
    test::FakeDns& dns;
    const std::string& canonical;
    Dane dane;
  } state{dns, canonical, {}};
  test::run_on_reactor(
      [](Reactor&, State& s) -> Task<> {
        s.dane = co_await look_up_dane(s.dns, "mx.example", s.canonical, 25, Deadline::never(), Cancel::never());
      },
      state);
  return state.dane;
}

TEST(LookUpDane, TellsNothingAnnouncedFromNothingKnown) {
  test::FakeDns dns;
  EXPECT_EQ(ask(dns).kind, Kind::none);
  dns.tlsa("_25._tcp.mx.example", 3, 1, 1, short_digest);
  EXPECT_EQ(ask(dns).kind, Kind::none) << "records that DNSSEC does not vouch for";
  test::FakeDns signed_dns;
  signed_dns.secure = true;
  signed_dns.tlsa("_25._tcp.mx.example", 1, 1, 1, short_digest);
  EXPECT_EQ(ask(signed_dns).kind, Kind::unusable);
  signed_dns.tlsa("_25._tcp.mx.example", 3, 1, 1, short_digest);
  const Dane dane = ask(signed_dns);
  EXPECT_EQ(dane.kind, Kind::usable);
  EXPECT_EQ(dane.base, "mx.example");
  signed_dns.breaks("_25._tcp.mx.example");
  EXPECT_EQ(ask(signed_dns).kind, Kind::unknown);
}

TEST(LookUpDane, AsksAtTheEndOfTheAliasesFirst) {
  test::FakeDns dns;
  dns.secure = true;
  dns.tlsa("_25._tcp.mx.example", 3, 1, 1, short_digest);
  EXPECT_EQ(ask(dns, "real.example").base, "mx.example");
  dns.tlsa("_25._tcp.real.example", 3, 1, 1, short_digest);
  EXPECT_EQ(ask(dns, "real.example").base, "real.example");
  dns.breaks("_25._tcp.real.example");
  EXPECT_EQ(ask(dns, "real.example").kind, Kind::unknown) << "no way round an answer that is kept back";
}

const test::Step greet{"", "220 hi\r\n"};
const test::Step hello{"EHLO c.example\r\n", "250 hi\r\n"};
const test::Step hello_starttls{"EHLO c.example\r\n", "250-hi\r\n250 STARTTLS\r\n"};
const test::Step starttls{"STARTTLS\r\n", "220 go\r\n", false, true};
const Script with_starttls{greet, hello_starttls, starttls, hello};

std::string key_digest(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  const std::string pem = text.str();
  std::string inside;
  std::istringstream lines(pem);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("-----")) inside += line;
  const auto der = base64_decode(inside);
  return crypto::digest(crypto::Digest::sha256, tls::public_key_of(der ? *der : std::string()));
}

// A peer as "localhost" of a signed zone, with TLSA records.
struct Fixture {
  Fixture(Reactor& reactor, std::vector<Script> scripts)
      : peer(reactor, std::move(scripts)),
        resolver(reactor, dns, "c.example"),
        connector(reactor, resolver, helpers, options) {
    options.hostname = "c.example";
    dns.secure = true;
    dns.address("mx.example", "127.0.0.1");
    peer.set_upgrade(test::tls_upgrade(files));
  }
  std::string tlsa_name() const { return "_" + std::to_string(peer.address().port()) + "._tcp.mx.example"; }
  Task<std::unique_ptr<OutboundConnection>> open(TlsMode mode) {
    Delivery delivery;
    const auto hop = parse_next_hop("smtp://mx.example:" + std::to_string(peer.address().port()));
    delivery.hops.push_back({*hop, {}});
    delivery.tls = mode;
    delivery.tls_options.ca_file = other.ca();
    auto opened = co_await connector.open(delivery, Cancel::never());
    error = opened ? Error(ErrorKind::io, "") : std::move(opened.error());
    if (!opened) co_return nullptr;
    co_return std::move(*opened);
  }
  // `proof` empty: in clear text.
  Task<> expect_opens(TlsMode mode, std::string proof) {
    auto opened = co_await open(mode);
    EXPECT_TRUE(opened) << error.reason;
    if (!opened) co_return;
    const tls::ConnectionInfo* info = opened->client.tls();
    EXPECT_EQ(info == nullptr ? "clear" : info->peer_proof, proof);
    co_await opened->client.close();
  }
  Task<> expect_refused(TlsMode mode, EnhancedCode code, std::string reason) {
    auto opened = co_await open(mode);
    EXPECT_FALSE(opened);
    EXPECT_EQ(error.status.enhanced, code) << error.reason;
    EXPECT_THAT(error.reason, HasSubstr(reason));
  }

  test::TlsFiles files{"localhost"}, other{"localhost"};
  io::OffloadPool helpers{2, 64};
  test::FakeDns dns;
  ScriptedPeer peer;
  DnsResolver resolver;
  Options options;
  Connector connector;
  Error error{ErrorKind::io, ""};
};

TEST(Connector, AnAnnouncedCertificateIsGoodInEveryModeThatKnowsDane) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor, {with_starttls, with_starttls, with_starttls});
    here.dns.tlsa(here.tlsa_name(), 3, 1, 1, key_digest(here.files.certificate()));
    for (const TlsMode mode : {TlsMode::opportunistic, TlsMode::required, TlsMode::dane}) {
      co_await here.expect_opens(mode, "dane-ee");
    }
    co_await here.peer.stop();
  });
}

TEST(Connector, ACertificateThatIsNotAnnouncedIsNeverFollowedByClearText) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    const Script refused{greet, hello_starttls, starttls};
    Fixture here(reactor, {refused, refused, Script{greet, hello, {"QUIT\r\n", "221 bye\r\n"}}});
    here.dns.tlsa(here.tlsa_name(), 3, 1, 1, key_digest(here.other.certificate()));
    co_await here.expect_refused(TlsMode::opportunistic, {4, 7, 5}, "TLSA records");
    co_await here.expect_refused(TlsMode::opportunistic, {4, 7, 5}, "TLSA records");
    co_await here.expect_refused(TlsMode::opportunistic, {4, 7, 4}, "STARTTLS is not offered, and DANE wants TLS");
    EXPECT_EQ(here.peer.connections(), 3U);
    co_await here.peer.stop();
  });
}

TEST(Connector, RecordsThatNobodyKnowsWantTlsWithWhomeverItIs) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor, {with_starttls, Script{greet, hello, {"QUIT\r\n", "221 bye\r\n"}}});
    here.dns.tlsa(here.tlsa_name(), 1, 1, 1, short_digest);
    co_await here.expect_opens(TlsMode::opportunistic, "");
    co_await here.expect_refused(TlsMode::opportunistic, {4, 7, 4}, "STARTTLS is not offered");
    co_await here.expect_refused(TlsMode::dane, {4, 7, 4}, "no TLSA records to verify it with");
    co_await here.peer.stop();
  });
}

TEST(Connector, WithoutAnAnswerAboutTlsaTheHostIsLeftAloneUnlessTlsIsOff) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor, {Script{greet, hello}});
    here.dns.breaks(here.tlsa_name());
    co_await here.expect_refused(TlsMode::opportunistic, {4, 4, 3}, "its TLSA records: server failure");
    EXPECT_EQ(here.peer.connections(), 0U);
    co_await here.expect_opens(TlsMode::off, "clear");
    co_await here.peer.stop();
  });
}

TEST(Connector, WithoutTlsaRecordsTlsStaysOpportunistic) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor, {Script{greet, hello}, with_starttls});
    co_await here.expect_opens(TlsMode::opportunistic, "clear");
    co_await here.expect_opens(TlsMode::opportunistic, "");
    co_await here.expect_refused(TlsMode::dane, {4, 7, 4}, "no TLSA records");
    co_await here.peer.stop();
  });
}

}  // namespace
}  // namespace ringpost::relay
