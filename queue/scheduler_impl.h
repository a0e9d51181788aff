// The inside of a Scheduler. Private to queue/; on the shard's core.
//
// Every recipient that is ready or leased is *held*: a scan of RocksDB, which still shows it, must not offer it twice.
// It stays held after its outcome until the outcome is applied, because until then scans show what it was. `held_` maps
// it to the sequence number from which on scans show the truth; `in_memory` while it is ready or leased.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "io/reactor.h"
#include "io/wait_queue.h"
#include "queue/destination.h"
#include "queue/explain.h"
#include "queue/scheduler.h"
#include "queue/shard_impl.h"
#include "queue/steering.h"
#include "queue/store.h"

namespace ringpost::queue {

struct RecipientKey {
  MessageId message;
  std::uint32_t recipient = 0;
  bool operator==(const RecipientKey&) const = default;
};

struct RecipientKeyHash {
  std::size_t operator()(const RecipientKey& key) const noexcept {
    return std::hash<MessageId>()(key.message) + key.recipient * 0x9e3779b97f4a7c15ULL;
  }
};

/// Keeps segments pinned while somebody still reads a body where it lay before it was copied out.
class SegmentPins;

struct Scheduler::Impl {
  static constexpr std::uint64_t in_memory = UINT64_MAX;
  static constexpr std::size_t scans_max = 8;  // of this worker at a time
  // Bounces on their way to the log. Above it what fails is tried again later instead, so that a full disk or a flood
  // of failures does not fill the memory; only some are made at a time, since each quotes a header.
  static constexpr std::size_t bounces_max = 1000;
  static constexpr std::size_t bounces_at_a_time = 32;

  explicit Impl(Shard::Impl& its_shard);
  ~Impl();

  // Start and end.
  Result<void> load();
  void stop() noexcept { stopped_ = true; }

  // New mail, leases.
  void add(const MessagePointer& message, const std::vector<std::string>& destinations, std::uint64_t sequence);
  void give_back(const std::string& destination, Ready ready);
  /// The outcome of a held recipient is on its way to the indexer as item `sequence`.
  void settle(const std::string& destination, const RecipientKey& key, std::uint64_t sequence);
  /// A recipient waits in RocksDB (or will, once item `sequence` is applied) for its time.
  void note_on_disk(const std::string& destination, std::uint16_t lane, const DuePosition& position,
                    std::uint64_t sequence, PriorityClass priority = PriorityClass::normal);

  // What an operator wants; RocksDB has it already.
  void retry_now(const std::string& destination, std::uint16_t lane, const DuePosition& position, bool lift);
  void drop(const MessageId& id, const std::vector<std::string>& destinations);
  bool is_dropped(const MessageId& id) const { return dropped_.contains(id); }
  /// In a window, leased, or final and not applied yet.
  bool has(const RecipientKey& key) {
    prune_settled();
    return held_.contains(key);
  }
  /// Their bodies lie elsewhere now; `pins` keep the old places until no lease reads them.
  void moved(const std::vector<MessagePointer>& messages, const std::shared_ptr<SegmentPins>& pins);
  void lease_ended(const MessageId& id);
  void lease_begins(const MessageId& id);

  // Marks (scheduler_marks.cc). The windows hold nothing that `marks_` covers: whoever is about to put something in or
  // take something out calls see_marks() first, which costs one load while nothing has changed.
  void see_marks();
  /// Removes the recipients that a mark covers and returns them; `destination` will remember that there are some.
  std::vector<std::uint32_t> withhold(Destination& destination, Ready& ready);
  void withhold_ready(Destination& destination);
  void readmit(Destination& destination);
  std::vector<std::uint32_t> covered(const Message& message, const std::string& destination,
                                     const std::vector<std::uint32_t>& recipients);
  bool drops(const Message& message, const std::string& destination, const std::vector<std::uint32_t>& recipients);
  Whereabouts where(const MessageId& id, std::uint32_t recipient, const std::string& destination);
  std::vector<Gate> gates(const std::string& destination) const {
    return listener_ != nullptr ? listener_->gates(destination) : std::vector<Gate>();
  }
  bool takes_bounces() const noexcept { return bounces_ < bounces_max; }
  /// What could not be expired now stays ready, and is offered again a little later.
  void expire_later(const std::string& destination, Ready ready);

  /// The destination is down: what waits in its window for longer than the sender should without knowing counts as
  /// tried, so that the sender hears of it (attempt.cc). The others are not tried one by one either.
  void tell_delays(Destination& destination, const std::string& why);

