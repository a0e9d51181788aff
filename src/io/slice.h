// A Slice is a piece of received octets, where the kernel put them or copied out: a view with a share in the memory
// behind it. The memory (a Block) returns to its pool when its last slice is dropped, so that whatever holds a slice,
// a command being parsed or a spool write in flight, keeps exactly those octets alive. Slices live on one core: the
// count is not atomic.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace ringpost::io {

/// Memory shared by slices. Owned by whoever `release` gives it back to.
struct Block {
  using Release = void (*)(Block&) noexcept;
  std::uint32_t references = 0;
  std::uint32_t capacity = 0;
  char* data = nullptr;
  Release release = nullptr;
};

class Slice {
 public:
  Slice() noexcept = default;
  /// Takes a share in `block`; `octets` lies inside its memory.
  Slice(Block& block, std::string_view octets) noexcept : octets_(octets), block_(&block) { ++block.references; }
  Slice(const Slice& other) noexcept : octets_(other.octets_), block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  Slice(Slice&& other) noexcept
      : octets_(std::exchange(other.octets_, {})), block_(std::exchange(other.block_, nullptr)) {}
  Slice& operator=(Slice other) noexcept {
    std::swap(octets_, other.octets_);
    std::swap(block_, other.block_);
    return *this;
  }
  ~Slice() { drop(); }

  /// Copies `octets` into memory of its own. The octets are counted (`octets_copied_total`) by the caller.
  static Slice copy_of(std::string_view octets);
  /// Octets that outlive every slice (literals): no memory, no count.
  static Slice borrowed(std::string_view octets) noexcept {
    Slice slice;
    slice.octets_ = octets;
    return slice;
  }

  std::string_view view() const noexcept { return octets_; }
  const char* data() const noexcept { return octets_.data(); }
  std::size_t size() const noexcept { return octets_.size(); }
  bool empty() const noexcept { return octets_.empty(); }
  /// The memory behind it is a kernel receive buffer, which others wait for.
  bool holds_ring_buffer() const noexcept { return block_ != nullptr && block_->capacity != 0; }

  Slice sub(std::size_t offset, std::size_t count = std::string_view::npos) const noexcept {
    Slice piece(*this);
    piece.octets_ = octets_.substr(offset, count);
    return piece;
  }
  void remove_prefix(std::size_t count) noexcept {
    RINGPOST_ASSERT(count <= octets_.size());
    octets_.remove_prefix(count);
  }

 private:
  void drop() noexcept {
    if (block_ != nullptr && --block_->references == 0) block_->release(*block_);
    block_ = nullptr;
  }

  std::string_view octets_;
  Block* block_ = nullptr;  // null: borrowed or empty
};

}  // namespace ringpost::io
