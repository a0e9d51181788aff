// How many connections a site bears, learned from how it answers: few at first, one more for each message it takes (so
// their number doubles in each round) until something goes wrong; then half as many, and from there one more for each
// round. Trouble that many connections see at once counts once, and for a moment nothing is tried beyond what works:
// one second, and twice as long each time it comes back soon.
//
// Pure; one a site, behind the mutex of ConnectionLimit.
// Source: V. Jacobson, "Congestion Avoidance and Control" (1988): slow start, additive increase, multiplicative
// decrease.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace ringpost::relay {

class Concurrency {
 public:
  static constexpr std::uint32_t first = 5;                        // as Postfix begins
  static constexpr Duration rest_first = std::chrono::seconds(1);  // trouble that falls within a rest is the same
  static constexpr Duration rest_max = std::chrono::seconds(30);

  std::uint32_t allowed(std::uint32_t max) const noexcept { return std::min(window_, max); }

  /// `messages` were taken since the last word.
  void succeeded(std::uint32_t messages, std::uint32_t max) noexcept {
    if (window_ < threshold_) {
      // A route with a lower maximum to the same site takes nothing back.
      window_ = std::max(window_, std::min(window_ + messages, std::min(threshold_, max)));
      return;
    }
    for (credit_ += messages; credit_ >= window_ && window_ < max;) credit_ -= window_++;
    credit_ = std::min(credit_, window_);
  }
  /// False: it was counted a moment ago.
  bool troubled(MonotonicTime now) noexcept {
    if (is_resting(now)) return false;
    const bool is_soon = now < rests_until_ + 2 * rest_;
    rest_ = is_soon ? std::min(2 * rest_, rest_max) : rest_first;
    rests_until_ = now + rest_;
    window_ = threshold_ = std::max(window_ / 2, 1U);
    credit_ = 0;
    return true;
  }
  /// No new connection while others work.
  bool is_resting(MonotonicTime now) const noexcept { return now < rests_until_; }
  bool is_at(std::uint32_t max) const noexcept { return window_ >= max; }
  bool has_had_trouble() const noexcept { return threshold_ != unknown; }

 private:
  static constexpr std::uint32_t unknown = UINT32_MAX;
  std::uint32_t window_ = first;
  std::uint32_t threshold_ = unknown;  // from here on one more a round
  std::uint32_t credit_ = 0;           // messages towards the next one
  Duration rest_{};
  MonotonicTime rests_until_{};
};

}  // namespace ringpost::relay
