#include "relay/host_policies.h"

#include <memory>
#include <utility>

#include "telemetry/log.h"

namespace ringpost::relay {

namespace {

constexpr PublicStatus no_tlsa_answer{451, {4, 4, 3}};
constexpr PublicStatus not_in_policy{451, {4, 7, 5}};
constexpr PublicStatus no_dane{451, {4, 7, 4}};  // security features not supported

/// What DANE asks of the connections to `host`. Errors: why there must not be one. `domain`: empty, or the one whose MX
/// it is.
Result<void> apply_dane(Peer& peer, const Delivery& delivery, const MxHost& host, const std::string& domain) {
  if (delivery.tls == TlsMode::off || delivery.tls == TlsMode::verified) return {};
  if (host.dane.kind == Dane::Kind::unknown) {
    return fail(ErrorKind::unavailable, host.name + ": " + host.dane.problem, no_tlsa_answer);
  }
  if (delivery.tls == TlsMode::dane && host.dane.kind != Dane::Kind::usable) {
    return fail(ErrorKind::refused, host.name + " has no TLSA records to verify it with, and the route wants DANE",
                no_dane);
  }
  if (host.dane.demands_tls()) peer.demanded_by = "DANE";
  if (host.dane.kind != Dane::Kind::usable) return {};
  peer.host = host.dane.base;
  peer.verify = false;  // the records decide alone
  peer.dane = {.associations = host.dane.associations, .names = {host.dane.base, domain.empty() ? host.name : domain}};
  return {};
}

/// What the domain's MTA-STS policy asks, unless DANE does. Errors: why there must not be a connection to `host`.
Result<void> apply_sts(Peer& peer, const Delivery& delivery, const MxHost& host, const StsPolicies::Policy& policy) {
  if (!policy || !leaves_a_say(delivery.tls) || host.dane.kind == Dane::Kind::usable) return {};
  if (policy->mode == StsPolicy::Mode::enforce) {
    if (!policy->allows(host.name)) {
      return fail(ErrorKind::refused, host.name + " is not in the MTA-STS policy of its domain",
                  peer.requiretls ? encryption_needed : not_in_policy);
    }
    peer.demanded_by = "MTA-STS";
    peer.verify = true;
  } else if (policy->mode == StsPolicy::Mode::testing && !policy->allows(host.name)) {
    telemetry::Event(telemetry::EventKind::warning)
        .field("operation", "testing an MTA-STS policy: it does not name this host; mail is sent all the same")
        .field("remote", peer.remote)
        .emit();
  }
  return {};
}

// Whom a certificate must be good for, and who says so. A host that only an unsigned answer names is asked, where that
// matters, for a certificate of the mail domain itself.
void choose_name(Peer& peer, const Delivery& delivery, const MxHost& host, const StsPolicies::Policy& policy) {
  const bool in_policy = policy && policy->mode != StsPolicy::Mode::none && policy->allows(host.name);
  const bool host_is_vouched = peer.identity.empty() || in_policy;
  const bool by_domain =
      delivery.tls == TlsMode::verified ? !peer.identity.empty() : peer.requiretls && !host_is_vouched;
  peer.host = by_domain ? peer.identity : host.name;
  peer.vouched = by_domain || host_is_vouched;
  if (!peer.requiretls) return;
  peer.verify = true;
  peer.demanded_by = "REQUIRETLS";
}

}  // namespace

Result<void> ask_policies(Peer& peer, const Delivery& delivery, const MxHost& host, const std::string& domain,
                          const StsPolicies::Policy& policy) {
  choose_name(peer, delivery, host, policy);
  peer.remote = host.name;
  auto allowed = apply_dane(peer, delivery, host, domain);
  if (allowed) allowed = apply_sts(peer, delivery, host, policy);
  return allowed;
}

std::string identity_at(const MxHost& host, const std::string& domain) {
  return host.secure ? std::string() : domain;
}

HostNeeds needs_at(const MxHost& host, const Delivery& delivery, const std::string& domain,
                   const StsPolicies::Policy& policy) {
  const bool in_testing = policy && policy->mode == StsPolicy::Mode::testing;
  Peer peer;
  peer.identity = identity_at(host, domain);
  peer.requiretls = delivery.wish == mail::TlsWish::required;
  HostNeeds needs;
  needs.host = host.name;
  needs.preference = host.preference;
  needs.closed = !ask_policies(peer, delivery, host, domain, in_testing ? nullptr : policy);
  needs.encrypted = demands_tls(delivery.tls) || !peer.demanded_by.empty();
  needs.verified = delivery.tls == TlsMode::verified || peer.verify;
  needs.server_name = peer.host;
  needs.dane = peer.dane;
  if (!in_testing || needs.closed) return needs;
  StsPolicy enforced = *policy;
  enforced.mode = StsPolicy::Mode::enforce;
  needs.closed_on_trial =
      !ask_policies(peer, delivery, host, domain, std::make_shared<const StsPolicy>(std::move(enforced)));
  needs.on_trial = peer.verify;
  return needs;
}

}  // namespace ringpost::relay
