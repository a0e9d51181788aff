// Keyed digests. Any thread. Standards: RFC 2104.
#pragma once

#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace ringpost::crypto {

/// As octets, digest_octets() of them; `kind` is any but md4.
std::string hmac(Digest kind, std::string_view key, std::string_view octets);

}  // namespace ringpost::crypto
