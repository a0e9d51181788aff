#include "relay/rate_limit.h"

#include <algorithm>

namespace ringpost::relay {

namespace {

// Whoever waits is not woken for each token of a fast rate.
constexpr Duration wait_min = std::chrono::milliseconds(1);

}  // namespace

// The bucket is kept as the moment at which it will be full: each token taken moves it away by the time that brings
// one.
Duration TokenBucket::take(const Rate& rate, MonotonicTime now) noexcept {
  const Duration each = rate.per / rate.count;
  const Duration depth = std::max<Duration>(each, std::chrono::seconds(1));
  const MonotonicTime full_at = std::max(full_at_, now) + each;
  if (full_at - now > depth) return std::max<Duration>(full_at - now - depth, wait_min);
  full_at_ = full_at;
  return Duration::zero();
}

Duration RateLimit::take(const std::string& key, const Rate& rate, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() > remembered_keys_max) {
    std::erase_if(buckets_, [now](const auto& entry) { return entry.second.is_full(now); });
  }
  return buckets_[key].take(rate, now);
}

}  // namespace ringpost::relay
