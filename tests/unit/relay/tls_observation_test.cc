#include "relay/tls_observation.h"

#include <gmock/gmock.h>

namespace ringpost::relay {
namespace {

using testing::ElementsAre;
using tlsrpt::FailureKind;
using tlsrpt::PolicyType;
using tlsrpt::Session;

struct Notes final : tlsrpt::Observer {
  void note(Session session) override { sessions.push_back(std::move(session)); }
  std::vector<Session> sessions;
};

Delivery delivery(TlsMode tls = TlsMode::opportunistic) {
  Delivery made;
  made.tls = tls;
  return made;
}

MxHost mx(Dane::Kind kind = Dane::Kind::none) {
  MxHost host{.name = "mx.d.example", .addresses = {}};
  host.dane.kind = kind;
  if (kind == Dane::Kind::usable) {
    host.dane.base = "real.d.example";
    host.dane.associations = {{.data = "\x01\xab"}};
  }
  return host;
}

StsPolicy sts(StsPolicy::Mode mode, const std::string& host = "mx.d.example") {
  return {.mode = mode, .hosts = {host}, .max_age = std::chrono::seconds(60)};
}

TlsOutcome outcome(bool encrypted, std::optional<FailureKind> failure, std::string reason = {}) {
  return {
      .known = true, .encrypted = encrypted, .failure = failure, .reason = std::move(reason), .helo = "helo.example"};
}

// The one session that is noted of it.
std::optional<Session> noted(std::shared_ptr<const Session> to_note, const TlsOutcome& tls) {
  Notes notes;
  Peer peer;
  peer.remote = "mx.d.example[192.0.2.2]:25";
  peer.noted = std::move(to_note);
  note_session(notes, peer, "192.0.2.1", *io::SocketAddress::parse("192.0.2.2:25"), tls);
  EXPECT_LE(notes.sessions.size(), 1U);
  return notes.sessions.empty() ? std::nullopt : std::optional(notes.sessions.front());
}

TEST(TlsObservation, SaysByWhichPolicyAHostIsMet) {
  const StsPolicy testing = sts(StsPolicy::Mode::testing), none = sts(StsPolicy::Mode::none);
  const auto by_sts = session_to_note(delivery(), mx(), "d.example", &testing, {});
  ASSERT_TRUE(by_sts);
  EXPECT_EQ(by_sts->policy.type, PolicyType::sts);
  EXPECT_THAT(by_sts->policy.text, ElementsAre("version: STSv1", "mode: testing", "mx: mx.d.example", "max_age: 60"));
  const auto by_dane = session_to_note(delivery(), mx(Dane::Kind::usable), "d.example", &testing, {});
  EXPECT_EQ(by_dane->policy.type, PolicyType::tlsa);
  EXPECT_THAT(by_dane->policy.text, ElementsAre("3 1 1 01ab"));
  EXPECT_THAT(by_dane->policy.hosts, ElementsAre("real.d.example"));
  for (const StsPolicy* policy : {static_cast<const StsPolicy*>(nullptr), &none})
    EXPECT_EQ(session_to_note(delivery(), mx(), "d.example", policy, {})->policy, tlsrpt::Policy{});
}

TEST(TlsObservation, SaysNothingWhereTheDomainWasNotAsked) {
  EXPECT_FALSE(session_to_note(delivery(), mx(), "", nullptr, {}));
  EXPECT_FALSE(session_to_note(delivery(), mx(), "[192.0.2.1]", nullptr, {}));
  EXPECT_FALSE(session_to_note(delivery(TlsMode::off), mx(), "d.example", nullptr, {}));
  EXPECT_FALSE(session_to_note(delivery(TlsMode::verified), mx(), "d.example", nullptr, {}));
  for (const auto wish : {mail::TlsWish::required, mail::TlsWish::optional}) {
    Delivery wished = delivery();
    wished.wish = wish;
    EXPECT_FALSE(session_to_note(wished, mx(), "d.example", nullptr, {}));
  }
  Delivery deaf = delivery();
  deaf.mta_sts = false;
  EXPECT_FALSE(session_to_note(deaf, mx(), "d.example", nullptr, {}));
  EXPECT_TRUE(session_to_note(deaf, mx(Dane::Kind::usable), "d.example", nullptr, {}));
}

TEST(TlsObservation, WhatIsWrongWithAPolicyIsAFailureWhateverBecomesOfTheSession) {
  const StsPolicy other = sts(StsPolicy::Mode::testing, "other.d.example");
  const TlsOutcome good = outcome(true, {});
  const auto kind = [&](const std::shared_ptr<const Session>& to_note) { return noted(to_note, good)->failure->kind; };
  EXPECT_EQ(kind(session_to_note(delivery(), mx(), "d.example", &other, {})), FailureKind::validation_failure);
  EXPECT_EQ(kind(session_to_note(delivery(), mx(Dane::Kind::unusable), "d.example", nullptr, {})),
            FailureKind::tlsa_invalid);
  const auto unfetched = session_to_note(delivery(), mx(), "d.example", nullptr, FailureKind::sts_webpki_invalid);
  EXPECT_EQ(unfetched->policy.type, PolicyType::sts);
  EXPECT_EQ(kind(unfetched), FailureKind::sts_webpki_invalid);
  EXPECT_EQ(noted(unfetched, good)->failure->mx_helo, "helo.example");
}

TEST(TlsObservation, AHostThatMayNotBeUsedIsNotedWithoutASession) {
  Notes notes;
  Peer peer;
  note_refusal(notes, peer);
  for (const auto& [host, mode] : {std::pair{mx(Dane::Kind::unknown), TlsMode::opportunistic}, {mx(), TlsMode::dane}}) {
    peer.noted = session_to_note(delivery(mode), host, "d.example", nullptr, {});
    note_refusal(notes, peer);
  }
  ASSERT_EQ(notes.sessions.size(), 2U);
  EXPECT_EQ(notes.sessions[0].failure->kind, FailureKind::dnssec_invalid);
  EXPECT_EQ(notes.sessions[1].failure->kind, FailureKind::dane_required);
  EXPECT_EQ(notes.sessions[1].failure->mx_host, "mx.d.example");
}

TEST(TlsObservation, ACertificateMattersOnlyWhereThePolicySaysHowToKnowIt) {
  const StsPolicy testing = sts(StsPolicy::Mode::testing);
  const auto by_sts = session_to_note(delivery(), mx(), "d.example", &testing, {});
  const auto without = session_to_note(delivery(), mx(), "d.example", nullptr, {});
  const TlsOutcome stranger = outcome(true, FailureKind::certificate_not_trusted, "its issuer is not trusted");
  const auto failure = noted(by_sts, stranger)->failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(*failure, (tlsrpt::Failure{FailureKind::certificate_not_trusted, "192.0.2.1", "mx.d.example",
                                       "helo.example", "192.0.2.2", "its issuer is not trusted"}));
  EXPECT_FALSE(noted(without, stranger)->failure);
  const TlsOutcome broken = outcome(false, FailureKind::validation_failure);
  EXPECT_TRUE(noted(by_sts, broken)->failure && noted(without, broken)->failure);
  const TlsOutcome no_authorities =
      outcome(true, FailureKind::certificate_not_trusted, "no authorities are configured");
  EXPECT_FALSE(noted(by_sts, no_authorities));
  EXPECT_TRUE(noted(without, no_authorities));
  EXPECT_FALSE(noted(by_sts, TlsOutcome{}));
}

}  // namespace
}  // namespace ringpost::relay
