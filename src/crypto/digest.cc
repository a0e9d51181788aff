#include "crypto/digest.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/md4.h>

#include <limits>

#include "base/assert.h"
#include "crypto/wolf_octets.h"

namespace ringpost::crypto {

std::size_t digest_octets(Digest kind) noexcept {
  switch (kind) {
    case Digest::md4:
    case Digest::md5:
      return 16;
    case Digest::sha1:
      return 20;
    case Digest::sha256:
      return 32;
    case Digest::sha384:
      return 48;
    case Digest::sha512:
      return 64;
  }
  return 0;
}

std::string digest(Digest kind, std::string_view octets) {
  RINGPOST_ASSERT(octets.size() <= std::numeric_limits<word32>::max());
  std::string out(digest_octets(kind), '\0');
  const byte* const in = wolf_bytes(octets);
  const word32 size = wolf_size(octets);
  auto* const result = wolf_bytes(out);
  if (kind == Digest::md4) {  // wc_Hash does not know it
    Md4 state;
    wc_InitMd4(&state);
    wc_Md4Update(&state, in, size);
    wc_Md4Final(&state, result);
    return out;
  }
  // Software digests of a valid kind fail only where memory does.
  RINGPOST_ASSERT(wc_Hash(wolf_hash_type(kind), in, size, result, static_cast<word32>(out.size())) == 0);
  return out;
}

}  // namespace ringpost::crypto
