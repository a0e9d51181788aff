// Finished log lines of one thread on their way to the log thread. One producer, one consumer, no lock; the producer
// never waits: a line that does not fit is refused. Invariant: consumed <= produced <= consumed + capacity.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>

namespace ringpost::telemetry {

class LogRing {
 public:
  static constexpr std::size_t capacity_octets = 256 << 10;  // some 600 lines; the log thread looks every 5 ms

  /// Producer. False: no room.
  bool push(std::string_view line) noexcept {
    const std::size_t produced = produced_.load(std::memory_order_relaxed);
    if (capacity_octets - (produced - consumed_.load(std::memory_order_acquire)) < line.size()) return false;
    const std::size_t at = produced % capacity_octets;
    const std::size_t first = std::min(line.size(), capacity_octets - at);
    std::memcpy(octets_.get() + at, line.data(), first);
    std::memcpy(octets_.get(), line.data() + first, line.size() - first);
    // Sequentially consistent, for the wake-up in log.cc: produced before asking whether the log thread sleeps.
    produced_.store(produced + line.size(), std::memory_order_seq_cst);
    return true;
  }

  /// Consumer: all octets there are, in order, in at most two pieces.
  std::array<std::string_view, 2> readable() const noexcept {
    const std::size_t consumed = consumed_.load(std::memory_order_relaxed);
    const std::size_t count = produced_.load(std::memory_order_seq_cst) - consumed;
    const std::size_t at = consumed % capacity_octets;
    const std::size_t first = std::min(count, capacity_octets - at);
    return {std::string_view(octets_.get() + at, first), std::string_view(octets_.get(), count - first)};
  }
  void consume(std::size_t octets) noexcept {
    consumed_.store(consumed_.load(std::memory_order_relaxed) + octets, std::memory_order_release);
  }

  /// The producing thread has ended; what is readable is the last of it.
  std::atomic<bool> finished{false};

 private:
  std::unique_ptr<char[]> octets_ = std::make_unique_for_overwrite<char[]>(capacity_octets);
  alignas(64) std::atomic<std::size_t> produced_{0};
  alignas(64) std::atomic<std::size_t> consumed_{0};
};

}  // namespace ringpost::telemetry
