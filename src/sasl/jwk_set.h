// The public keys of an issuer, as it publishes them: a JWK set, or PEM. Keys of kinds that are unknown here, for
// encryption, or secret, are passed over.
//
// Standards: RFC 7517 (JWK), 7518 6 and 8037 2 (the numbers of each kind).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/public_key.h"

namespace ringpost::sasl {

struct IssuerKey {
  std::string id;                                 // kid; empty: none
  std::optional<crypto::SignatureScheme> only{};  // `alg`, where the set names one
  crypto::PublicKey key;

  bool may(crypto::SignatureScheme scheme) const noexcept { return key.fits(scheme) && (!only || *only == scheme); }
};

inline constexpr std::size_t issuer_keys_max = 100;

/// JSON, or one or more keys in PEM. Errors: invalid (neither, no usable key in it, or more than issuer_keys_max).
Result<std::vector<IssuerKey>> parse_issuer_keys(std::string_view text);

/// Those that may have made a signature: the key of that name where the token has one, else every key that fits.
std::vector<const IssuerKey*> candidates(const std::vector<IssuerKey>& keys, std::string_view key_id,
                                         crypto::SignatureScheme scheme);

}  // namespace ringpost::sasl
