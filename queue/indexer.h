// The thread that keeps RocksDB up with the logs, off the path of the 250. Workers hand items in without a lock; it
// applies them once they are Options::index_lag old (Applier), and syncs RocksDB about once a second, which is what
// lets segments be recycled. When RocksDB cannot write, items stay and it tries again; overloaded() then stops new
// mail.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/intrusive.h"
#include "base/result.h"
#include "queue/applier.h"
#include "queue/options.h"

namespace ringpost::queue {

class Indexer {
 public:
  /// `applier` and `store` outlive it.
  Indexer(Applier& applier, Store& store, const Options& options);
  ~Indexer();
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  /// Runs on the indexer thread about once a second, or at once again where it returns true: the compactor, the
  /// MarkReaper.
  void set_idle_work(std::function<bool()> work) { idle_work_ = std::move(work); }
  void start();
  /// Applies everything that was handed in, syncs, ends the thread. Idempotent.
  void stop();

  /// Any thread, never blocks.
  void hand_in(std::unique_ptr<IndexItem> item);

  /// Everything with a sequence up to this, of this log, is in RocksDB.
  std::uint64_t applied_sequence(std::uint16_t log) const noexcept { return applier_.applied_sequence(log); }
  /// Too far behind to take another message.
  bool overloaded() const noexcept;
  /// Accepts handed in and neither applied nor vanished.
  std::uint64_t unindexed() const noexcept;
  std::string unhealthy_reason() const;

  /// Returns when everything handed in before the call is in RocksDB (and synced if `sync`). Blocking: not on a
  /// reactor. Errors: unavailable when RocksDB cannot write or `wait_max` has passed.
  Result<void> flush(bool sync, Duration wait_max);

 private:
  void run();
  void take_all();
  bool turn();
  void settle(std::uint64_t flush, bool sync, const Result<void>& result);
  void sleep(Duration at_most);
  void wake() noexcept;

  Applier& applier_;
  Store& store_;
  const Duration lag_;
  const std::uint64_t unindexed_max_;
  std::function<bool()> idle_work_;

  MpscStack stack_;
  std::atomic<std::uint64_t> accepts_in_stack_{0};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> failing_{false};
  int wakeup_ = -1;  // eventfd
  std::thread thread_;

  // Indexer thread only.
  MonotonicTime synced_at_{};
  MonotonicTime retry_at_{};
  MonotonicTime worked_at_{};

  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable flushed_;
  bool stopping_ = false;
  bool sync_wanted_ = false;
  std::uint64_t flush_wanted_ = 0;
  std::uint64_t flush_done_ = 0;
  std::string reason_;
};

}  // namespace ringpost::queue
