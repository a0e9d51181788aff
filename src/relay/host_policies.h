// What is asked of the connections to a host that has been found: by the route, by the receiving domain (DANE,
// MTA-STS), and by the sender (REQUIRETLS). A host that must not be used is an error that says why. Pure, but for a
// line in the log where a policy in testing is not met.
//
// Standards: RFC 7672 (DANE), RFC 8461 (MTA-STS), RFC 8689 (REQUIRETLS).
#pragma once

#include <string>

#include "base/result.h"
#include "relay/connection_fitness.h"
#include "relay/mx_hosts.h"
#include "relay/route.h"
#include "relay/session_opening.h"
#include "relay/sts_policies.h"

namespace ringpost::relay {

inline constexpr PublicStatus encryption_needed{550, {5, 7, 10}};

/// Whether the route leaves the receiving domain a say. `dane` is the operator's own wish for what it says.
constexpr bool leaves_a_say(TlsMode mode) noexcept {
  return mode == TlsMode::opportunistic || mode == TlsMode::required;
}

/// Fills in what `peer` must prove, and whom its certificate is for. `domain`: whose MX `host` is; empty: a route names
/// it. `policy`: of that domain; null: none. Errors: why there must not be a connection.
Result<void> ask_policies(Peer& peer, const Delivery& delivery, const MxHost& host, const std::string& domain,
                          const StsPolicies::Policy& policy);

/// The name that a certificate must be good for where the DNS may have lied about the host's.
std::string identity_at(const MxHost& host, const std::string& domain);

/// What a connection to this host would be asked, said beforehand.
HostNeeds needs_at(const MxHost& host, const Delivery& delivery, const std::string& domain,
                   const StsPolicies::Policy& policy);

}  // namespace ringpost::relay
