#include "relay/session_opening.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "fake_dns.h"
#include "relay/connector.h"
#include "support/run_on_reactor.h"
#include "support/scripted_peer.h"
#include "support/tls_peer.h"

namespace ringpost::relay {
namespace {

using io::Cancel;
using io::Reactor;
using io::Task;
using test::Script;
using test::ScriptedPeer;
using test::TlsFiles;
using testing::HasSubstr;
using testing::Not;

const test::Step greet{"", "220 hi\r\n"};
const test::Step hello{"EHLO c.example\r\n", "250 hi\r\n"};
const test::Step hello_starttls{"EHLO c.example\r\n", "250-hi\r\n250 STARTTLS\r\n"};
const test::Step starttls{"STARTTLS\r\n", "220 go\r\n", false, true};
const Script with_starttls{greet, hello_starttls, starttls, hello};
const Script in_clear_text{greet, hello_starttls};

test::Step hello_auth(const std::string& mechanisms) {
  return {"EHLO c.example\r\n", "250-hi\r\n250 AUTH " + mechanisms + "\r\n"};
}

// A connector, and a route to "localhost".
struct Fixture {
  explicit Fixture(Reactor& reactor)
      : resolver(reactor, dns, "c.example"), connector(reactor, resolver, helpers, options) {
    options.hostname = "c.example";
  }
  Delivery to(const ScriptedPeer& peer, TlsMode mode, const std::string& scheme = "smtp",
              const std::string& host = "localhost") const {
    Delivery delivery;
    const auto hop = parse_next_hop(scheme + "://" + host + ":" + std::to_string(peer.address().port()));
    delivery.hops.push_back({*hop, {}});
    delivery.tls = mode;
    delivery.tls_options.ca_file = files.ca();
    return delivery;
  }
  // The connection, or nullptr with the reason in `error`.
  Task<std::unique_ptr<OutboundConnection>> open(const Delivery& delivery) {
    auto opened = co_await connector.open(delivery, Cancel::never());
    error = opened ? Error(ErrorKind::io, "") : std::move(opened.error());
    if (!opened) co_return nullptr;
    co_return std::move(*opened);
  }

  TlsFiles files{"localhost"};
  io::OffloadPool helpers{2, 64};
  test::FakeDns dns;
  DnsResolver resolver;
  Options options;
  Connector connector;
  Error error{ErrorKind::io, ""};
};

TEST(SessionOpening, TlsIsUsedWhereItIsOffered) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {with_starttls});
    peer.set_upgrade(test::tls_upgrade(here.files));
    const Delivery delivery = here.to(peer, TlsMode::opportunistic);
    auto opened = co_await here.open(delivery);
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) {
      EXPECT_NE(opened->client.tls(), nullptr);
      EXPECT_EQ(opened->client.offered(), smtp::Extensions{});
      co_await opened->client.close();
    }
    co_await peer.stop();
    EXPECT_EQ(peer.heard()[3], "EHLO c.example\r\n");
  });
}

TEST(SessionOpening, OpportunisticTlsThatFailsIsFollowedByClearTextForAWhile) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    const Script no_tls{greet, hello_starttls, {"STARTTLS\r\n", "220 go\r\n"}, {"", "what is this?\r\n", true}};
    ScriptedPeer peer(reactor, {no_tls, in_clear_text, in_clear_text});
    const Delivery delivery = here.to(peer, TlsMode::opportunistic);
    for (int i = 0; i < 2; ++i) {
      auto opened = co_await here.open(delivery);
      EXPECT_TRUE(opened) << here.error.reason;
      if (!opened) continue;
      EXPECT_EQ(opened->client.tls(), nullptr);
      co_await opened->client.close();
    }
    co_await peer.stop();
    EXPECT_EQ(peer.connections(), 3U);
    EXPECT_THAT(peer.all_heard(1), Not(HasSubstr("STARTTLS")));
    EXPECT_THAT(peer.all_heard(2), Not(HasSubstr("STARTTLS")));
  });
}

TEST(SessionOpening, ARefusedStarttlsIsFollowedByClearTextUnlessTlsIsRequired) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    const Script refuses{greet, hello_starttls, {"STARTTLS\r\n", "454 4.7.0 not now\r\n"}, {"QUIT\r\n", "221 bye\r\n"}};
    ScriptedPeer peer(reactor, {refuses, refuses, in_clear_text});
    const Delivery strict = here.to(peer, TlsMode::required);
    auto opened = co_await here.open(strict);
    EXPECT_FALSE(opened);
    EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 5}}));
    EXPECT_THAT(here.error.reason, HasSubstr("answered STARTTLS: 454 4.7.0 not now"));
    EXPECT_EQ(peer.connections(), 1U);
    const Delivery easy = here.to(peer, TlsMode::opportunistic);
    opened = co_await here.open(easy);
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) co_await opened->client.close();
    co_await peer.stop();
  });
}

