// What a client sends as the message: header fields of ours in front (prefix) and a body that is read piece by piece,
// so that a large one is never in memory as a whole. The facts come from whoever looked at the body when it arrived, so
// that nothing is scanned again on the way out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/result.h"
#include "io/task.h"

namespace ringpost::smtp {

class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next octets, as many as fit; 0 at the end. Errors: io, corrupt.
  virtual io::Task<Result<std::size_t>> read(std::span<char> into) = 0;
};

/// A body that lies in memory, which outlives it.
class MemoryBody final : public BodySource {
 public:
  explicit MemoryBody(std::string_view octets) noexcept : rest_(octets) {}
  io::Task<Result<std::size_t>> read(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), rest_.size());
    std::memcpy(into.data(), rest_.data(), count);
    rest_.remove_prefix(count);
    co_return count;
  }

 private:
  std::string_view rest_;
};

struct Content {
  std::string_view prefix;     // whole lines; outlives the sending
  BodySource* body = nullptr;  // owned by the caller; may be null where body_octets is 0
  std::uint64_t body_octets = 0;
  bool dot_at_line_start = false;  // some line begins with a dot: they are stuffed
  bool ends_with_crlf = true;      // otherwise DATA adds a CRLF, as RFC 5321 4.1.1.4 asks
};

}  // namespace ringpost::smtp
