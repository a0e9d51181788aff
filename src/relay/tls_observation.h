// What of a connection goes into the TLS report of the domain: the policy that its host is met under, and what became
// of TLS there. Only of hosts that the domain's MX records (or their absence) name, and only where we have looked at
// all that the domain says: a route that verifies by itself, or wants no TLS, says nothing about the domain.
//
// Standards: RFC 8460 4.2, 4.3.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/socket_address.h"
#include "relay/mx_hosts.h"
#include "relay/route.h"
#include "relay/session_opening.h"
#include "relay/sts_policy.h"
#include "tlsrpt/session.h"

namespace ringpost::relay {

/// What is to be noted of sessions with `host`; null: nothing. `domain` is whose MX it is, empty: none. `sts` is its
/// MTA-STS policy, null: none, and then `sts_problem` says why the one it has announced could not be had.
std::shared_ptr<const tlsrpt::Session> session_to_note(const Delivery& delivery, const MxHost& host,
                                                       const std::string& domain, const StsPolicy* sts,
                                                       std::optional<tlsrpt::FailureKind> sts_problem);

/// A host that was not even connected to, because of its policy.
void note_refusal(tlsrpt::Observer& observer, const Peer& peer);
/// A session; `sending_ip` is our address, `address` the host's.
void note_session(tlsrpt::Observer& observer, const Peer& peer, const std::string& sending_ip,
                  const io::SocketAddress& address, const TlsOutcome& outcome);

}  // namespace ringpost::relay
