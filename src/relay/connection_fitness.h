// Whether a connection may carry the mail of a destination: only if that destination's own rules would have accepted
// this very connection, whoever it was opened for. Domains with the same MX hosts share connections by this judgement
// and by no other; where it is in doubt the answer is no, and a connection more is opened.
//
// What is asked, of the host at the other end: that it is one of the best hosts of the destination that answer; that
// the route's settings are the same; and that the destination's DANE or MTA-STS, as it stands now, is content with what
// the connection has proved. A connection that proved more than is asked is welcome, one that proved something else
// is not.
//
// Pure. Standards: RFC 5321 5.1 (order of hosts), RFC 7672 2.2, 3.1, 3.2 (DANE: of this host's records, one of this
// domain's reference names), RFC 8461 4.1, 4.2 and 5 (MTA-STS: host, certificate, testing).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/route.h"
#include "sasl/client.h"
#include "tls/connection_info.h"
#include "tls/dane.h"

namespace ringpost::relay {

/// Those settings of a route that a connection is marked by.
struct Way {
  TlsMode tls = TlsMode::opportunistic;
  mail::TlsWish wish = mail::TlsWish::as_configured;  // of the sender
  tls::ClientOptions tls_options;
  sasl::ClientOptions auth;
  std::vector<SourceAddress> sources;
  std::optional<EgressProxy> proxy;

  static Way of(const Delivery& delivery);
  bool is_of(const Delivery& delivery) const;
};

/// What a connection has turned out to be.
struct Standing {
  std::string opened_for;                // the key of a destination
  std::string host;                      // the MX host it leads to; empty: an operator has named the next hop
  std::vector<std::string> passed_over;  // MX hosts that did not answer before it was tried
  Way way;
  bool encrypted = false;
  std::string server_name;                     // whom the certificate was verified for
  std::string proof;                           // as of tls::ConnectionInfo: "pkix", "dane-ee", "dane-ta", or empty
  std::vector<std::string> certificate_names;  // DNS names in it
  tls::DaneWish dane;                          // what it was held against

  /// `tls`: null in clear text.
  void learn(const tls::ConnectionInfo* tls);
};

/// What a destination asks of the connections to one of its MX hosts.
struct HostNeeds {
  std::string host;
  std::uint16_t preference = 0;  // lower is better
  bool closed = false;           // nothing goes there: not in the policy, or nobody knows what DNSSEC says
  bool encrypted = false;
  bool verified = false;    // by an authority of ours, for `server_name`
  std::string server_name;  // the name to ask for and to verify
  tls::DaneWish dane;       // not empty: this, and no authority of ours
  // An MTA-STS policy in testing stops nothing of the destination's own. What it would stop does not come over a
  // connection of others: the owner of the policy shall see it in the reports about his own ones.
  bool on_trial = false;         // `verified` is asked of others only
  bool closed_on_trial = false;  // `closed` is
};

using Needs = std::vector<HostNeeds>;  // in any order; empty: nothing is known, or MX is not asked

/// Whether `connection` may carry mail of `destination`, which is delivered by `delivery`.
bool fits(const Standing& connection, std::string_view destination, const Delivery& delivery, const Needs& needs);

}  // namespace ringpost::relay
