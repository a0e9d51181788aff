// wolfCrypt's keys with an owner; for the sources of this folder only.
#pragma once

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include "base/assert.h"
#include "crypto/wolf_octets.h"

namespace ringpost::crypto {

/// A key that is freed when it leaves: init and free are wolfCrypt's functions for it. Making one fails only where
/// memory does.
template <class Key, auto init, auto free>
class WolfKey {
 public:
  WolfKey() { RINGPOST_ASSERT(init(&key_) == 0); }
  ~WolfKey() { free(&key_); }
  WolfKey(const WolfKey&) = delete;
  WolfKey& operator=(const WolfKey&) = delete;
  Key* get() noexcept { return &key_; }
  Key* operator->() noexcept { return &key_; }

 private:
  Key key_;
};

inline int init_rsa(RsaKey* key) {
  return wc_InitRsaKey(key, nullptr);
}

using WolfRsaKey = WolfKey<RsaKey, init_rsa, wc_FreeRsaKey>;
using WolfEccKey = WolfKey<ecc_key, wc_ecc_init, wc_ecc_free>;
using WolfEd25519Key = WolfKey<ed25519_key, wc_ed25519_init, wc_ed25519_free>;

}  // namespace ringpost::crypto
