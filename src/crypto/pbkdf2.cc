#include "crypto/pbkdf2.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/pwdbased.h>

#include "base/assert.h"
#include "crypto/wolf_octets.h"

namespace ringpost::crypto {

namespace {

constexpr std::size_t input_octets_max = 1 << 20;

}  // namespace

std::string pbkdf2(Digest kind, std::string_view password, std::string_view salt, std::uint32_t iterations,
                   std::size_t octets) {
  RINGPOST_ASSERT(kind != Digest::md4 && iterations >= 1 && iterations <= 0x7fffffff);
  RINGPOST_ASSERT(password.size() <= input_octets_max && salt.size() <= input_octets_max && octets <= input_octets_max);
  std::string key(octets, '\0');
  // With arguments that are asserted above it fails only where memory does.
  RINGPOST_ASSERT(wc_PBKDF2(reinterpret_cast<byte*>(key.data()), wolf_bytes(password),
                            static_cast<int>(password.size()), wolf_bytes(salt), static_cast<int>(salt.size()),
                            static_cast<int>(iterations), static_cast<int>(octets), wolf_hash_type(kind)) == 0);
  return key;
}

}  // namespace ringpost::crypto
