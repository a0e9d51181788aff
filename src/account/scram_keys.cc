#include "account/scram_keys.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/base64.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/equal.h"
#include "crypto/hmac.h"
#include "crypto/pbkdf2.h"

namespace ringpost::account {

namespace {

using crypto::Digest;

constexpr std::size_t new_salt_octets = 16;
constexpr std::size_t salt_octets_max = 1024;

Digest digest_of(bool sha256) noexcept {
  return sha256 ? Digest::sha256 : Digest::sha1;
}

std::string_view mechanism(bool sha256) noexcept {
  return sha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-1";
}

/// The four parts between any of the signs that the formats put there.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size() && parts.size() < 5;) {
    const std::size_t end = std::min(text.find_first_of("$:,", at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

ScramKeys derive_scram_keys(std::string_view password, std::string salt, std::uint32_t iterations, bool sha256) {
  const Digest kind = digest_of(sha256);
  std::string salted = crypto::pbkdf2(kind, password, salt, iterations, crypto::digest_octets(kind));
  std::string client_key = crypto::hmac(kind, salted, "Client Key");
  ScramKeys keys{iterations, std::move(salt), crypto::digest(kind, client_key),
                 crypto::hmac(kind, salted, "Server Key")};
  crypto::wipe(salted);
  crypto::wipe(client_key);
  return keys;
}

ScramKeys make_scram_keys(std::string_view password, bool sha256, std::uint32_t iterations) {
  std::array<std::byte, new_salt_octets> salt{};
  random_octets(salt);
  return derive_scram_keys(password, std::string(reinterpret_cast<const char*>(salt.data()), salt.size()), iterations,
                           sha256);
}

bool scram_keys_match(const ScramKeys& keys, std::string_view password, bool sha256) {
  const ScramKeys derived = derive_scram_keys(password, keys.salt, keys.iterations, sha256);
  return crypto::equal_in_constant_time(derived.stored_key, keys.stored_key);
}

ScramKeys decoy_keys(std::string_view seed, const ScramKeys& like, bool sha256) {
  const Digest kind = digest_of(sha256);
  const std::size_t salt_octets = like.salt.empty() ? new_salt_octets : like.salt.size();
  std::string salt;
  for (char piece = 0; salt.size() < salt_octets; ++piece)
    salt += crypto::hmac(Digest::sha256, seed, std::string("salt") + piece);
  salt.resize(salt_octets);
  return {like.iterations == 0 ? scram_iterations : like.iterations, std::move(salt),
          crypto::hmac(kind, seed, "stored key"), crypto::hmac(kind, seed, "server key")};
}

std::string print_scram_keys(const ScramKeys& keys, bool sha256) {
  return std::string(mechanism(sha256)) + "$" + std::to_string(keys.iterations) + ":" + base64_encode(keys.salt) + "$" +
         base64_encode(keys.stored_key) + ":" + base64_encode(keys.server_key);
}

std::optional<ScramKeys> parse_scram_keys(std::string_view text, bool sha256) {
  const std::string name(mechanism(sha256));
  if (istarts_with(text, name + "$")) {
    text.remove_prefix(name.size() + 1);
  } else if (istarts_with(text, "{" + name + "}")) {
    text.remove_prefix(name.size() + 2);
  }
  const auto parts = parts_of(text);
  if (parts.size() != 4) return std::nullopt;
  const auto iterations = parse_unsigned(parts[0]);
  const auto salt = base64_decode(parts[1]);
  const auto stored = base64_decode(parts[2]);
  const auto server = base64_decode(parts[3]);
  const std::size_t key_octets = crypto::digest_octets(digest_of(sha256));
  if (!iterations || *iterations == 0 || *iterations > scram_iterations_max) return std::nullopt;
  if (!salt || salt->empty() || salt->size() > salt_octets_max) return std::nullopt;
  if (!stored || !server || stored->size() != key_octets || server->size() != key_octets) return std::nullopt;
  return ScramKeys{static_cast<std::uint32_t>(*iterations), *salt, *stored, *server};
}

}  // namespace ringpost::account
