// Secrets that must be kept readable (CRAM-MD5, DIGEST-MD5 and NTLM need the password itself), sealed with a key from a
// file of its own, so that a stolen account file alone gives nothing away. A sealed secret opens only beside the
// `associated` data it was sealed with: it cannot be moved to another login.
//
// Any thread. Format: "v1:" and base64 of nonce (12 octets), ciphertext, tag (16). Standards: NIST SP 800-38D (AES-256-
// GCM; the nonce is random).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::crypto {

class SealingKey {
 public:
  /// A file with 32 octets in hexadecimal or base64 on one line. Errors: not_found, invalid.
  static Result<SealingKey> read(const std::string& path);
  /// A new key as text for such a file.
  static std::string generate();
  /// `octets` are 32. For tests and for keys that come from elsewhere.
  explicit SealingKey(std::string octets);
  SealingKey(SealingKey&&) noexcept = default;
  SealingKey& operator=(SealingKey&&) noexcept = default;
  SealingKey(const SealingKey&) = delete;
  SealingKey& operator=(const SealingKey&) = delete;
  ~SealingKey();

  std::string seal(std::string_view secret, std::string_view associated) const;
  /// Errors: invalid (not the format), corrupt (another key, other associated data, or changed).
  Result<std::string> open(std::string_view sealed, std::string_view associated) const;
  /// A secret for another purpose that follows from the key: 32 octets.
  std::string derive(std::string_view purpose) const;

 private:
  std::string octets_;
};

/// Whether `sealed` has the format, whatever the key.
bool looks_sealed(std::string_view sealed);

}  // namespace ringpost::crypto
