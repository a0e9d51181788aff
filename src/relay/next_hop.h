// Where mail is handed to, as an operator writes it in [[route]] next_hop and [[domain]] deliver:
//
//   mx                                    the MX hosts of the destination domain
//   smtp://host[:port]                    this host, MX not looked up; port 25 unless given
//   smtps://host[:port]                   the same with TLS from the first octet; port 465 unless given
//   lmtp://host[:port]                    LMTP over TCP; port 24 unless given
//   lmtp+unix:/path/of/socket
//   maildir:/path/{domain}/{local}        {domain} and {local} of the recipient
//   discard:                              accepted and forgotten
//
// A host is a domain name, an IPv4 address or an IPv6 address in brackets. Paths are absolute and without ".." and
// commas.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::relay {

struct NextHop {
  enum class Kind : std::uint8_t { mx, smtp, smtps, lmtp, lmtp_unix, maildir, discard };
  Kind kind = Kind::mx;
  std::string host;  // lower case; an IPv6 address without its brackets; empty but for smtp, smtps and lmtp
  std::uint16_t port = 0;
  std::string path;  // of the socket, or the template of the Maildir

  /// `host` is a name, not an address.
  bool has_host_name() const noexcept;
  /// As parse_next_hop reads it back; the port is always shown.
  std::string text() const;
  bool operator==(const NextHop&) const = default;
};

/// Errors: invalid, with what was expected.
Result<NextHop> parse_next_hop(std::string_view text);

}  // namespace ringpost::relay
