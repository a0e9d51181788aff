// How wolfCrypt takes octets and names digests; for the sources of this folder only.
#pragma once

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hash.h>

#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace ringpost::crypto {

inline const byte* wolf_bytes(std::string_view octets) noexcept {
  return reinterpret_cast<const byte*>(octets.data() != nullptr ? octets.data() : "");
}
inline byte* wolf_bytes(std::string& octets) noexcept {
  return reinterpret_cast<byte*>(octets.data());
}
inline word32 wolf_size(std::string_view octets) noexcept {
  return static_cast<word32>(octets.size());
}

inline wc_HashType wolf_hash_type(Digest kind) noexcept {
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

}  // namespace ringpost::crypto
