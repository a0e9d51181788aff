// What a server keeps for SRP instead of the password: v = g^x mod N, in the group of srp_group.h.
// Any thread. Standards: RFC 2945 3 (x = H(salt, H(login ":" password))), RFC 5054 2.5.3.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/digest.h"

namespace ringpost::crypto {

/// Octets, big-endian, without leading zeros. `kind` is sha1, sha256, sha384 or sha512. Errors: invalid (empty login or
/// salt, or something too long).
Result<std::string> srp_verifier(Digest kind, std::string_view login, std::string_view password, std::string_view salt);

}  // namespace ringpost::crypto
