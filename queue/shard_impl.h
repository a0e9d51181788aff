// What a Shard is made of: the meeting point of the log side (SpoolLog, Upload) and the index side (Indexer, Scheduler,
// Attempt). Private to queue/. Everything here is touched on the shard's core only, except what says otherwise.
//
// How a record reaches the index, in one order. Whoever appends a record that the index must know makes an IndexItem
// (make_item) and gives it to the log together with the record. The log keeps it beside the record and, when the group
// that holds the record was written (and synced where asked), hands the items of the group in, in order of position,
// with `end` filled in; only then are the appenders resumed. So:
//   - items of one log reach the indexer in order of position, and an item never before its group was written;
//   - a message is in the indexer before it is in the scheduler.
// A group that failed: its accepts become nothing (item dropped), its outcomes are handed in with `end` = {} (no
// record; RocksDB alone carries them). A segment that is left hands in a `watermark` item with its end.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/reactor.h"
#include "io/scope.h"
#include "queue/in_flow.h"
#include "queue/index_item.h"
#include "queue/keys.h"
#include "queue/options.h"
#include "queue/queue.h"
#include "queue/report_text.h"
#include "queue/scheduler.h"
#include "queue/segment_table.h"
#include "queue/spool_log.h"
#include "queue/steering.h"
#include "queue/upload_site.h"

namespace ringpost::io {
class OffloadPool;
}

namespace ringpost::queue {

class Indexer;
class SegmentPins;
class Store;

/// Something to be done on a shard's core: run() is called there once, with the shard if it is still open.
class ShardParcel : public io::Parcel {
 public:
  Shard::Impl* shard = nullptr;  // set when it is posted

 protected:
  ~ShardParcel() = default;
};

/// What all shards share; owned by Queue::Impl, which outlives them.
struct Shared {
  Options options;
  Callbacks callbacks;
  ReportTexts report_texts;
  FileSystem* files = nullptr;
  SegmentTable* segments = nullptr;
  Store* store = nullptr;
  Steering* steering = nullptr;
  Indexer* indexer = nullptr;
  io::OffloadPool* offload = nullptr;
  std::atomic<bool> memory_short{false};

  /// The destination of a recipient, fit for a key. Any thread.
  std::string destination_of(const mail::Envelope& envelope, const mail::Recipient& recipient) const;
  /// Why the log of a worker refuses, empty: it does not. Any thread.
  void set_log_trouble(std::uint16_t worker, const std::string& why);
  std::string log_trouble();
  /// For the inspector: why a destination is postponed, empty: it is not. Any thread.
  void set_postponed(const std::string& destination, const std::string& why, WallTime until = {});
  struct Postponed {
    std::string why;
    WallTime until;
  };
  Postponed postponed(const std::string& destination);
  /// Shards that are open. Any thread.
  void enlist(Shard::Impl& shard);
  void leave(Shard::Impl& shard);
  /// The compactor copied these bodies; the windows and leases that know them are told.
  void tell_moved(std::vector<MessagePointer> messages, std::shared_ptr<SegmentPins> pins);
  /// Memory is short: every shard gives up what its windows can do without. Any thread.
  void tell_memory_short();
  /// The marks have changed: returns when all windows are without what they cover. Not on a reactor. Errors:
  /// unavailable when a worker does not answer before `wait_max`; zero: nobody waits.
  Result<void> tell_marks(Duration wait_max);
  /// The generation of the marks when the oldest lease there is was taken. Any thread.
  std::uint64_t oldest_lease();
  /// Sends `parcel` to the core of worker `worker`; false: its shard is not open.
  bool post(std::uint16_t worker, ShardParcel& parcel);

 private:
  std::mutex mutex_;  // protects what follows
  std::map<std::string, Postponed> postponed_;
  std::map<std::uint16_t, std::string> log_troubles_;
  std::map<std::uint16_t, Shard::Impl*> shards_;
};

struct Shard::Impl final : UploadSite, IndexSink {
  Impl(Shared& everything, std::uint16_t worker, io::Reactor& its_reactor);

  // UploadSite.
  SpoolLog& spool_log() noexcept override { return log; }
  SegmentTable& segment_table() noexcept override { return *shared.segments; }
  const Options& queue_options() const noexcept override { return shared.options; }
  std::uint16_t lane() const noexcept override { return number; }
  std::uint64_t generation() const noexcept override { return shared.steering->generation(); }
  std::vector<std::string> destinations_of(const mail::Envelope& envelope) const override;
  void schedule(MessagePointer message, const std::vector<std::string>& destinations, std::uint64_t sequence) override;
  // IndexSink and UploadSite.
  std::unique_ptr<IndexItem> make_item(IndexItem::Kind kind) override;
  void hand_in(std::unique_ptr<IndexItem> item) override;

  /// Puts what is queued in our lanes into the windows' view. Blocking: before the worker serves.
  Result<void> load();
  // For the inspector: the windows' side of its commands.
  /// `lift`: also where the next hop is thought to be down.
  void retry(const std::string& destination, std::uint16_t on_lane, const DuePosition& position, bool lift = true);
  void forget(const MessageId& id, const std::vector<std::string>& destinations);
  void shed();
  void moved(const std::vector<MessagePointer>& messages, const std::shared_ptr<SegmentPins>& pins);
  /// Why the log refuses, nullptr while healthy; told to whoever asks the Queue, until it is healthy again.
  const Error* log_trouble();
  /// Every item of ours up to this number is in RocksDB.
  std::uint64_t applied_sequence() const noexcept;
  std::uint64_t last_handed_in() const noexcept { return last_handed_in_; }
  /// Appends "attempt ended" and hands the outcome to the indexer; returns the item's sequence.
  std::uint64_t record_outcome(Outcome outcome);
  Scheduler::Impl& schedule_impl() noexcept { return *scheduler->impl_; }

  Shard* shard = nullptr;  // whose Impl this is; set right after construction
  Shared& shared;
  const std::uint16_t number;  // of the worker, its log and its lane
  io::Reactor& reactor;
  SpoolLog log;
  io::Scope scope;  // bounces, refills
  InFlow in_flow;
  std::unique_ptr<Scheduler> scheduler;
  bool closing = false;
  std::atomic<std::uint64_t> oldest_lease{UINT64_MAX};  // kept by the scheduler, read by any thread

 private:
  struct HealthTimer final : io::Timer {
    explicit HealthTimer(Impl& its_shard) noexcept : owner(its_shard) {}
    void on_timer() noexcept override { owner.log_trouble(); }
    Impl& owner;
  };
  HealthTimer health_timer_{*this};
  bool in_trouble_ = false;
  std::uint64_t items_made_ = 0;
  std::uint64_t last_handed_in_ = 0;
};

}  // namespace ringpost::queue
