#include "relay/tls_observation.h"

#include <utility>

#include "mail/address.h"
#include "tls/certificate_problem.h"

namespace ringpost::relay {

using tlsrpt::Failure;
using tlsrpt::FailureKind;
using tlsrpt::Policy;
using tlsrpt::PolicyType;
using tlsrpt::Session;

namespace {

std::string hexadecimal(std::string_view octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t shown_max = 64;  // a digest; a whole certificate would fill the report
  std::string text;
  for (const char c : octets.substr(0, shown_max)) {
    const auto octet = static_cast<unsigned char>(c);
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return octets.size() > shown_max ? text + "..." : text;
}

/// "3 1 1 8d02...".
std::string text_of(const tls::DaneAssociation& record) {
  const auto number = [](auto value) { return std::to_string(static_cast<unsigned>(value)) + " "; };
  return number(record.usage) + number(record.selector) + number(record.matching) + hexadecimal(record.data);
}

Policy policy_of(const Dane& dane, const std::string& host) {
  Policy policy{PolicyType::tlsa, {}, {dane.base.empty() ? host : dane.base}};
  for (const tls::DaneAssociation& each : dane.associations) policy.text.push_back(text_of(each));
  return policy;
}

Policy policy_of(const StsPolicy& sts) {
  Policy policy{PolicyType::sts, {"version: STSv1"}, sts.hosts};
  policy.text.emplace_back(sts.mode == StsPolicy::Mode::enforce ? "mode: enforce" : "mode: testing");
  for (const std::string& host : sts.hosts) policy.text.push_back("mx: " + host);
  policy.text.push_back("max_age: " + std::to_string(sts.max_age.count()));
  return policy;
}

void set_failure(Session& session, FailureKind kind, std::string reason = {}) {
  session.failure = Failure{.kind = kind, .reason = std::move(reason)};
}

void describe_dane(Session& session, const MxHost& host, TlsMode mode) {
  session.policy = policy_of(host.dane, host.name);
  if (host.dane.kind == Dane::Kind::unknown) {
    set_failure(session, FailureKind::dnssec_invalid, host.dane.problem);
  } else if (host.dane.kind == Dane::Kind::unusable) {
    set_failure(session, FailureKind::tlsa_invalid);
  } else if (host.dane.kind == Dane::Kind::none && mode == TlsMode::dane) {
    set_failure(session, FailureKind::dane_required);
  }
}

void describe_sts(Session& session, const MxHost& host, const StsPolicy* sts, std::optional<FailureKind> problem) {
  if (sts == nullptr && problem) {
    session.policy.type = PolicyType::sts;
    set_failure(session, *problem);
  } else if (sts != nullptr && sts->mode != StsPolicy::Mode::none) {
    session.policy = policy_of(*sts);
    if (!sts->allows(host.name)) {
      set_failure(session, FailureKind::validation_failure, "the policy does not name this host");
    }
  }
}

}  // namespace

std::shared_ptr<const Session> session_to_note(const Delivery& delivery, const MxHost& host, const std::string& domain,
                                               const StsPolicy* sts, std::optional<FailureKind> sts_problem) {
  if (delivery.tls == TlsMode::off || delivery.tls == TlsMode::verified) return nullptr;
  // What one sender's wish has made of TLS says nothing of the domain, and reports are not about reports (RFC 8460 3).
  if (delivery.wish != mail::TlsWish::as_configured) return nullptr;
  if (!mail::valid_domain(domain, false)) return nullptr;
  auto session = std::make_shared<Session>();
  session->domain = domain;
  if (host.dane.kind != Dane::Kind::none || delivery.tls == TlsMode::dane) {
    describe_dane(*session, host, delivery.tls);
  } else if (delivery.mta_sts) {
    describe_sts(*session, host, sts, sts_problem);
  } else {
    return nullptr;
  }
  if (session->failure) session->failure->mx_host = host.name;
  return session;
}

void note_refusal(tlsrpt::Observer& observer, const Peer& peer) {
  if (peer.noted != nullptr && peer.noted->failure) observer.note(*peer.noted);
}

void note_session(tlsrpt::Observer& observer, const Peer& peer, const std::string& sending_ip,
                  const io::SocketAddress& address, const TlsOutcome& outcome) {
  if (peer.noted == nullptr || !outcome.known) return;
  Session session = *peer.noted;
  // Whom the peer is matters only where its policy says how to know it, and where we have authorities to ask.
  const bool judged = !outcome.encrypted || session.policy.type == PolicyType::sts;
  const bool undecided = outcome.encrypted && outcome.reason == tls::problem::no_authorities;
  if (judged && undecided && !session.failure) return;
  if (outcome.failure && judged && !session.failure) set_failure(session, *outcome.failure, outcome.reason);
  if (session.failure) {
    session.failure->sending_ip = sending_ip;
    session.failure->mx_host = peer.remote.substr(0, peer.remote.find('['));
    session.failure->mx_helo = outcome.helo;
    session.failure->receiving_ip = address.host();
  }
  observer.note(std::move(session));
}

}  // namespace ringpost::relay
