// Memory for coroutine frames: a free list per size class and thread, because a session makes and drops a frame for
// every line it waits for. A frame that ends on another thread than it began on (none does today) would only move to
// that thread's list. Under sanitizers it is plain new and delete, so that they see every lifetime.
#pragma once

#include <cstddef>

namespace ringpost::io {

class FramePool {
 public:
  static void* allocate(std::size_t octets);
  static void release(void* frame, std::size_t octets) noexcept;
};

}  // namespace ringpost::io
