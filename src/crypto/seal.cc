#include "crypto/seal.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

#include <array>
#include <fstream>
#include <optional>

#include "base/assert.h"
#include "base/base64.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/equal.h"
#include "crypto/hmac.h"
#include "crypto/wolf_octets.h"

namespace ringpost::crypto {

namespace {

constexpr std::size_t key_octets = 32;
constexpr std::size_t nonce_octets = 12;
constexpr std::size_t tag_octets = 16;
constexpr std::size_t secret_octets_max = 1 << 16;
constexpr std::string_view format = "v1:";

// An AES context with its key schedule, freed and forgotten in the end.
class Cipher {
 public:
  explicit Cipher(std::string_view key) {
    RINGPOST_ASSERT(wc_AesInit(&aes_, nullptr, INVALID_DEVID) == 0);
    RINGPOST_ASSERT(wc_AesGcmSetKey(&aes_, wolf_bytes(key), wolf_size(key)) == 0);
  }
  ~Cipher() { wc_AesFree(&aes_); }
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;
  Aes* get() noexcept { return &aes_; }

 private:
  Aes aes_;
};

std::optional<std::string> from_hexadecimal(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = ascii_lower(text[i]);
    if (!is_digit(c) && (c < 'a' || c > 'f')) return std::nullopt;
    const int value = is_digit(c) ? c - '0' : c - 'a' + 10;
    if (i % 2 == 0) {
      octets += static_cast<char>(value << 4);
    } else {
      octets.back() = static_cast<char>(octets.back() | value);
    }
  }
  return octets;
}

/// Nonce, ciphertext and tag.
std::optional<std::string> unwrapped(std::string_view sealed) {
  if (!sealed.starts_with(format) || sealed.size() > 2 * secret_octets_max) return std::nullopt;
  auto octets = base64_decode(sealed.substr(format.size()));
  if (!octets || octets->size() < nonce_octets + tag_octets) return std::nullopt;
  return octets;
}

}  // namespace

SealingKey::SealingKey(std::string octets) : octets_(std::move(octets)) {
  RINGPOST_ASSERT(octets_.size() == key_octets);
}

SealingKey::~SealingKey() {
  wipe(octets_);
}

Result<SealingKey> SealingKey::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, "cannot open the key file " + path);
  std::array<char, 256> buffer{};
  file.read(buffer.data(), buffer.size());
  if (file.bad()) return fail(ErrorKind::io, "cannot read the key file " + path);
  std::string_view text(buffer.data(), static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  auto octets = text.size() == 2 * key_octets ? from_hexadecimal(text) : base64_decode(text);
  if (!octets || octets->size() != key_octets)
    return fail(ErrorKind::invalid, path +
                                        ": expected a key of 32 octets in base64 or hexadecimal, as `openssl rand "
                                        "-base64 32` makes it");
  return SealingKey(std::move(*octets));
}

std::string SealingKey::generate() {
  std::array<std::byte, key_octets> key{};
  random_octets(key);
  return base64_encode({reinterpret_cast<const char*>(key.data()), key.size()});
}

std::string SealingKey::seal(std::string_view secret, std::string_view associated) const {
  RINGPOST_ASSERT(secret.size() <= secret_octets_max && associated.size() <= secret_octets_max);
  std::array<std::byte, nonce_octets> nonce{};
  random_octets(nonce);
  std::string out(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  out.resize(nonce_octets + secret.size() + tag_octets);
  Cipher cipher(octets_);
  RINGPOST_ASSERT(wc_AesGcmEncrypt(cipher.get(), wolf_bytes(out) + nonce_octets, wolf_bytes(secret), wolf_size(secret),
                                   wolf_bytes(out), nonce_octets, wolf_bytes(out) + nonce_octets + secret.size(),
                                   tag_octets, wolf_bytes(associated), wolf_size(associated)) == 0);
  return std::string(format) + base64_encode(out);
}

Result<std::string> SealingKey::open(std::string_view sealed, std::string_view associated) const {
  const auto octets = unwrapped(sealed);
  if (!octets) return fail(ErrorKind::invalid, "not a sealed secret (\"v1:\" and base64)");
  const std::string_view whole = *octets;
  std::string secret(whole.size() - nonce_octets - tag_octets, '\0');
  std::string nothing(1, '\0');  // an address even where the secret is empty
  Cipher cipher(octets_);
  const int verdict = wc_AesGcmDecrypt(cipher.get(), secret.empty() ? wolf_bytes(nothing) : wolf_bytes(secret),
                                       wolf_bytes(whole) + nonce_octets, wolf_size(secret), wolf_bytes(whole),
                                       nonce_octets, wolf_bytes(whole) + whole.size() - tag_octets, tag_octets,
                                       wolf_bytes(associated), wolf_size(associated));
  if (verdict != 0) return fail(ErrorKind::corrupt, "sealed with another key or for another login, or changed since");
  return secret;
}

std::string SealingKey::derive(std::string_view purpose) const {
  return hmac(Digest::sha256, octets_, purpose);
}

bool looks_sealed(std::string_view sealed) {
  return unwrapped(sealed).has_value();
}

}  // namespace ringpost::crypto
