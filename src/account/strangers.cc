#include "account/strangers.h"

#include <algorithm>
#include <array>
#include <thread>

#include "account/scram_keys.h"
#include "base/random.h"
#include "crypto/hmac.h"
#include "crypto/password_hash.h"
#include "mail/saslprep.h"

namespace ringpost::account {

namespace {

constexpr Duration wait_max = std::chrono::seconds(2);

std::string random_secret() {
  std::array<std::byte, 32> secret{};
  random_octets(secret);
  return {reinterpret_cast<const char*>(secret.data()), secret.size()};
}

}  // namespace

Strangers::Strangers() : secret_(random_secret()) {}

void Strangers::saw(const Account& account) noexcept {
  const auto note = [this](const std::optional<ScramKeys>& keys, std::size_t which) {
    if (!keys) return;
    iterations_[which].store(keys->iterations, std::memory_order_relaxed);
    salt_octets_[which].store(static_cast<std::uint32_t>(keys->salt.size()), std::memory_order_relaxed);
  };
  note(account.scram_sha1, 0);
  note(account.scram_sha256, 1);
}

ScramKeys Strangers::decoy(std::string_view login, bool sha256) const {
  const std::size_t which = sha256 ? 1 : 0;
  ScramKeys like;
  like.iterations = iterations_[which].load(std::memory_order_relaxed);
  like.salt = std::string(salt_octets_[which].load(std::memory_order_relaxed), '\0');
  const std::string name = mail::login_key(login).value_or(std::string(login.substr(0, 1024)));
  return decoy_keys(crypto::hmac(crypto::Digest::sha256, secret_, (sha256 ? "256" : "1") + name), like, sha256);
}

void Strangers::refused_known(MonotonicTime begin) noexcept {
  const std::int64_t took = (monotonic_now() - begin).count();
  const std::int64_t before = refusal_nanoseconds_.load(std::memory_order_relaxed);
  refusal_nanoseconds_.store(before == 0 ? took : before + (took - before) / 8, std::memory_order_relaxed);
}

void Strangers::wait_as_if_known(MonotonicTime begin, std::string_view password) const {
  const Duration usual(refusal_nanoseconds_.load(std::memory_order_relaxed));
  if (usual == Duration::zero()) return crypto::spend_password_check(password);
  std::this_thread::sleep_until(begin + std::min(usual, wait_max));
}

}  // namespace ringpost::account
