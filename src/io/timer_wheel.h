// Timers by the hundred thousand (every wait of every session has one): a hierarchical wheel of four levels with 256
// slots, 1 ms wide on the lowest level. Arming and disarming are O(1); a timer moves down at most three times.
// A timer fires at its time or up to one millisecond later, never earlier. Beyond 49 days it fires at 49 days.
// Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 7.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "base/intrusive.h"

namespace ringpost::io {

class Timer : public ListNode {
 public:
  virtual void on_timer() noexcept = 0;

 protected:
  ~Timer() = default;

 private:
  friend class TimerWheel;
  std::uint64_t tick_ = 0;
};

class TimerWheel {
 public:
  explicit TimerWheel(MonotonicTime start) noexcept : start_(start) {}

  /// `timer` is disarmed by unlink(), by firing, and by its destructor. Arming an armed timer moves it.
  void arm(Timer& timer, MonotonicTime at) noexcept;
  /// Fires everything due at `now`. Timers armed by a firing timer for a time not later than `now` fire on the next
  /// call.
  void advance(MonotonicTime now) noexcept;
  /// When advance() has something to do next; MonotonicTime::max() if nothing is armed. May be early, never late.
  MonotonicTime next() const noexcept;

 private:
  static constexpr unsigned levels = 4;
  static constexpr unsigned slot_bits = 8;
  static constexpr std::uint64_t slots = 1ULL << slot_bits;

  void place(Timer& timer) noexcept;
  void cascade(unsigned level) noexcept;
  std::uint64_t ticks_until_occupied() const noexcept;

  MonotonicTime start_;
  std::uint64_t tick_ = 0;  // everything up to and with this tick has fired
  struct Level {
    std::array<IntrusiveList<Timer>, slots> slot;
    // A set bit may be stale (the timer was disarmed); a clear bit is always true.
    mutable std::array<std::uint64_t, slots / 64> occupied{};
  };
  mutable std::array<Level, levels> level_;
};

}  // namespace ringpost::io
