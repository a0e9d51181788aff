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

LaneRange& Destination::range(std::uint16_t lane) {
  for (LaneRange& range : ranges)
    if (range.lane == lane) return range;
  ranges.push_back({});
  ranges.back().lane = lane;
  ranges.back().head = DuePosition::last();
  return ranges.back();
}

bool Destination::more_on_disk() const noexcept {
  return std::ranges::any_of(ranges, [](const LaneRange& range) { return range.more; });
}

bool Destination::is_idle(MonotonicTime now) const noexcept {
  return ready() == 0 && held == 0 && !scanning && !withheld && !more_on_disk() && next_due.milliseconds == INT64_MAX &&
         postponed_until <= now && rescan_at == MonotonicTime::max();
}

}  // namespace ringpost::queue
