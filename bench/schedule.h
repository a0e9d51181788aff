// Which messages a thread of the load may still send, and when each is due. Without a rate everything is due at once
// (closed loop: the next message when the reply to the one before has come). With a rate message n of the run is due at
// start + n / rate, whether or not the server keeps up, and latencies count from then on: a server that stalls is
// charged for the messages that had to wait, not only for the one it held (no coordinated omission).
//
// One per thread; the messages of the run are dealt out in turn, so that all threads together keep the rate.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "bench/load_options.h"

namespace ringpost::bench {

class Schedule {
 public:
  struct Ticket {
    std::uint64_t message = 0;  // number in the run, the same in every run of these options
    std::optional<MonotonicTime> due;
  };

  Schedule(const LoadOptions& options, std::uint32_t thread, MonotonicTime start) noexcept;

  /// nullopt: nothing more is to be sent, by this thread and for good.
  std::optional<Ticket> take(MonotonicTime now) noexcept;
  /// From now on take() has nothing more.
  void stop() noexcept { over_ = true; }
  /// take() has said, or would say, nullopt.
  bool over() const noexcept { return over_; }
  /// Messages that were to be sent and were never taken; 0 where only the duration ends the load.
  std::uint64_t left() const noexcept { return endless_ ? 0 : left_; }

 private:
  MonotonicTime start_;
  MonotonicTime end_ = MonotonicTime::max();
  double seconds_per_message_ = 0;
  std::uint64_t next_;
  std::uint64_t stride_;
  std::uint64_t left_;
  bool endless_;
  bool over_;
};

/// When the message began for whoever waits for it. `woke` is later than `due` by up to a millisecond because timers
/// are that coarse; that part is the generator's own and is not charged to the server.
MonotonicTime charged_from(MonotonicTime due, MonotonicTime woke, bool slept) noexcept;

}  // namespace ringpost::bench
