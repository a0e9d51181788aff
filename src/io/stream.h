// A connection as its user sees it: octets in as slices, octets out as vectors. Implemented by Connection (plain) and,
// one rank up, by TLS over one. One reader and one writer at a time, on one core; close() is awaited before it is
// destroyed.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string_view>

#include "base/result.h"
#include "io/cancel.h"
#include "io/deadline.h"
#include "io/slice.h"
#include "io/task.h"

namespace ringpost::io {

class Stream {
 public:
  virtual ~Stream() = default;

  /// The next octets; an empty slice when the peer has ended its side. Errors: closed, timed_out, cancelled, io.
  virtual Task<Result<Slice>> receive(Deadline deadline, Cancel cancel) = 0;
  /// All of it. The memory stays valid until the task ends. Errors: as receive(); how much went out is then unknown.
  virtual Task<Result<void>> send(std::span<const iovec> octets, Deadline deadline, Cancel cancel) = 0;
  /// Octets are there that receive() would return without waiting.
  virtual bool has_pending() const noexcept = 0;
  /// No more octets from us; what the peer still sends can be received. Never waits.
  virtual void end_sending() noexcept = 0;
  /// Ends the conversation and lets the kernel go of all memory. Never fails; never longer than the kernel needs to
  /// cancel.
  virtual Task<> close() = 0;

  Task<Result<void>> send(std::string_view octets, Deadline deadline, Cancel cancel);
};

}  // namespace ringpost::io
