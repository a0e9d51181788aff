// A public key and what it can say of a signature. A key has one kind, and a scheme that belongs to another kind never
// verifies: who chooses the scheme (a token's header does) cannot choose how the key is read.
//
// Any thread. Standards: RFC 7518 3 (the schemes, by their JOSE names), 8017, 8032, FIPS 186-4; RFC 5280 4.1 (PEM:
// SubjectPublicKeyInfo).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::crypto {

enum class SignatureScheme : std::uint8_t { rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512, ed25519 };

class PublicKey {
 public:
  enum class Kind : std::uint8_t { rsa, p256, p384, p521, ed25519 };

  /// Big-endian numbers. Errors: invalid (not 2048 to 4096 bits, or an exponent that is even, 1 or over 64 bits).
  static Result<PublicKey> rsa(std::string_view modulus, std::string_view exponent);
  /// `kind` is one of the three curves; big-endian coordinates of the curve's length. Errors: invalid (not on the
  /// curve).
  static Result<PublicKey> elliptic(Kind kind, std::string_view x, std::string_view y);
  /// Errors: invalid (no such point).
  static Result<PublicKey> edwards(std::string_view point);
  /// "-----BEGIN PUBLIC KEY-----", one key. Errors: invalid.
  static Result<PublicKey> from_pem(std::string_view pem);
  /// SubjectPublicKeyInfo. Errors: invalid.
  static Result<PublicKey> from_der(std::string_view der);
  /// That belongs to a private key, computed from it (RFC 5958, 5915, 8017 A.1.2; an RSA key has it inside).
  /// Errors: invalid.
  static Result<PublicKey> of_private_key(std::string_view der);

  Kind kind() const noexcept { return kind_; }
  bool operator==(const PublicKey&) const = default;
  bool fits(SignatureScheme scheme) const noexcept;
  /// Of elliptic curves the signature is r and s, each of the curve's length (RFC 7518 3.4). False for whatever does
  /// not fit too.
  bool verifies(SignatureScheme scheme, std::string_view message, std::string_view signature) const;

 private:
  PublicKey(Kind kind, std::string_view first, std::string_view second) : kind_(kind), first_(first), second_(second) {}

  Kind kind_;
  std::string first_, second_;  // modulus and exponent, x and y, or the point
};

}  // namespace ringpost::crypto
