// The door to liburing: sets up one ring with the flags the kernel has, queues requests, waits, and hands completions
// out. Included by io/*.cc only. Not thread-safe; single issuer.
#pragma once

#include <liburing.h>

#include <memory>
#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "io/operation.h"
#include "io/options.h"

namespace ringpost::io {

class Ring {
 public:
  static Result<std::unique_ptr<Ring>> create(const Options& options);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  io_uring& raw() noexcept { return ring_; }
  /// Whether the kernel holds it to the operations of ring_operations.h.
  bool restricted() const noexcept { return restricted_; }
  void queue(const Request& request, Operation& operation) noexcept;
  void queue_linked(std::span<const Request> requests, Operation* const* operations) noexcept;
  void queue_cancel(Operation& operation) noexcept;
  /// A message to another ring: `operation` of that ring completes there with `result` 0.
  void queue_wake(int ring_descriptor, Operation& operation) noexcept;

  /// Submits, waits until a completion is there or `until` has come (not at all when `until` is in the past), and calls
  /// complete() for each completion. `slept` is the part spent waiting.
  void submit_and_collect(MonotonicTime until, MonotonicTime now, Duration& slept) noexcept;

 private:
  Ring() noexcept = default;
  io_uring_sqe& next_entry() noexcept;

  io_uring ring_{};
  bool ready_ = false;
  bool restricted_ = false;
};

}  // namespace ringpost::io
