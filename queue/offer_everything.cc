// The queue when this node leaves: all of it is offered, so that siblings can take it.
#include <algorithm>
#include <utility>

#include "queue/scheduler_impl.h"

namespace ringpost::queue {

void Scheduler::offer_everything() {
  impl_->offer_everything();
}

bool Scheduler::is_exhausted() const {
  return impl_->is_exhausted();
}

void Scheduler::Impl::offer_everything() {
  see_marks();
  everything_ = true;
  for (auto& [name, destination] : destinations_) {
    if (std::exchange(destination->postponed_until, {}) != MonotonicTime{}) shard_.shared.set_postponed(name, {});
    destination->next_due = {INT64_MAX};
    if (destination->is_deadlines()) continue;  // they are the sibling's business
    // Where a scan is under way its end looks at what it has left out (take_scan).
    for (LaneRange& range : destination->ranges) range.more = true;
    if (destination->ready() != 0) offer(*destination);
    if (wants_refill(*destination)) ask_refill(*destination);
    set_alarm(*destination);
  }
}

bool Scheduler::Impl::is_exhausted() const {
  if (bounces_ != 0) return false;
  return std::ranges::none_of(destinations_, [](const auto& entry) {
    const Destination& destination = *entry.second;
    if (destination.is_deadlines()) return false;
    const bool more =
        destination.scanning || destination.more_on_disk() || destination.rescan_at != MonotonicTime::max();
    return destination.ready() != 0 || (more && !destination.closed);
  });
}

}  // namespace ringpost::queue