TEST(SessionOpening, RequiredTlsHasNoWayRoundIt) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    for (const TlsMode mode : {TlsMode::required, TlsMode::verified}) {
      Fixture here(reactor);
      const Script no_tls{greet, hello_starttls, {"STARTTLS\r\n", "220 go\r\n"}, {"", "what is this?\r\n", true}};
      ScriptedPeer peer(reactor, {Script{greet, hello, {"QUIT\r\n", "221 bye\r\n"}}, no_tls});
      const Delivery delivery = here.to(peer, mode);
      auto opened = co_await here.open(delivery);
      EXPECT_FALSE(opened);
      EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 4}}));
      EXPECT_THAT(here.error.reason, HasSubstr("STARTTLS is not offered"));
      opened = co_await here.open(delivery);
      EXPECT_FALSE(opened);
      EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 5}}));
      EXPECT_EQ(peer.connections(), 2U);
      co_await peer.stop();
    }
  });
}

TEST(SessionOpening, WhatIsVerifiedIsAuthorityAndName) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    const TlsFiles other("mail.elsewhere.example");
    ScriptedPeer good(reactor, {with_starttls, with_starttls});
    good.set_upgrade(test::tls_upgrade(here.files));
    ScriptedPeer misnamed(reactor, {with_starttls, with_starttls});
    misnamed.set_upgrade(test::tls_upgrade(other));

    Delivery delivery = here.to(good, TlsMode::verified);
    auto opened = co_await here.open(delivery);
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) {
      EXPECT_TRUE(opened->client.tls()->peer_verified);
      co_await opened->client.close();
    }
    delivery.tls_options.ca_file = other.ca();
    opened = co_await here.open(delivery);
    EXPECT_FALSE(opened) << "an authority that is not ours";
    EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 5}}));

    delivery = here.to(misnamed, TlsMode::verified);
    delivery.tls_options.ca_file = other.ca();
    opened = co_await here.open(delivery);
    EXPECT_FALSE(opened) << "a name that is not the next hop's";
    EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 5}}));
    delivery.tls = TlsMode::required;
    opened = co_await here.open(delivery);
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) {
      EXPECT_FALSE(opened->client.tls()->peer_verified);
      co_await opened->client.close();
    }
    co_await good.stop();
    co_await misnamed.stop();
  });
}

TEST(SessionOpening, AnAddressCannotBeVerified) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {Script{greet, hello_starttls, {"STARTTLS\r\n", "220 go\r\n"}}});
    const Delivery delivery = here.to(peer, TlsMode::verified, "smtp", "127.0.0.1");
    auto opened = co_await here.open(delivery);
    EXPECT_FALSE(opened);
    EXPECT_THAT(here.error.reason, HasSubstr("a certificate can be verified for a host name only"));
    co_await peer.stop();
  });
}

TEST(SessionOpening, SmtpsIsTlsBeforeTheGreeting) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {Script{{"", "", false, true}, greet, hello_starttls}});
    peer.set_upgrade(test::tls_upgrade(here.files));
    ScriptedPeer plain(reactor, {Script{greet, hello}, Script{greet, hello}});
    Delivery delivery = here.to(peer, TlsMode::verified, "smtps");
    auto opened = co_await here.open(delivery);
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) {
      EXPECT_TRUE(opened->client.tls() != nullptr && opened->client.tls()->peer_verified);
      co_await opened->client.close();
    }
    EXPECT_THAT(peer.all_heard(), Not(HasSubstr("STARTTLS")));
    delivery = here.to(plain, TlsMode::opportunistic, "smtps");
    opened = co_await here.open(delivery);
    EXPECT_FALSE(opened) << "smtps:// never goes on in clear text";
    EXPECT_EQ(plain.connections(), 1U);
    co_await peer.stop();
    co_await plain.stop();
  });
}

TEST(SessionOpening, ALaterConnectionContinuesTheSessionOfAnEarlierOne) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    ScriptedPeer peer(reactor, {with_starttls, with_starttls, with_starttls});
    peer.set_upgrade(test::tls_upgrade(here.files));
    const Delivery required = here.to(peer, TlsMode::required);
    const Delivery verified = here.to(peer, TlsMode::verified);
    const std::array deliveries{&required, &required, &verified};
    std::vector<bool> resumed;
    for (const Delivery* delivery : deliveries) {
      auto opened = co_await here.open(*delivery);
      EXPECT_TRUE(opened) << here.error.reason;
      if (!opened) continue;
      resumed.push_back(opened->client.tls()->resumed);
      co_await opened->client.close();
    }
    // What began without verification is not continued where it is asked for.
    EXPECT_THAT(resumed, testing::ElementsAre(false, true, false));
    co_await peer.stop();
  });
}

