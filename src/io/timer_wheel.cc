#include "io/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace ringpost::io {

namespace {

constexpr Duration tick_length = std::chrono::milliseconds(1);

}  // namespace

void TimerWheel::arm(Timer& timer, MonotonicTime at) noexcept {
  timer.unlink();
  const Duration wait = at <= start_ ? Duration::zero() : at - start_;
  // Rounded up: never early. The tick that is already over has fired.
  const auto tick = static_cast<std::uint64_t>((wait.count() + tick_length.count() - 1) / tick_length.count());
  timer.tick_ = std::clamp<std::uint64_t>(tick, tick_ + 1, tick_ + (1ULL << (levels * slot_bits)) - 1);
  place(timer);
}

void TimerWheel::place(Timer& timer) noexcept {
  const std::uint64_t distance = timer.tick_ ^ tick_;
  unsigned level = 0;
  while (level + 1 < levels && (distance >> ((level + 1) * slot_bits)) != 0) ++level;
  const std::uint64_t slot = (timer.tick_ >> (level * slot_bits)) & (slots - 1);
  level_[level].slot[slot].push_back(timer);
  level_[level].occupied[slot / 64] |= 1ULL << (slot % 64);
}

void TimerWheel::cascade(unsigned level) noexcept {
  const std::uint64_t slot = (tick_ >> (level * slot_bits)) & (slots - 1);
  IntrusiveList<Timer> moving;
  moving.splice_back(level_[level].slot[slot]);
  level_[level].occupied[slot / 64] &= ~(1ULL << (slot % 64));
  while (!moving.empty()) place(moving.pop_front());
}

void TimerWheel::advance(MonotonicTime now) noexcept {
  if (now <= start_) return;
  const auto target = static_cast<std::uint64_t>((now - start_) / tick_length);
  IntrusiveList<Timer> due;
  while (tick_ < target) {
    // An idle wheel skips ahead, but never over the border of a level, where timers move down.
    const std::uint64_t to_border = slots - (tick_ & (slots - 1));
    const std::uint64_t step = std::min({ticks_until_occupied(), to_border, target - tick_});
    tick_ += step;
    for (unsigned level = levels - 1; level > 0; --level) {
      if ((tick_ & ((1ULL << (level * slot_bits)) - 1)) == 0) cascade(level);
    }
    const std::uint64_t slot = tick_ & (slots - 1);
    due.splice_back(level_[0].slot[slot]);
    level_[0].occupied[slot / 64] &= ~(1ULL << (slot % 64));
  }
  while (!due.empty()) due.pop_front().on_timer();
}

std::uint64_t TimerWheel::ticks_until_occupied() const noexcept {
  // Ticks from tick_ + 1 to the first occupied slot of the lowest level, within this turn of it.
  std::uint64_t slot = (tick_ & (slots - 1)) + 1;
  while (slot < slots) {
    const std::uint64_t word = level_[0].occupied[slot / 64] >> (slot % 64);
    if (word == 0) {
      slot = (slot / 64 + 1) * 64;
      continue;
    }
    slot += static_cast<std::uint64_t>(std::countr_zero(word));
    if (!level_[0].slot[slot].empty()) return slot - (tick_ & (slots - 1));
    level_[0].occupied[slot / 64] &= ~(1ULL << (slot % 64));  // stale
  }
  return slots;
}

MonotonicTime TimerWheel::next() const noexcept {
  const std::uint64_t step = ticks_until_occupied();
  if (step < slots) return start_ + (tick_ + step) * tick_length;
  // Nothing on the lowest level: the first border behind which a higher level has something.
  for (unsigned level = 1; level < levels; ++level) {
    auto& upper = level_[level];
    const std::uint64_t current = (tick_ >> (level * slot_bits)) & (slots - 1);
    for (std::uint64_t slot = current + 1; slot < slots; ++slot) {
      if ((upper.occupied[slot / 64] >> (slot % 64)) == 0) {
        slot |= 63;
        continue;
      }
      if (upper.slot[slot].empty()) {
        upper.occupied[slot / 64] &= ~(1ULL << (slot % 64));
        continue;
      }
      const std::uint64_t base = (tick_ >> ((level + 1) * slot_bits)) << ((level + 1) * slot_bits);
      return start_ + (base + (slot << (level * slot_bits))) * tick_length;
    }
  }
  // The highest level wraps round every 49 days: what lies behind the wrap is looked at again at the next border.
  const auto& top = level_[levels - 1].occupied;
  if (std::ranges::all_of(top, [](std::uint64_t word) { return word == 0; })) return MonotonicTime::max();
  constexpr unsigned top_shift = (levels - 1) * slot_bits;
  return start_ + (((tick_ >> top_shift) + 1) << top_shift) * tick_length;
}

}  // namespace ringpost::io
