#include "queue/in_flow.h"

namespace ringpost::queue {

Duration InFlow::delay(std::size_t ready, Duration pause, MonotonicTime now) noexcept {
  using Seconds = std::chrono::duration<double>;
  if (now - begun_ >= window) {
    per_second_ = static_cast<double>(finished_) / Seconds(now - begun_).count();
    finished_ = 0;
    begun_ = now;
  }
  if (ready <= few_messages) return Duration::zero();
  const bool soon_done = static_cast<double>(ready) < per_second_ * Seconds(long_wait).count();
  return soon_done ? pause : Duration::zero();
}

}  // namespace ringpost::queue