// A login: user "us", password "secret".
struct Login {
  Login() : path(::testing::TempDir() + "ringpost-password-" + std::to_string(::getpid())) {
    std::ofstream(path) << "secret\n";
  }
  ~Login() { std::filesystem::remove(path); }
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;
  void put_into(Delivery& delivery, std::string mechanism = "") const {
    delivery.auth.user = "us";
    delivery.auth.password_file = path;
    delivery.auth.mechanism = std::move(mechanism);
  }
  std::string path;
};

TEST(SessionOpening, TheLoginIsToldUnderTlsOnly) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    const Login login;
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_starttls,
                                       starttls,
                                       hello_auth("PLAIN"),
                                       {"AUTH PLAIN AHVzAHNlY3JldA==\r\n", "235 2.7.0 welcome\r\n"}}});
    peer.set_upgrade(test::tls_upgrade(here.files));
    ScriptedPeer clear(reactor, {Script{greet, hello_auth("PLAIN LOGIN"), {"QUIT\r\n", "221 bye\r\n"}}});
    Delivery delivery = here.to(peer, TlsMode::verified);
    login.put_into(delivery);
    auto opened = co_await here.open(delivery);
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) co_await opened->client.close();

    delivery = here.to(clear, TlsMode::off);
    login.put_into(delivery);
    opened = co_await here.open(delivery);
    EXPECT_FALSE(opened);
    EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 0}}));
    co_await peer.stop();
    co_await clear.stop();
    EXPECT_THAT(clear.all_heard(), Not(HasSubstr("AUTH")));
  });
}

TEST(SessionOpening, InClearTextOnlyMechanismsThatHideThePassword) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    const Login login;
    // The digest is that of RFC 2104 over the challenge "<1@x>" with the key "secret".
    ScriptedPeer peer(reactor, {Script{greet,
                                       hello_auth("PLAIN CRAM-MD5"),
                                       {"AUTH CRAM-MD5\r\n", "334 PDFAeD4=\r\n"},
                                       {"\r\n", "235 2.7.0 welcome\r\n"}}});
    Delivery delivery = here.to(peer, TlsMode::off);
    login.put_into(delivery);
    auto opened = co_await here.open(delivery);
    EXPECT_TRUE(opened) << here.error.reason;
    if (opened) co_await opened->client.close();
    co_await peer.stop();
    EXPECT_THAT(peer.all_heard(), HasSubstr("dXMg"));  // "us " and its digest
    EXPECT_THAT(peer.all_heard(), Not(HasSubstr("c2VjcmV0")));
  });
}

TEST(SessionOpening, ARefusedLoginSaysWhoRefusedItAndIsOursToPutRight) {
  test::run_on_reactor([](Reactor& reactor) -> Task<> {
    Fixture here(reactor);
    const Login login;
    const test::Step bye{"QUIT\r\n", "221 bye\r\n"};
    const auto answered = [&bye](const char* reply) {
      return Script{greet, hello_auth("CRAM-MD5"), {"AUTH CRAM-MD5\r\n", "334 PDFAeD4=\r\n"}, {"\r\n", reply}, bye};
    };
    ScriptedPeer peer(reactor,
                      {answered("535 5.7.8 who?\r\n"), answered("454 4.7.0 later\r\n"), Script{greet, hello, bye}});
    Delivery delivery = here.to(peer, TlsMode::off);
    login.put_into(delivery);
    auto opened = co_await here.open(delivery);
    EXPECT_FALSE(opened);
    EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 8}}));
    EXPECT_THAT(here.error.reason, HasSubstr("answered AUTH: 535 5.7.8 who?"));
    opened = co_await here.open(delivery);
    EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 0}}));
    opened = co_await here.open(delivery);
    EXPECT_EQ(here.error.status, (PublicStatus{451, {4, 7, 4}}));
    EXPECT_THAT(here.error.reason, HasSubstr("AUTH is not offered"));
    delivery.auth.password_file = "/nonexistent/password";
    co_await peer.stop();
  });
}

TEST(TlsFailures, AreForgottenAndBounded) {
  TlsFailures failures;
  const MonotonicTime now = monotonic_now();
  failures.note("a", now);
  EXPECT_TRUE(failures.recent("a", now));
  EXPECT_FALSE(failures.recent("b", now));
  EXPECT_FALSE(failures.recent("a", now + TlsFailures::remembered));
  for (std::size_t i = 0; i < 2 * TlsFailures::hosts_max; ++i) failures.note(std::to_string(i), now);
  EXPECT_TRUE(failures.recent("0", now));
  EXPECT_FALSE(failures.recent(std::to_string(2 * TlsFailures::hosts_max - 1), now));
  failures.note("late", now + TlsFailures::remembered);
  EXPECT_TRUE(failures.recent("late", now + TlsFailures::remembered));
}

}  // namespace
}  // namespace ringpost::relay
