#include "bench/schedule.h"

#include <algorithm>
#include <limits>

namespace ringpost::bench {

Schedule::Schedule(const LoadOptions& options, std::uint32_t thread, MonotonicTime start) noexcept
    : start_(start), next_(thread), stride_(options.threads) {
  const std::uint64_t all = options.messages_in_all();
  endless_ = all == std::numeric_limits<std::uint64_t>::max();
  left_ = endless_ ? all : all / stride_ + (thread < all % stride_ ? 1 : 0);
  over_ = left_ == 0;
  if (options.rate > 0) seconds_per_message_ = 1 / options.rate;
  if (options.duration) end_ = start + *options.duration;
}

std::optional<Schedule::Ticket> Schedule::take(MonotonicTime now) noexcept {
  if (over_) return std::nullopt;
  Ticket ticket{.message = next_, .due = std::nullopt};
  if (seconds_per_message_ > 0) {
    const std::chrono::duration<double> offset(static_cast<double>(next_) * seconds_per_message_);
    ticket.due = start_ + std::chrono::duration_cast<Duration>(offset);
  }
  // What is due before the end but not begun by then is left out: the run ends when it was told to.
  if (now >= end_ || (ticket.due && *ticket.due >= end_)) {
    over_ = true;
    return std::nullopt;
  }
  next_ += stride_;
  if (!endless_ && --left_ == 0) over_ = true;
  return ticket;
}

MonotonicTime charged_from(MonotonicTime due, MonotonicTime woke, bool slept) noexcept {
  constexpr Duration timer_grain = std::chrono::milliseconds(1);
  return slept ? std::min(woke, due + timer_grain) : due;
}

}  // namespace ringpost::bench
