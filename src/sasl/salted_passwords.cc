#include "sasl/salted_passwords.h"

#include <utility>

#include "crypto/digest.h"
#include "crypto/equal.h"

namespace ringpost::sasl {

SaltedPasswords::~SaltedPasswords() {
  forget_all();
}

void SaltedPasswords::forget_all() noexcept {
  for (auto& [key, secret] : entries_) crypto::wipe(secret);
  entries_.clear();
}

std::string SaltedPasswords::key(std::string_view mechanism, std::string_view password, std::string_view salt,
                                 std::string_view iterations) {
  std::string all;
  for (const std::string_view part : {mechanism, salt, iterations, password}) {
    all.append(std::to_string(part.size())).append(":").append(part);
  }
  std::string digest = crypto::digest(crypto::Digest::sha256, all);
  crypto::wipe(all);
  return digest;
}

std::optional<std::string> SaltedPasswords::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

void SaltedPasswords::keep(const std::string& key, std::string salted_password) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= entries_max) forget_all();
  std::string& mine = entries_[key];
  crypto::wipe(mine);
  mine = std::move(salted_password);
}

}  // namespace ringpost::sasl
