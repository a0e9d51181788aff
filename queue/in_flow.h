// When delivery should be given time. Where mail comes in faster than it goes out, and both want the same processors,
// every message that is accepted early only waits in the queue, and its clients take from delivery what delivery
// lacks: all are later, none is sooner. So a client waits a moment with its next message while delivery is behind by
// little. (Postfix: in_flow_delay; README.md, "Intake and delivery".) One per worker; on its core.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace ringpost::queue {

class InFlow {
 public:
  /// Behind by no more than this is not behind: about what the connections take next.
  static constexpr std::size_t few_messages = 64;
  /// Behind by more than this, it is not for want of processors: the next hops are slow, or the queue is long. Then no
  /// client waits.
  static constexpr Duration long_wait = std::chrono::seconds(1);

  /// `pause` (Options::in_flow_delay) or zero. `ready`: messages that could be delivered now and are not yet.
  Duration delay(std::size_t ready, Duration pause, MonotonicTime now) noexcept;
  /// A message left the hands of delivery, whatever became of it.
  void finished() noexcept { ++finished_; }

 private:
  static constexpr Duration window = std::chrono::milliseconds(100);

  MonotonicTime begun_{};  // of the window in which finished_ is counted
  std::uint64_t finished_ = 0;
  double per_second_ = 0;  // in the window before
};

}  // namespace ringpost::queue
