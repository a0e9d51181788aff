// An issuer of one test: Ed25519 keys from a seed, the JWK set that publishes them, and tokens signed with them.
#pragma once

#include <gtest/gtest.h>
#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/ed25519.h>

#include <string>

#include "base/base64.h"

namespace ringpost::sasl {

class TokenSigner {
 public:
  explicit TokenSigner(char seed, std::string key_id = "k1") : key_id_(std::move(key_id)) {
    const std::string secret(32, seed);
    EXPECT_EQ(wc_ed25519_init(&key_), 0);
    EXPECT_EQ(wc_ed25519_import_private_only(bytes(secret), 32, &key_), 0);
    point_.resize(32);
    EXPECT_EQ(wc_ed25519_make_public(&key_, reinterpret_cast<byte*>(point_.data()), 32), 0);
    EXPECT_EQ(wc_ed25519_import_private_key(bytes(secret), 32, bytes(point_), 32, &key_), 0);
  }
  ~TokenSigner() { wc_ed25519_free(&key_); }
  TokenSigner(const TokenSigner&) = delete;
  TokenSigner& operator=(const TokenSigner&) = delete;

  const std::string& point() const { return point_; }
  std::string jwk() const {
    return R"({"kty":"OKP","crv":"Ed25519","use":"sig","kid":")" + key_id_ + R"(","x":")" + base64url_encode(point_) +
           R"("})";
  }
  std::string jwk_set() const { return R"({"keys":[)" + jwk() + "]}"; }

  std::string token(const std::string& claims) const {
    return token(R"({"alg":"EdDSA","typ":"JWT","kid":")" + key_id_ + R"("})", claims);
  }
  std::string token(const std::string& header, const std::string& claims) const {
    const std::string text = base64url_encode(header) + "." + base64url_encode(claims);
    std::string signature(64, '\0');
    word32 size = 64;
    EXPECT_EQ(wc_ed25519_sign_msg(bytes(text), static_cast<word32>(text.size()),
                                  reinterpret_cast<byte*>(signature.data()), &size, &key_),
              0);
    return text + "." + base64url_encode(signature);
  }

 private:
  static const byte* bytes(const std::string& octets) { return reinterpret_cast<const byte*>(octets.data()); }

  const std::string key_id_;
  mutable ed25519_key key_{};
  std::string point_;
};

}  // namespace ringpost::sasl
