#include "relay/connection_limit.h"

#include <algorithm>

#include "base/assert.h"

namespace ringpost::relay {

std::optional<ConnectionLimit::Place> ConnectionLimit::try_open(const std::string& key, std::uint32_t max,
                                                                std::uint32_t held, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  if (counts_.size() > swept_above_) {
    std::erase_if(counts_, [now](const auto& entry) { return entry.second.is_idle(now); });
    swept_above_ = std::max(remembered_keys_max, 2 * counts_.size());
  }
  Count& count = counts_[key];
  const bool must_rest = count.open > 0 && count.concurrency.is_resting(now);
  if (must_rest || count.open >= count.concurrency.allowed(max)) {
    if (held == 0) count.starving_until = now + remembered;
    return std::nullopt;
  }
  if (held > 0 && now < count.starving_until) return std::nullopt;
  if (held == 0) count.starving_until = MonotonicTime::min();
  ++count.open;
  return Place(*this, key);
}

bool ConnectionLimit::others_wait(const std::string& key, MonotonicTime now) const {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  return known != counts_.end() && now < known->second.starving_until;
}

std::uint32_t ConnectionLimit::open(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  return known == counts_.end() ? 0 : known->second.open;
}

void ConnectionLimit::give_back(const std::string& key) noexcept {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  RINGPOST_ASSERT(known != counts_.end() && known->second.open > 0);
  // A worker that waits is remembered past the last connection: the place is for it, not for whoever closed.
  if (--known->second.open == 0 && known->second.is_idle(monotonic_now())) counts_.erase(known);
}

bool ConnectionLimit::succeeded(const std::string& key, std::uint32_t messages, std::uint32_t max) {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  if (known == counts_.end()) return true;
  known->second.concurrency.succeeded(messages, max);
  if (known->second.concurrency.has_had_trouble()) known->second.told_at = monotonic_now();
  return !known->second.concurrency.is_at(max);
}

bool ConnectionLimit::troubled(const std::string& key, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  Count& count = counts_[key];
  count.told_at = now;
  return count.concurrency.troubled(now);
}

bool ConnectionLimit::is_crowded(const std::string& key, std::uint32_t max) const {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  return known != counts_.end() && known->second.open > known->second.concurrency.allowed(max);
}

std::uint32_t ConnectionLimit::allowed(const std::string& key, std::uint32_t max) const {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  return known == counts_.end() ? Concurrency().allowed(max) : known->second.concurrency.allowed(max);
}

}  // namespace ringpost::relay
