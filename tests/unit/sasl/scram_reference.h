// SCRAM as RFC 5802 3 writes it down, from HMAC alone: what the tests hold against GNU SASL, and where their accounts
// get keys from. Checked with the examples of RFC 5802 5 and RFC 7677 3 in scram_test.cc.
#pragma once

#include <cstdint>
#include <string>

#include "account/account.h"
#include "base/base64.h"
#include "crypto/hmac.h"

namespace ringpost::test {

inline std::string exclusive_or(std::string a, const std::string& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

inline std::string salted_password(crypto::Digest kind, const std::string& password, const std::string& salt,
                                   std::uint32_t iterations) {
  std::string u = crypto::hmac(kind, password, salt + std::string("\0\0\0\1", 4));
  std::string sum = u;
  for (std::uint32_t i = 1; i < iterations; ++i) {
    u = crypto::hmac(kind, password, u);
    sum = exclusive_or(sum, u);
  }
  return sum;
}

inline account::ScramKeys scram_keys(crypto::Digest kind, const std::string& password, const std::string& salt,
                                     std::uint32_t iterations) {
  const std::string salted = salted_password(kind, password, salt, iterations);
  return {.iterations = iterations,
          .salt = salt,
          .stored_key = crypto::digest(kind, crypto::hmac(kind, salted, "Client Key")),
          .server_key = crypto::hmac(kind, salted, "Server Key")};
}

/// A client that says what it is told to, so that a test can lie about each part.
struct ScramReference {
  crypto::Digest kind = crypto::Digest::sha256;
  std::string gs2_header = "n,,";
  std::string binding{};  // appended to the header in c=
  std::string user = "user";
  std::string password = "pencil";
  std::string nonce = "rOprNGfwEbeRWgbNEkqO";

  std::string first_bare() const { return "n=" + user + ",r=" + nonce; }
  std::string first() const { return gs2_header + first_bare(); }

  struct Final {
    std::string message;
    std::string server_signature;  // base64, as in v=
  };
  Final final(const std::string& server_first) const {
    const auto comma = server_first.find(",s=");
    const auto iterations_at = server_first.find(",i=");
    const std::string salt = *base64_decode(server_first.substr(comma + 3, iterations_at - comma - 3));
    const auto iterations = static_cast<std::uint32_t>(std::stoul(server_first.substr(iterations_at + 3)));
    const std::string salted = salted_password(kind, password, salt, iterations);
    const std::string without_proof = "c=" + base64_encode(gs2_header + binding) + "," + server_first.substr(0, comma);
    const std::string all = first_bare() + "," + server_first + "," + without_proof;
    const std::string client_key = crypto::hmac(kind, salted, "Client Key");
    const std::string signature = crypto::hmac(kind, crypto::digest(kind, client_key), all);
    return {.message = without_proof + ",p=" + base64_encode(exclusive_or(client_key, signature)),
            .server_signature = base64_encode(crypto::hmac(kind, crypto::hmac(kind, salted, "Server Key"), all))};
  }
};

}  // namespace ringpost::test
