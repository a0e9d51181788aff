// Reads a body back, in order, by the ring, from the page cache in the usual case; never the whole of it in memory.
// Pins the segments it reads. Works on any core: it opens the segment files through the shared SegmentTable.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "io/reactor.h"
#include "io/task.h"
#include "queue/message_record.h"

namespace ringpost::queue {

class SegmentTable;

class BodyReader {
 public:
  BodyReader(io::Reactor& reactor, SegmentTable& segments, MessagePointer message) noexcept;
  BodyReader(BodyReader&&) noexcept;
  ~BodyReader();

  /// The next octets of the body (without the prefix), as many as fit; 0 at its end. Errors: io, corrupt.
  io::Task<Result<std::size_t>> read(std::span<char> into);
  std::uint64_t octets_left() const noexcept;
  void rewind() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::queue
