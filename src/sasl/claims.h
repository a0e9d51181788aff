// What a token, or an issuer asked about a token, says of its bearer, and whether that is enough to let him in.
//
// Standards: RFC 7519 4.1 (claims), 7662 2.2 (introspection), 8693 4.2 and 9068 2.2.3 (scope).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sasl/options.h"

namespace ringpost::sasl {

struct Claims {
  std::optional<std::string> issuer;
  std::vector<std::string> audience;
  std::optional<std::int64_t> expires, not_before, issued_at;  // seconds since 1970
  std::vector<std::string> scopes;                             // of scope (words) or scp (words or a list)
  std::string login;                                           // what `login_claim` says; empty: nothing
};

/// Errors: refused (a claim has the wrong type, or the address is one the issuer has not verified).
Result<Claims> read_claims(const nlohmann::json& object, const std::string& login_claim);

/// `must_expire`: a token without `exp` is refused, and so is one without `iss`. Errors: refused, with the reason.
Result<void> check_claims(const Claims& claims, const TokenIssuer& issuer, WallTime now, Duration skew,
                          bool must_expire);

}  // namespace ringpost::sasl
