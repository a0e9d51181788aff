// What a client sends with its token, in both dialects: OAUTHBEARER, and XOAUTH2, which came before it and knows
// neither a GS2 header nor anything but the user and the token.
//
// Standards: RFC 7628 3.1 (OAUTHBEARER), RFC 5801 4 (GS2 header), RFC 6750 2.1 (bearer tokens); XOAUTH2 as Google
// describes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::sasl {

enum class OauthDialect : std::uint8_t { oauthbearer, xoauth2 };

std::string_view mechanism_name(OauthDialect dialect) noexcept;

struct OauthMessage {
  std::string user;   // the authorization identity; empty: none named
  std::string token;  // empty: none sent, the client asks what it needs (RFC 7628 4.3)
};

/// Errors: invalid.
Result<OauthMessage> parse_oauth_message(OauthDialect dialect, std::string_view octets);
/// Errors: invalid (a user or token that cannot be written). `host` may be empty.
Result<std::string> write_oauth_message(OauthDialect dialect, const OauthMessage& message, std::string_view host);

}  // namespace ringpost::sasl
