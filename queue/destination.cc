#include "queue/destination.h"

#include <algorithm>

namespace ringpost::queue {

void LaneRange::note(const DuePosition& position, std::uint64_t sequence, bool due) {
  head = std::min(head, position);
  unseen_floor = std::min(unseen_floor, position);
  unseen_sequence = std::max(unseen_sequence, sequence);
  more = more || due;
}

void LaneRange::scan_begins(std::uint64_t applied) {
  scan_missed_ = unseen_sequence > applied;
  if (!scan_missed_) {
    unseen_sequence = 0;
    unseen_floor = DuePosition::last();
  }
  more = false;
  head = DuePosition::last();
}

bool LaneRange::scan_ended(const DuePosition& next, bool exhausted) {
  // Notes taken during the scan have lowered head already.
  head = std::min(head, std::min(next, unseen_floor));
  more = more || !exhausted;
  return scan_missed_;
}

LaneRange& Destination::range(std::uint16_t lane, PriorityClass priority) {
  for (LaneRange& range : ranges)
    if (range.lane == lane && range.priority == priority) return range;
  ranges.push_back({});
  ranges.back().lane = lane;
  ranges.back().priority = priority;
  ranges.back().head = DuePosition::last();
  return ranges.back();
}

std::array<std::list<Ready>*, 2 * priority_classes> Destination::all_lines() noexcept {
  std::array<std::list<Ready>*, 2 * priority_classes> all{};
  std::size_t i = 0;
  for (const PriorityClass priority : service_order) {
    all[i++] = &lines(priority).fresh;
    all[i++] = &lines(priority).stored;
  }
  return all;
}

std::list<Ready>& Destination::next_line() noexcept {
  ReadyLines* next = nullptr;
  for (const PriorityClass priority : service_order) {
    ReadyLines& candidate = lines(priority);
    if (candidate.size() == 0) {
      candidate.passed_over = 0;
    } else if (next == nullptr) {
      next = &candidate;
    } else if (candidate.passed_over++ >= passed_over_max) {
      next = &candidate;
    }
  }
  next->passed_over = 0;
  const bool from_stored = !next->stored.empty() && (next->stored_turn || next->fresh.empty());
  next->stored_turn = !from_stored;
  return from_stored ? next->stored : next->fresh;
}

LaneRange* Destination::range_to_refill(std::size_t window) noexcept {
  LaneRange* found = nullptr;
  std::size_t least = window / 2 + 1;
  if (!more_on_disk()) return found;
  for (const PriorityClass priority : service_order) {
    const std::size_t in_memory = lines(priority).stored.size();
    if (in_memory >= least) continue;
    const auto range =
        std::ranges::find_if(ranges, [&](const LaneRange& r) { return r.more && r.priority == priority; });
    if (range == ranges.end()) continue;
    found = &*range;
    least = in_memory;
  }
  return found;
}

bool Destination::more_on_disk() const noexcept {
  return std::ranges::any_of(ranges, [](const LaneRange& range) { return range.more; });
}

bool Destination::is_idle(MonotonicTime now) const noexcept {
  return ready() == 0 && held == 0 && !scanning && !withheld && !more_on_disk() && next_due.milliseconds == INT64_MAX &&
         postponed_until <= now && rescan_at == MonotonicTime::max();
}

}  // namespace ringpost::queue
