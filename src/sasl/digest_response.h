// What of a DIGEST-MD5 digest-response must hold before GNU SASL may read it. The library (2.2.0) reads a null pointer
// when a directive has no "=", or when the response names neither realm nor charset; and it looks neither at the realm
// nor at what the response was made for. So the directives are cut here exactly as the library cuts them.
//
// Standards: RFC 2831 2.1.2 (digest-response), 7.1 (lists).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringpost::sasl {

struct DigestResponse {
  std::optional<std::string_view> realm, digest_uri, username;  // views into the response, without their quotes
};

/// nullopt: a directive without "=", or one of the three twice.
std::optional<DigestResponse> parse_digest_response(std::string_view response);

}  // namespace ringpost::sasl
