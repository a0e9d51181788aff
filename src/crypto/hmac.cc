#include "crypto/hmac.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include <limits>

#include "base/assert.h"
#include "crypto/wolf_octets.h"

namespace ringpost::crypto {

std::string hmac(Digest kind, std::string_view key, std::string_view octets) {
  RINGPOST_ASSERT(kind != Digest::md4);
  RINGPOST_ASSERT(key.size() <= std::numeric_limits<word32>::max());
  RINGPOST_ASSERT(octets.size() <= std::numeric_limits<word32>::max());
  std::string out(digest_octets(kind), '\0');
  Hmac state;
  RINGPOST_ASSERT(wc_HmacInit(&state, nullptr, INVALID_DEVID) == 0);
  bool done = wc_HmacSetKey(&state, wolf_hash_type(kind), wolf_bytes(key), wolf_size(key)) == 0;
  done = done && wc_HmacUpdate(&state, wolf_bytes(octets), wolf_size(octets)) == 0;
  done = done && wc_HmacFinal(&state, wolf_bytes(out)) == 0;
  wc_HmacFree(&state);
  RINGPOST_ASSERT(done);
  return out;
}

}  // namespace ringpost::crypto
