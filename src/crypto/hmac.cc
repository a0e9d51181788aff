#include "crypto/hmac.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include <limits>

#include "base/assert.h"

namespace ringpost::crypto {

namespace {

int hmac_type(Digest kind) noexcept {
  switch (kind) {
    case Digest::md5:
      return WC_MD5;
    case Digest::sha1:
      return WC_SHA;
    case Digest::sha256:
      return WC_SHA256;
    case Digest::sha384:
      return WC_SHA384;
    case Digest::sha512:
      return WC_SHA512;
    case Digest::md4:
      break;
  }
  return WC_HASH_TYPE_NONE;
}

const byte* bytes(std::string_view octets) noexcept {
  return reinterpret_cast<const byte*>(octets.data() != nullptr ? octets.data() : "");
}

}  // namespace

std::string hmac(Digest kind, std::string_view key, std::string_view octets) {
  RINGPOST_ASSERT(kind != Digest::md4);
  RINGPOST_ASSERT(key.size() <= std::numeric_limits<word32>::max());
  RINGPOST_ASSERT(octets.size() <= std::numeric_limits<word32>::max());
  std::string out(digest_octets(kind), '\0');
  Hmac state;
  RINGPOST_ASSERT(wc_HmacInit(&state, nullptr, INVALID_DEVID) == 0);
  bool done = wc_HmacSetKey(&state, hmac_type(kind), bytes(key), static_cast<word32>(key.size())) == 0;
  done = done && wc_HmacUpdate(&state, bytes(octets), static_cast<word32>(octets.size())) == 0;
  done = done && wc_HmacFinal(&state, reinterpret_cast<byte*>(out.data())) == 0;
  wc_HmacFree(&state);
  RINGPOST_ASSERT(done);
  return out;
}

}  // namespace ringpost::crypto
