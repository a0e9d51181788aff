// The queue: accepts messages durably and offers them for delivery until each recipient is final. See README.md for the
// states of a message, what is durable when, and every crash point.
//
// One Queue a process: it owns the data directory (locked), RocksDB, the segment table and the indexer thread. One
// Shard a worker, on the worker's core: its spool log and its scheduler.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/reactor.h"
#include "io/task.h"
#include "queue/attempt.h"
#include "queue/options.h"
#include "queue/scheduler.h"
#include "queue/upload.h"

namespace ringpost::queue {

class FileSystem;
class Inspector;
class Shard;

/// The questions the queue asks from above, set once.
struct Callbacks {
  /// The destination of a recipient, by what its message wants of TLS: a string that names the next hop
  /// ("smtp://127.0.0.1:25", "mx:example.org,requiretls", "maildir:/var/mail/{domain}/{local}", ...). Any thread; must
  /// be pure and quick.
  std::function<std::string(const mail::Address&, mail::TlsWish)> route_key;
};

struct RecoveryReport {
  std::uint64_t accepts_replayed = 0;
  std::uint64_t outcomes_replayed = 0;
  std::vector<MessageId> in_doubt;  // begun but not ended: may be delivered twice
  Duration took{};
};

struct Gauges {
  std::uint64_t messages = 0;  // in the queue, indexed or not
  std::uint64_t messages_deferred = 0;
  std::uint64_t unindexed = 0;
  std::uint64_t disk_free_octets = 0;
  std::uint64_t segments = 0;
  std::uint64_t segments_free = 0;
  std::uint64_t live_octets = 0;  // body octets that queued messages refer to
  Duration oldest_age{};
};

class Queue {
 public:
  /// Locks the data directory, opens RocksDB, replays the logs. Blocking; before the workers start.
  /// Errors: refused (another process holds the directory; a newer schema; a log file is missing or unreadable),
  /// no_space, io, corrupt.
  static Result<std::unique_ptr<Queue>> open(const Options& options, Callbacks callbacks);
  static Result<std::unique_ptr<Queue>> open(const Options& options, Callbacks callbacks, FileSystem& files);
  ~Queue();

  const RecoveryReport& recovery() const noexcept;
  /// Creates worker `number`'s shard on the calling thread, whose reactor it is; starts its scheduler.
  Result<std::unique_ptr<Shard>> make_shard(std::uint16_t number, io::Reactor& reactor);

  /// Any thread.
  Gauges gauges() const;
  /// Why no new message is taken, empty while healthy. Any thread.
  std::string unhealthy_reason() const;
  /// Memory is short: the windows of the shards become small, and what is beyond goes back to the disk, now and again
  /// with each call; false: it is no longer. Any thread.
  void set_memory_short(bool is_short);
  /// Listing and changing what is queued. Any thread but a reactor's (it reads the disk).
  Inspector& inspector() noexcept;

  /// After all shards are closed: applies what the indexer still has, syncs, releases the lock.
  void close();

 private:
  friend class Shard;
  struct Impl;
  explicit Queue(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Shard {
 public:
  struct Impl;  // private to queue/ (shard_impl.h)
  ~Shard();

  /// Room for one more message? Errors say what to answer: no_space 452 4.3.1, unavailable 421 4.3.2 or 451 4.3.2.
  Result<Upload> begin_upload();
  /// How long to wait before begin_upload(), so that delivery keeps pace with intake (in_flow.h); mostly zero.
  Duration in_flow_delay() noexcept;
  Scheduler& scheduler() noexcept;
  io::Reactor& reactor() noexcept;
  /// Flushes the log and waits for what is in flight (bounces included).
  io::Task<> close();

 private:
  friend class Queue;
  friend class Upload;
  friend class Attempt;
  friend class Scheduler;
  explicit Shard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::queue
