// A password stretched into a key, as SCRAM does it. Meant to be slow: 10,000 iterations take a few milliseconds.
//
// Any thread. Standards: RFC 8018 5.2 (PBKDF2 with HMAC), RFC 5802 2.2 (there called Hi).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace ringpost::crypto {

/// `octets` of key; `kind` is any but md4, `iterations` at least 1.
std::string pbkdf2(Digest kind, std::string_view password, std::string_view salt, std::uint32_t iterations,
                   std::size_t octets);

}  // namespace ringpost::crypto
