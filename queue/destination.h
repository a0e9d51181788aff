// What the scheduler keeps in memory about one destination: the window of ready messages, and where the rest lies in
// RocksDB. Small when nothing is ready, because there may be a hundred thousand that only wait.
//
// A message that does not fit the window is only noted: "something due lies on disk at or behind this position". Such a
// note may be ahead of RocksDB (the indexer lags), so a scan that began before the noted item was applied proves
// nothing: `unseen_sequence` is the last noted item of which no scan can be said to have seen it, `unseen_floor` the
// first position it may lie at, and the head of the range never passes the floor until a scan began late enough.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "base/intrusive.h"
#include "io/timer_wheel.h"
#include "queue/keys.h"
#include "queue/message_record.h"
#include "queue/priority_class.h"

namespace ringpost::queue {

struct Ready {
  MessagePointer message;
  std::vector<std::uint32_t> recipients;
  std::uint32_t attempts = 0;
  WallTime due;                           // of its entry in family `due`
  std::vector<std::uint32_t> delay_told;  // the recipients of whose delay the sender has heard
  // What it counts as in the worker's window, which is a bound of memory: eight recipients as another message.
  std::size_t weight = 1;
  bool rerouted = false;  // some recipient stands here because an operator wanted it
};
constexpr std::size_t weight_of(std::size_t recipients) noexcept {
  return 1 + recipients / 8;
}

/// The key range of one class of a destination in one lane: its own, and those of lanes whose worker is gone.
struct LaneRange {
  std::uint16_t lane = 0;
  PriorityClass priority = PriorityClass::normal;
  bool more = false;  // something due may lie at or behind `head`
  DuePosition head;   // nothing that is not in memory lies before it
  std::uint64_t unseen_sequence = 0;
  DuePosition unseen_floor = DuePosition::last();

  void note(const DuePosition& position, std::uint64_t sequence, bool due);
  /// A scan from the head begins (when items up to `applied` were applied); what is noted from now on is not its
  /// business.
  void scan_begins(std::uint64_t applied);
  /// It ended before `next`. Returns whether items noted before it began may have been missed.
  bool scan_ended(const DuePosition& next, bool exhausted);

 private:
  bool scan_missed_ = false;
};

/// What is ready of one class: new mail straight from its session, and what was read back from RocksDB, taken in turn,
/// so that neither starves.
struct ReadyLines {
  std::list<Ready> fresh, stored;
  bool stored_turn = false;
  std::uint8_t passed_over = 0;  // messages of others taken since one of these was, while there were some
  std::size_t size() const noexcept { return fresh.size() + stored.size(); }
};

class Destination {
 public:
  struct Hook : ListNode {
    explicit Hook(Destination& destination) noexcept : owner(destination) {}
    Destination& owner;
  };
  class Alarm final : public io::Timer {
   public:
    explicit Alarm(Destination& destination) noexcept : owner_(destination) {}
    void on_timer() noexcept override { owner_.wake_(owner_); }

   private:
    Destination& owner_;
  };
  using Wake = void (*)(Destination&) noexcept;

  Destination(std::string its_name, void* its_scheduler, Wake wake)
      : name(std::move(its_name)), scheduler(its_scheduler), wake_(wake) {}

  const std::string name;
  void* const scheduler;  // for `wake`
  std::vector<LaneRange> ranges;
  std::uint64_t held = 0;  // recipients that are ready, leased, or final but not yet applied
  WallTime next_due{INT64_MAX};
  MonotonicTime postponed_until{};
  // Postponed again and again, with no delivery in between: since when, when last, and why.
  MonotonicTime trouble_began{}, troubled_at{};
  std::string trouble;
  MonotonicTime rescan_at = MonotonicTime::max();  // an item that the last scan could not see yet
  MonotonicTime served_at{};
  bool scanning = false;
  // Of marks (scheduler_marks.cc): some of its mail was passed over; all of it is, unseen.
  bool withheld = false;
  bool closed = false;
  Hook refill_hook{*this};
  Hook offer_hook{*this};
  Hook ready_hook{*this};
  Alarm alarm{*this};

  ReadyLines& lines(PriorityClass priority) noexcept { return lines_[static_cast<std::size_t>(priority)]; }
  const ReadyLines& lines(PriorityClass priority) const noexcept { return lines_[static_cast<std::size_t>(priority)]; }
  /// In the order in which they are served.
  std::array<std::list<Ready>*, 2 * priority_classes> all_lines() noexcept;
  std::size_t ready() const noexcept { return lines_[0].size() + lines_[1].size() + lines_[2].size(); }
  /// The line whose front is next, by class and in turn; something is ready.
  std::list<Ready>& next_line() noexcept;
  /// A next hop that is down is tried every quarter of an hour at least, with one message for all: for so long in vain.
  Duration in_trouble_for(MonotonicTime now) const noexcept {
    const bool still = troubled_at != MonotonicTime{} && now - troubled_at < std::chrono::hours(1);
    return still ? now - trouble_began : Duration::zero();
  }
  void is_in_trouble(MonotonicTime now, std::string why) {
    if (in_trouble_for(now) == Duration::zero()) trouble_began = now;
    troubled_at = now;
    trouble = std::move(why);
  }
  LaneRange& range(std::uint16_t lane, PriorityClass priority);
  /// The range that is looked into next, for the class that has least in memory; nullptr: none whose line is down to
  /// half of `window`.
  LaneRange* range_to_refill(std::size_t window) noexcept;
  bool is_deadlines() const noexcept { return name == deadlines; }
  bool more_on_disk() const noexcept;
  /// Nothing to remember: may be forgotten.
  bool is_idle(MonotonicTime now) const noexcept;

 private:
  Wake wake_;
  std::array<ReadyLines, priority_classes> lines_;
};

}  // namespace ringpost::queue
