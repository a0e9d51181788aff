// A mailbox as an envelope carries it: local part without its quoting, domain in lower case (an address literal keeps
// its brackets). The null reverse-path is an Address with both parts empty; RCPT TO:<postmaster> has an empty domain
// only.
//
// Standards: RFC 5321 4.1.2 and 4.5.1, RFC 6531 3.3 (UTF-8 local parts and U-labels).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::mail {

// RFC 5321 4.5.3.1.2 and 4.5.3.1.3; the path with its angle brackets. The 64 octets of 4.5.3.1.1 are the least a local
// part may have, and VERP and SRS addresses have more: any local part that fits the path is taken.
inline constexpr std::size_t domain_octets_max = 255;
inline constexpr std::size_t path_octets_max = 256;

struct Address {
  std::string local;
  std::string domain;

  bool is_null() const noexcept { return local.empty() && domain.empty(); }
  bool is_literal() const noexcept { return !domain.empty() && domain.front() == '['; }
  /// Either part has octets above 127.
  bool needs_utf8() const noexcept;
  /// local@domain with the local part quoted where RFC 5321 asks for it; "" for the null reverse-path.
  std::string text() const;

  bool operator==(const Address&) const = default;
};

/// The inside of a path, without angle brackets: Mailbox, "postmaster" without a domain, or (for a reverse-path)
/// nothing. A source route in front is accepted and dropped (RFC 5321 appendix C). Octets above 127 only when
/// `smtputf8`. Errors: invalid, with status 501 5.1.3 (or 5.1.7 where `reverse`), 553 5.6.7 for UTF-8 without SMTPUTF8.
Result<Address> parse_address(std::string_view text, bool smtputf8, bool reverse);

/// Domain (letters, digits, hyphens, dots, U-labels when `smtputf8`; at most 255 octets, labels 63) or address literal.
bool valid_domain(std::string_view text, bool smtputf8) noexcept;
bool valid_address_literal(std::string_view text) noexcept;
/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. ASCII is UTF-8.
bool valid_utf8(std::string_view text) noexcept;

}  // namespace ringpost::mail