  Destination* find(const std::string& name);
  Destination& at(const std::string& name);
  void make_ready(Destination& destination, std::list<Ready>& line, Ready ready, bool front);
  std::optional<Ready> pop_ready(Destination& destination);
  void evict(Destination& destination);
  void unhold(Destination& destination, const RecipientKey& key);
  void postpone(Destination& destination, MonotonicTime until, const std::string& why);
  void forget_if_idle(Destination& destination);
  void offer(Destination& destination);
  void offer_everything();
  bool is_exhausted() const;

  // Refills (refill.cc).
  std::size_t window(const Destination& destination) const noexcept;
  /// The worker's, in weight; small while memory is short. What is urgent has an eighth more.
  std::size_t window_total(PriorityClass priority = PriorityClass::normal) const noexcept;
  /// Memory is short: what is beyond a small window goes back to the disk.
  void shed();
  bool wants_refill(Destination& destination) const noexcept;
  void ask_refill(Destination& destination);
  void set_alarm(Destination& destination);
  void pump();
  bool make_room();
  io::Task<> refill(Destination& destination, std::size_t range, std::size_t room);
  /// What has to be delivered by now and is not (deadlines.cc).
  void take_deadlines(Destination& range_of, std::size_t range, std::uint64_t applied, DueScanResult result);
  enum class Found : std::uint8_t { told, busy };
  Found end_time(const DueMessage& late, std::uint64_t applied);
  bool pull(Destination& destination, const RecipientKey& key);
  void take_scan(Destination& destination, std::size_t range, std::uint64_t applied, DueScanResult result);
  void refill_failed(Destination& destination, std::size_t range, const DuePosition& from, const Error& error);
  void prune_settled();
  static void on_alarm(Destination& destination) noexcept;

  struct Later final : io::Runnable {
    Later(Impl& owner, void (Impl::*what)()) noexcept : owner_(owner), what_(what) {}
    void run() noexcept override { (owner_.*what_)(); }
    Impl& owner_;
    void (Impl::*what_)();
  };
  /// Leases of a message, bounces on their way included.
  struct Lease {
    std::uint32_t count = 0;
    std::uint64_t generation = 0;  // of the marks when the first was taken
    Lease& operator++() noexcept {
      ++count;
      return *this;
    }
  };
  struct Settled {
    RecipientKey key;
    std::uint64_t sequence;
    Destination* destination;
  };
  void run_offers();
  void later(Later& what) noexcept {
    if (!what.linked() && !stopped_) shard_.reactor.make_ready(what);
  }

  Shard::Impl& shard_;
  ReadyListener* listener_ = nullptr;
  bool stopped_ = false;
  bool everything_ = false;  // offer_everything() was called
  std::unordered_map<std::string, std::unique_ptr<Destination>> destinations_;
  std::size_t ready_total_ = 0;
  std::size_t ready_weight_ = 0;  // Ready::weight of all of them
  std::size_t reserved_ = 0;      // by scans in flight
  std::size_t with_ready_ = 0;
  std::size_t scans_ = 0;
  std::uint64_t move_epoch_ = 0;              // a scan that saw bodies where they lay before is done again
  std::list<std::uint64_t> scan_floors_;      // applied sequence when each scan in flight began
  IntrusiveList<Destination::Hook> wanting_;  // a refill
  IntrusiveList<Destination::Hook> offers_;
  IntrusiveList<Destination::Hook> served_;  // those with something ready, longest not served first
  std::unordered_map<RecipientKey, std::uint64_t, RecipientKeyHash> held_;
  std::deque<Settled> settled_;
  std::unordered_set<MessageId> dropped_;  // the last ones: a scan or a lease may still have them
  std::deque<MessageId> dropped_order_;
  std::unordered_map<MessageId, std::shared_ptr<SegmentPins>> lease_pins_;
  std::unordered_map<MessageId, Lease> leases_;
  std::map<std::uint64_t, std::uint32_t> lease_generations_;
  Current<const Marks>::View marks_view_{shard_.shared.steering->current()};
  std::shared_ptr<const Marks> marks_ = marks_view_.get();
  std::size_t bounces_ = 0;
  std::size_t bounces_working_ = 0;
  io::WaitQueue bounce_turn_{shard_.reactor};
  Later pump_later_{*this, &Impl::pump};
  Later offers_later_{*this, &Impl::run_offers};
};

}  // namespace ringpost::queue
