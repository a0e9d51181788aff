#include "policy/auth_failures.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/text.h"

namespace ringpost::policy {

namespace {

constexpr std::size_t entries_max = 100'000;
constexpr std::size_t login_octets_max = 256;  // of a longer one this much counts

/// The network that guesses together: an IPv4 address, an IPv6 /64.
std::string network_of(const IpAddress& client) {
  const std::size_t octets = client.is_v4() ? client.octets.size() : client.octets.size() / 2;
  return {reinterpret_cast<const char*>(client.octets.data()), octets};
}

class Counted final : public AuthFailures {
 public:
  explicit Counted(const AuthFailureLimits& limits) : limits_(limits) {}

  void set_limits(const AuthFailureLimits& limits) override {
    const std::scoped_lock lock(mutex_);
    limits_ = limits;
  }

  AuthStanding standing(const IpAddress& client, std::string_view login, MonotonicTime now) override {
    const std::scoped_lock lock(mutex_);
    const AuthStanding whole = standing_of(network_of(client), now);
    if (login.empty()) return whole;
    const AuthStanding own = standing_of(key_of(client, login), now);
    return {std::max(whole.blocked_for, own.blocked_for), std::max(whole.failures, own.failures)};
  }

  Duration failed(const IpAddress& client, std::string_view login, MonotonicTime now) override {
    const std::scoped_lock lock(mutex_);
    const std::string network = network_of(client);
    // A blocked network is not asked for more, so it cannot fill the table with logins either.
    const bool blocked = standing_of(network, now).blocked_for > Duration::zero();
    const std::uint32_t failures = count(network, now);
    if (!login.empty() && !blocked) count(key_of(client, login), now);
    Duration delay = limits_.delay;
    for (std::uint32_t i = 1; i < failures && delay < limits_.delay_max; ++i) delay += delay;
    return std::min(delay, limits_.delay_max);
  }

  void succeeded(const IpAddress& client, std::string_view login, MonotonicTime) override {
    const std::scoped_lock lock(mutex_);
    const auto at = by_key_.find(key_of(client, login));
    if (login.empty() || at == by_key_.end()) return;
    entries_.erase(at->second);
    by_key_.erase(at);
  }

 private:
  struct Entry {
    std::string key;
    std::uint32_t failures = 0;
    MonotonicTime since;          // the window these failures belong to began here
    MonotonicTime blocked_until;  // long ago: not blocked
  };
  using Entries = std::list<Entry>;  // the one that failed last in front

  /// Logins compare without case here: another spelling is not another guess.
  static std::string key_of(const IpAddress& client, std::string_view login) {
    std::string key = network_of(client);
    return key.append("\n").append(to_lower(login.substr(0, login_octets_max)));
  }

  AuthStanding standing_of(const std::string& key, MonotonicTime now) const {
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return {};
    const Entry& entry = *at->second;
    if (entry.blocked_until > now) return {entry.blocked_until - now, entry.failures};
    return {Duration::zero(), forgotten(entry, now) ? 0 : entry.failures};
  }

  /// A penalty that is over ends its window too: who comes back has the limit again.
  bool forgotten(const Entry& entry, MonotonicTime now) const {
    const bool served = entry.blocked_until != MonotonicTime{} && entry.blocked_until <= now;
    return served || now - entry.since >= limits_.window;
  }

  std::uint32_t count(const std::string& key, MonotonicTime now) {
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) {
      if (entries_.size() == entries_max) drop_oldest();
      entries_.push_front({key, 0, now, {}});
      by_key_.emplace(key, entries_.begin());
    } else {
      entries_.splice(entries_.begin(), entries_, at->second);
    }
    Entry& entry = entries_.front();
    const bool blocked = entry.blocked_until > now;
    if (!blocked && forgotten(entry, now)) entry = {entry.key, 0, now, {}};
    if (entry.failures < UINT32_MAX) ++entry.failures;
    // One that was already under way when the block began does not make it longer.
    if (!blocked && limits_.failures_max != 0 && entry.failures >= limits_.failures_max)
      entry.blocked_until = now + limits_.penalty;
    return entry.failures;
  }

  void drop_oldest() {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }

  std::mutex mutex_;
  // Under mutex_:
  AuthFailureLimits limits_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> by_key_;
};

}  // namespace

std::unique_ptr<AuthFailures> AuthFailures::create(const AuthFailureLimits& limits) {
  return std::make_unique<Counted>(limits);
}

}  // namespace ringpost::policy
