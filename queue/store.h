// The door to RocksDB: the families of README.md, "Key layout", as typed reads and one kind of write, a Batch that is
// applied as a whole or not at all. Batches are not synced; sync() makes everything before it durable. After a crash
// RocksDB holds a prefix of the batches.
//
// Reads: any thread that may wait for a disk (offload pool, indexer, tests). Writes: the indexer thread only (but for
// marks), or recovery before it runs. Exceptions and Status do not leave this door.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "queue/keys.h"
#include "queue/log_position.h"
#include "queue/message_record.h"
#include "queue/segment_table.h"

namespace ringpost::queue {

/// Counts kept in `meta`, changed in the same batch as the records they count.
struct StoreCounts {
  std::int64_t messages = 0;
  std::int64_t deferred = 0;
};

/// How much RocksDB may keep in memory: blocks that it has read, and what it has not written yet.
struct StoreMemory {
  std::uint64_t block_cache_octets = 32ULL << 20;
  std::uint64_t write_buffer_octets = 16ULL << 20;
};

class Store;

class Batch {
 public:
  explicit Batch(const Store& store);
  ~Batch();

  void put_message(const MessageId& id, std::string_view record);
  void delete_message(const MessageId& id);
  void put_due(const DueKey& key, const DueValue& due);
  void delete_due(const DueKey& key);
  void add_live(SegmentKey key, std::int64_t octets);
  void forget_segment(SegmentKey key);
  void set_watermark(std::uint16_t log, LogPosition position);
  void add_counts(const StoreCounts& change);
  bool empty() const noexcept;
  std::size_t octets() const noexcept;

 private:
  friend class Store;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The marks of an operator (mark.h), encoded, in order of their numbers.
struct StoredMarks {
  std::uint64_t generation = 0;  // the highest number that was ever used
  std::vector<std::string> marks;
};

/// What is due of one class of one destination in one lane.
struct DueScan {
  std::uint16_t lane = 0;
  std::string destination;
  DuePosition from;  // entries before it are not looked at, and their tombstones not stepped over
  WallTime until;    // due at most then
  std::size_t entries_max = 0;
  std::size_t looked_at_max = SIZE_MAX;
  std::size_t octets_max = SIZE_MAX;  // of records; the one that passes it is the last
  /// Recipients that are passed over as if they were not there; any thread. Empty: none.
  std::function<bool(const Message&, std::uint32_t recipient)> passes_over{};
  PriorityClass priority = PriorityClass::normal;
};

struct DueMessage {
  DuePosition position;
  std::vector<std::uint32_t> recipients;
  MessageRecord record;
};

struct DueScanResult {
  std::vector<DueMessage> messages;
  DuePosition next;                  // where the next scan begins
  bool exhausted = false;            // nothing more up to `until`
  std::optional<WallTime> next_due;  // known when exhausted: the first entry after `until`
  bool passed_over = false;          // DueScan::passes_over was true of some
};

class Store {
 public:
  static constexpr std::uint32_t schema_version = 4;

  /// Opens or creates. Blocking. Errors: refused (a newer schema: nothing was written), corrupt, no_space, io.
  static Result<std::unique_ptr<Store>> open(const std::string& directory, const StoreMemory& memory = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Errors: no_space, io, corrupt. Nothing of the batch was applied then.
  Result<void> apply(Batch& batch);
  /// Puts mark `id` (0: none) and removes others; synced with everything applied before. Any thread that may wait.
  Result<void> write_marks(std::uint64_t id, std::string_view mark, const std::vector<std::uint64_t>& removed);
  /// All applied batches survive a power cut.
  Result<void> sync();
  /// After a background error: asks RocksDB to try again.
  void resume();
  /// Why nothing should be put in, empty while healthy: a background error or a write stall. Any thread, cheap enough
  /// for a check a millisecond.
  bool healthy() const noexcept;
  std::string unhealthy_reason() const;

  /// nullopt: not there. Errors: io, corrupt.
  Result<std::optional<MessageRecord>> find(const MessageId& id) const;
  Result<DueScanResult> scan_due(const DueScan& scan) const;
  /// The first entry of each class of each destination of `lane`, in order, by seeking past whole ranges.
  Result<void> each_destination(std::uint16_t lane, const std::function<void(DueKey&&)>& visit) const;
  /// The smallest lane >= `from` that has something due.
  Result<std::optional<std::uint16_t>> next_lane(std::uint32_t from) const;

  // In order of key; `visit` returns false to stop. A record that cannot be read is reported and passed over, here and
  // in scan_due().
  Result<void> each_message(const MessageId& from, const std::function<bool(const MessageRecord&)>& visit) const;
  Result<void> each_due(const std::function<bool(const DueKey&, const DueValue&)>& visit) const;
  Result<std::optional<MessageId>> first_message(const MessageId& from) const;
  Result<std::vector<std::pair<SegmentKey, std::int64_t>>> live_segments() const;
  Result<std::vector<std::pair<std::uint16_t, LogPosition>>> watermarks() const;
  Result<StoreCounts> counts() const;
  Result<StoredMarks> marks() const;

 private:
  friend class Batch;
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::queue
