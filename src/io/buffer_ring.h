// The receive buffers of one core, lent to the kernel as a provided-buffer ring: a multishot receive takes a buffer
// when octets arrive, so an idle connection holds none. A buffer comes back when the last Slice of it is dropped. When
// all that were offered are out, receives end with -ENOBUFS; their owners wait here and are told when buffers are free.
//
// The kernel takes buffers in the order in which they were offered. With all of them offered it would go through the
// whole memory before it came back to the first, and each octet would miss the cache; so few are offered at a time, and
// the one that came back last goes first.
//
// Slices can outlive the reactor's loop but not this object: the reactor destroys it last and asserts that all are
// home.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/intrusive.h"
#include "base/result.h"
#include "io/options.h"
#include "io/slice.h"

namespace ringpost::io {

class Ring;

class BufferWaiter : public ListNode {
 public:
  virtual void on_buffers_free() noexcept = 0;

 protected:
  ~BufferWaiter() = default;
};

class BufferRing {
 public:
  static constexpr std::uint16_t group = 0;

  static Result<std::unique_ptr<BufferRing>> create(Ring& ring, const Options& options);
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  /// The kernel put `octets` octets into buffer `index`.
  Slice take(std::uint16_t index, std::uint32_t octets) noexcept;
  /// An empty completion that still used buffer `index` up.
  void give_back(std::uint16_t index) noexcept;

  std::uint32_t total() const noexcept { return total_; }
  std::uint32_t free() const noexcept { return total_ - out_; }
  /// Below a quarter: holders of slices that may wait long copy them out.
  bool is_scarce() const noexcept { return free() < total_ / 4; }

  /// `waiter` is told once, in turn, when a buffer is free.
  void wait(BufferWaiter& waiter) noexcept { waiters_.push_back(waiter); }
  /// At the end of a turn: offers buffers to the kernel, and tells as many waiters as there are offered. True: there
  /// are more of both, come again before sleeping.
  bool offer() noexcept;

 private:
  struct Impl;
  struct RingBlock : Block {
    BufferRing* owner = nullptr;
    std::uint16_t index = 0;
  };

  BufferRing();
  void recycle(RingBlock& block) noexcept;

  std::unique_ptr<Impl> impl_;
  std::vector<RingBlock> blocks_;
  IntrusiveList<BufferWaiter> waiters_;
  std::vector<RingBlock*> spare_;  // free and not offered; the last is the warmest
  std::uint32_t total_ = 0;
  std::uint32_t offered_max_ = 0;
  std::uint32_t offered_ = 0;
  std::uint32_t out_ = 0;
};

}  // namespace ringpost::io
