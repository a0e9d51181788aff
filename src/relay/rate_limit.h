// So many messages, and so many connections, in a time towards one site, all workers together: token buckets that hold
// what a second brings (at least one token). Only routes with a rate are asked about, under a mutex.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/units.h"

namespace ringpost::relay {

/// Pure: one bucket.
class TokenBucket {
 public:
  /// Takes one token; otherwise returns how long to wait until there are some.
  Duration take(const Rate& rate, MonotonicTime now) noexcept;
  /// Full again: need not be remembered.
  bool is_full(MonotonicTime now) const noexcept { return now >= full_at_; }

 private:
  MonotonicTime full_at_ = MonotonicTime::min();
};

class RateLimit {
 public:
  static constexpr std::size_t remembered_keys_max = 4096;  // beyond it, buckets that are full are swept out

  /// Zero: go ahead, one is taken. Any thread.
  Duration take(const std::string& key, const Rate& rate, MonotonicTime now);

 private:
  std::mutex mutex_;  // protects buckets_
  std::unordered_map<std::string, TokenBucket> buckets_;
};

}  // namespace ringpost::relay
