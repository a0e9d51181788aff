// The marks in force (mark.h): written to RocksDB and synced before they are published, read by every core through a
// View. Whoever changes them tells the schedulers afterwards (Shared::tell_marks), and when these have answered nothing
// that a mark covers begins.
//
// Bounded: `marks_max` marks, `ids_max` message ids each; a mark that covers nothing any more is removed by the
// MarkReaper.
//
// Any thread, but none of a reactor's for what writes: it waits for the disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/current.h"
#include "queue/mark.h"

namespace ringpost::queue {

class Store;

class Steering {
 public:
  static constexpr std::size_t marks_max = 1000;
  static constexpr std::size_t ids_max = 1000;
  static constexpr std::size_t text_octets_max = 1024;  // of a reason, of an address

  explicit Steering(Store& store) noexcept : store_(store) {}
  /// Reads what is in force. Errors: as the store's.
  Result<void> open();

  const Current<const Marks>& current() const noexcept { return current_; }
  /// For a message that is being accepted (Message::generation).
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

  /// Gives `mark` its number and time. One like it (same kind and selector) is replaced. Errors: invalid (too many
  /// marks, a selector that a mark cannot have), no_space, io.
  Result<Mark> add(Mark mark);
  /// Removes these; returns what was there. Errors: no_space, io.
  Result<std::vector<Mark>> remove(const std::vector<std::uint64_t>& ids);

 private:
  Result<void> write(std::vector<Mark> all, const Mark* added, const std::vector<std::uint64_t>& removed);

  Store& store_;
  std::mutex mutex_;  // of writers
  Current<const Marks> current_{std::make_shared<const Marks>()};
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace ringpost::queue
