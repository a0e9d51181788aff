#include "crypto/digest.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/md4.h>

#include <limits>

#include "base/assert.h"

namespace ringpost::crypto {

namespace {

wc_HashType hash_type(Digest kind) noexcept {
  switch (kind) {
    case Digest::md4:
      return WC_HASH_TYPE_MD4;
    case Digest::md5:
      return WC_HASH_TYPE_MD5;
    case Digest::sha1:
      return WC_HASH_TYPE_SHA;
    case Digest::sha256:
      return WC_HASH_TYPE_SHA256;
    case Digest::sha384:
      return WC_HASH_TYPE_SHA384;
    case Digest::sha512:
      return WC_HASH_TYPE_SHA512;
  }
  return WC_HASH_TYPE_NONE;
}

}  // namespace

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
  const auto* const in = reinterpret_cast<const byte*>(octets.data() != nullptr ? octets.data() : "");
  const auto size = static_cast<word32>(octets.size());
  auto* const result = reinterpret_cast<byte*>(out.data());
  if (kind == Digest::md4) {  // wc_Hash does not know it
    Md4 state;
    wc_InitMd4(&state);
    wc_Md4Update(&state, in, size);
    wc_Md4Final(&state, result);
    return out;
  }
  // Software digests of a valid kind fail only where memory does.
  RINGPOST_ASSERT(wc_Hash(hash_type(kind), in, size, result, static_cast<word32>(out.size())) == 0);
  return out;
}

}  // namespace ringpost::crypto
