// The client's side of SRP-6 (multiplier 3), for tests of the server's.
#pragma once

#include <gtest/gtest.h>
#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/integer.h>

#include <memory>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "crypto/srp_server.h"

namespace ringpost::test {

class SrpClient {
 public:
  explicit SrpClient(crypto::Digest kind, const std::string& private_key = std::string(32, '\x77'))
      : kind_(kind), a_(number(private_key)) {
    auto key = number("");
    EXPECT_EQ(mp_exptmod(number(crypto::srp_generator_octets()).get(), a_.get(), modulus().get(), key.get()), 0);
    public_key_ = octets(key);
  }

  const std::string& public_key() const { return public_key_; }

  /// S = (B - 3 g^x)^(a + ux)
  std::string secret(const std::string& user, const std::string& password, const std::string& salt,
                     const std::string& server_key) const {
    const auto n = modulus(), x = number(hash(salt + hash(user + ":" + password))),
               u = number(hash(public_key_ + server_key));
    const auto power = number(""), product = number(""), base = number(""), exponent = number(""), secret = number("");
    EXPECT_EQ(mp_exptmod(number(crypto::srp_generator_octets()).get(), x.get(), n.get(), power.get()), 0);
    EXPECT_EQ(mp_mulmod(power.get(), number("\3").get(), n.get(), product.get()), 0);
    EXPECT_EQ(mp_submod(number(server_key).get(), product.get(), n.get(), base.get()), 0);
    EXPECT_EQ(mp_mul(u.get(), x.get(), exponent.get()), 0);
    EXPECT_EQ(mp_add(exponent.get(), a_.get(), exponent.get()), 0);
    EXPECT_EQ(mp_exptmod(base.get(), exponent.get(), n.get(), secret.get()), 0);
    return octets(secret);
  }

 private:
  using Number = std::unique_ptr<mp_int>;

  static Number number(std::string_view from) {
    auto number = std::make_unique<mp_int>();
    EXPECT_EQ(mp_init(number.get()), 0);
    if (!from.empty()) {
      EXPECT_EQ(mp_read_unsigned_bin(number.get(), reinterpret_cast<const byte*>(from.data()),
                                     static_cast<word32>(from.size())),
                0);
    }
    return number;
  }
  static Number modulus() { return number(crypto::srp_modulus_octets()); }
  static std::string octets(const Number& number) {
    std::string out(static_cast<std::size_t>(mp_unsigned_bin_size(number.get())), '\0');
    EXPECT_EQ(mp_to_unsigned_bin(number.get(), reinterpret_cast<byte*>(out.data())), 0);
    return out;
  }
  std::string hash(const std::string& octets) const { return crypto::digest(kind_, octets); }

  const crypto::Digest kind_;
  const Number a_;
  std::string public_key_;
};

}  // namespace ringpost::test
