#include "crypto/password_hash.h"

#include <crypt.h>
#include <string.h>  // explicit_bzero

#include <array>
#include <memory>
#include <span>

#include "base/random.h"
#include "crypto/equal.h"

namespace ringpost::crypto {

namespace {

constexpr const char* method_of_new_hashes = "$y$";
constexpr std::size_t hash_octets_min = 20;  // less is a setting without a hash
constexpr std::size_t password_octets_max = CRYPT_MAX_PASSPHRASE_SIZE - 1;

// crypt's scratch memory holds the password: forgotten in the end.
struct Wiped {
  void operator()(crypt_data* data) const noexcept {
    ::explicit_bzero(data, sizeof *data);
    delete data;
  }
};

bool acceptable(std::string_view password) noexcept {
  return !password.empty() && password.size() <= password_octets_max && !password.contains('\0');
}

/// Empty where crypt(3) refuses.
std::string hashed(std::string_view password, const std::string& setting) {
  const std::unique_ptr<crypt_data, Wiped> data(new crypt_data{});
  std::string terminated(password);
  const char* const out = ::crypt_rn(terminated.c_str(), setting.c_str(), data.get(), sizeof *data);
  wipe(terminated);
  return out != nullptr && *out != '*' ? std::string(out) : std::string();
}

std::string new_setting() {
  std::array<std::byte, 32> random{};
  random_octets(random);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  constexpr unsigned long standard_cost = 0;
  const char* const made =
      ::crypt_gensalt_rn(method_of_new_hashes, standard_cost, reinterpret_cast<const char*>(random.data()),
                         static_cast<int>(random.size()), setting.data(), static_cast<int>(setting.size()));
  return made != nullptr ? std::string(made) : std::string();
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (!acceptable(password)) return fail(ErrorKind::invalid, "a password has 1 to 511 octets, none of them NUL");
  const std::string setting = new_setting();
  std::string hash = setting.empty() ? std::string() : hashed(password, setting);
  if (hash.empty()) return fail(ErrorKind::unavailable, "crypt(3) cannot make a yescrypt hash");
  return hash;
}

bool known_hash(std::string_view hash) {
  if (!hash.starts_with('$') || hash.contains('\0')) return false;
  if (hash.size() < hash_octets_min || hash.size() >= CRYPT_OUTPUT_SIZE) return false;
  const int verdict = ::crypt_checksalt(std::string(hash).c_str());
  return verdict == CRYPT_SALT_OK || verdict == CRYPT_SALT_METHOD_LEGACY;
}

bool check_password(std::string_view password, std::string_view hash) {
  if (!acceptable(password) || !known_hash(hash)) return false;
  const std::string computed = hashed(password, std::string(hash));
  return !computed.empty() && equal_in_constant_time(computed, hash);
}

void spend_password_check(std::string_view password) {
  static const std::string setting = new_setting();
  if (acceptable(password)) static_cast<void>(hashed(password, setting));
}

}  // namespace ringpost::crypto
