// A JSON Web Token, signed (JWS, compact): cut, decoded and read, not yet believed. Who has the key asks it whether
// signature() fits; only then may claims count. Encrypted tokens, "none" and the HMAC algorithms (which would make a
// public key a secret) are not tokens here.
//
// Standards: RFC 7519 (JWT), 7515 (JWS), 7518 (algorithms), 8037 (EdDSA), 8725 (what to be careful about).
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/public_key.h"

namespace ringpost::sasl {

inline constexpr std::size_t jwt_octets_max = 16UL * 1024;

struct Jwt {
  crypto::SignatureScheme scheme{};
  std::string key_id;  // kid; empty: none
  std::string signed_text;
  std::string signature;                          // octets
  std::shared_ptr<const nlohmann::json> payload;  // an object
};

/// "RS256", "PS256", "ES256", ..., "EdDSA"; nullopt: unknown or refused.
std::optional<crypto::SignatureScheme> signature_scheme(std::string_view alg) noexcept;

/// Errors: invalid (not a token of that kind; the reason does not quote it).
Result<Jwt> parse_jwt(std::string_view token);

}  // namespace ringpost::sasl
