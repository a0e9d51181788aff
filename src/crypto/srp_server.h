// The server's side of SRP-6 in the group of srp_group.h: a key pair for one login, and the secret that both sides come
// to if the client knows the password. The multiplier is 3, as the SASL mechanism has it, not the digest that TLS-SRP
// took later (SRP-6a).
//
// A value: one login, one thread. Standards: draft-burdis-cat-srp-sasl-08 2.2, RFC 2945 3.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/digest.h"

namespace ringpost::crypto {

/// N and g, big-endian.
std::string_view srp_modulus_octets() noexcept;
std::string_view srp_generator_octets() noexcept;

class SrpServer {
 public:
  /// `verifier`: big-endian. Errors: invalid (not a number between 1 and N - 1).
  static Result<SrpServer> start(std::string_view verifier);
  ~SrpServer();
  SrpServer(SrpServer&&) noexcept = default;
  SrpServer& operator=(SrpServer&&) noexcept = default;

  /// B, big-endian without leading zeros.
  const std::string& public_key() const noexcept { return public_key_; }
  /// S, big-endian without leading zeros. Errors: invalid (a key that would make the secret known: a multiple of N).
  Result<std::string> secret(Digest kind, std::string_view client_key) const;

 private:
  SrpServer() = default;

  std::string verifier_, private_key_, public_key_;
};

}  // namespace ringpost::crypto
