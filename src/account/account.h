// An account as a back end knows it: who it is, what it may send as, and whatever can verify it. Secrets in it never
// reach a log; they are wiped by whoever owns the store.
//
// Standards: RFC 5802 and 7677 (SCRAM keys), crypt(5) (yescrypt and the other hashes).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "mail/identity.h"

namespace ringpost::account {

/// RFC 5802 3: what a server keeps instead of the password. Keys as octets (20 or 32).
struct ScramKeys {
  std::uint32_t iterations = 0;
  std::string salt;        // octets
  std::string stored_key;  // octets
  std::string server_key;  // octets
  bool operator==(const ScramKeys&) const = default;
};

/// RFC 2945 / draft-burdis-cat-srp-sasl-08: salt and verifier v = g^x mod N of the 2048-bit group of RFC 5054, SHA-1 or
/// SHA-256 as `digest` names it.
struct SrpVerifier {
  std::string digest;    // "SHA-1"
  std::string salt;      // octets
  std::string verifier;  // octets, big-endian
  bool operator==(const SrpVerifier&) const = default;
};

struct Account {
  mail::Identity identity;
  bool enabled = true;
  std::optional<ScramKeys> scram_sha256, scram_sha1;
  std::string password_hash;  // crypt(5), "$y$..."; empty: none
  /// The password itself, opened with the key file: only for accounts that asked for CRAM-MD5, DIGEST-MD5 or NTLM.
  std::optional<std::string> password;
  std::optional<SrpVerifier> srp;
};

}  // namespace ringpost::account
