// The salted passwords of SCRAM that a client has computed: thousands of rounds of HMAC, always the same ones as long
// as password, salt and iteration count are. Who logs in to the same server again and again computes them once. What is
// kept is worth as much as the password, towards this server.
//
// Any thread. Standards: RFC 5802 3 (SaltedPassword), 5.1 (a client may cache).
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::sasl {

class SaltedPasswords {
 public:
  /// Then all are forgotten: one per account and server is few.
  static constexpr std::size_t entries_max = 256;

  SaltedPasswords() = default;
  ~SaltedPasswords();
  SaltedPasswords(const SaltedPasswords&) = delete;
  SaltedPasswords& operator=(const SaltedPasswords&) = delete;

  /// What everything depends on: the same key, the same salted password.
  static std::string key(std::string_view mechanism, std::string_view password, std::string_view salt,
                         std::string_view iterations);

  std::optional<std::string> find(const std::string& key) const;
  void keep(const std::string& key, std::string salted_password);

 private:
  void forget_all() noexcept;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> entries_;  // under mutex_
};

}  // namespace ringpost::sasl
