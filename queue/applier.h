// Puts accepts and outcomes into RocksDB, in the one order in which they were handed in: the indexer without its
// thread, so that recovery and tests can drive it.
//
// Items wait here a little on purpose. An accept whose recipients are all final before it was applied vanishes together
// with its outcomes: only the watermarks move past both. What is applied goes as one batch: records, due entries, live
// octets, counts, and for each log the position up to which everything is applied.
//
// One thread, except where it says otherwise. Invariants:
//   - a prefix of what was taken has been applied, and watermarks say which;
//   - octets that became dead are told to the SegmentTable only after RocksDB was synced, so that a segment is never
//     recycled while a power cut could bring back a record that refers to it; for the same reason the pins of an accept
//     (IndexItem::pins) are kept until then.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "queue/index_item.h"
#include "queue/keys.h"
#include "queue/segment_table.h"
#include "queue/store.h"

namespace ringpost::queue {

/// What an outcome makes of a recipient; applying it twice is the same as once.
void apply_outcome(RecipientState& state, const Outcome::Item& item);
bool is_final(const std::vector<RecipientState>& recipients) noexcept;
bool is_deferred(const std::vector<RecipientState>& recipients) noexcept;

class Applier {
 public:
  /// `logs`: sequence numbers are kept for logs below it.
  Applier(Store& store, SegmentTable& segments, std::size_t logs);

  /// Reads the counts. Errors: as the store's.
  Result<void> open();
  void take(std::unique_ptr<IndexItem> item, MonotonicTime arrived);
  /// For recovery: `id` is in RocksDB already, its accept is not to be taken.
  Result<bool> knows(const MessageId& id) const;

  std::size_t waiting() const noexcept { return items_.size(); }
  /// When the oldest item that waits arrived; only while waiting() > 0.
  MonotonicTime oldest() const noexcept { return items_.front().arrived; }

  /// One batch of what arrived at or before `until`, at most `items_max`. On error nothing was applied and it may be
  /// called again. Returns whether there was anything.
  Result<bool> apply(MonotonicTime until, std::size_t items_max);
  /// Moves watermarks to where recovery found the logs to end, beyond the last record.
  Result<void> set_watermarks(const std::vector<std::pair<std::uint16_t, LogPosition>>& positions);
  /// Makes everything applied durable and lets go of what it pinned.
  Result<void> sync();
  bool dirty() const noexcept { return dirty_; }

  /// Where the bodies of these messages lie now (the compactor copied them); one synced batch. Messages that are gone
  /// are left out of what is returned.
  struct Move {
    MessageId id;
    std::vector<Extent> body;
  };
  Result<std::vector<MessagePointer>> move_bodies(const std::vector<Move>& moves, std::uint16_t log, LogPosition end);

  // Any thread.
  std::uint64_t applied_sequence(std::uint16_t log) const noexcept {
    return log < logs_ ? applied_[log].load(std::memory_order_acquire) : 0;
  }
  std::uint64_t messages() const noexcept { return clamp(messages_); }
  std::uint64_t deferred() const noexcept { return clamp(deferred_); }
  std::uint64_t unindexed() const noexcept { return unindexed_.load(std::memory_order_relaxed); }
  /// Reception time of the oldest pending message, in milliseconds; 0: none. Kept by look_for_oldest().
  std::int64_t oldest_message_ms() const noexcept { return oldest_ms_.load(std::memory_order_relaxed); }
  void look_for_oldest();

 private:
  struct Waiting {
    std::unique_ptr<IndexItem> item;
    MonotonicTime arrived;
  };
  struct Pending {
    MessagePointer message;
    std::vector<RecipientState> recipients;
  };
  struct Touched {  // by the batch being made
    bool stored = false;
    MessageRecord before;  // while stored
    MessageRecord after;
    bool gone = false;
  };
  struct Work;

  static std::uint64_t clamp(const std::atomic<std::int64_t>& count) noexcept {
    const std::int64_t value = count.load(std::memory_order_relaxed);
    return value < 0 ? 0 : static_cast<std::uint64_t>(value);
  }
  bool merge_into_pending(IndexItem& item);
  Result<void> add_to_work(Work& work, const IndexItem& item);
  Result<Touched*> touch(Work& work, const MessageId& id);
  void write_touched(Work& work, const MessageId& id, const Touched& touched);
  void committed(Work& work, std::size_t items);
  void count(std::atomic<std::int64_t>& counter, std::int64_t change) noexcept {
    counter.fetch_add(change, std::memory_order_relaxed);
  }

  Store& store_;
  SegmentTable& segments_;
  const std::size_t logs_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> applied_;

  std::deque<Waiting> items_;
  std::unordered_map<MessageId, Pending> pending_;

  // Since the last sync.
  bool dirty_ = false;
  std::map<std::uint16_t, LogPosition> watermarks_;
  std::map<SegmentKey, std::int64_t> died_;
  std::vector<std::shared_ptr<const void>> pins_;
  MessageId oldest_;

  std::atomic<std::int64_t> messages_{0};
  std::atomic<std::int64_t> deferred_{0};
  std::atomic<std::uint64_t> unindexed_{0};
  std::atomic<std::int64_t> oldest_ms_{0};
};

}  // namespace ringpost::queue
