// What has to be delivered by a time and is not (RFC 2852): wherever it waits then - on the disk, in a window, behind a
// next hop that is down - its sender hears of it, and what was to be given back is.
#include <algorithm>
#include <map>
#include <utility>

#include "queue/report_policy.h"
#include "queue/scheduler_impl.h"

namespace ringpost::queue {
namespace {

// What is being delivered now, or is not applied yet: its end is near.
constexpr Duration look_again_after = std::chrono::seconds(1);

}  // namespace

void Scheduler::Impl::take_deadlines(Destination& late, std::size_t range_index, std::uint64_t applied,
                                     DueScanResult result) {
  LaneRange& range = late.ranges[range_index];
  bool again = false;
  for (const DueMessage& found : result.messages) {
    if (everything_ || dropped_.contains(found.record.message.id)) continue;
    if (takes_bounces() && end_time(found, applied) == Found::told) continue;
    range.note(found.position, 0, true);
    again = true;
  }
  if (result.next_due) late.next_due = std::min(late.next_due, *result.next_due);
  const bool missed = range.scan_ended(result.next, result.exhausted);
  if (missed && result.exhausted) range.more = true;
  if (again || (missed && result.exhausted)) late.rescan_at = monotonic_now() + look_again_after;
}

// All of its recipients that wait: those of one destination and time as one attempt, which ends at once.
Scheduler::Impl::Found Scheduler::Impl::end_time(const DueMessage& late, std::uint64_t applied) {
  const MessageRecord& record = late.record;
  const mail::Envelope& envelope = record.message.envelope;
  const bool notice = envelope.deliver_by.mode == mail::DeliverBy::Mode::notify;
  std::map<std::pair<std::string, WallTime>, Ready> ended;
  bool busy = false;
  for (const std::uint32_t recipient : late.recipients) {
    if (recipient >= record.recipients.size()) continue;
    const RecipientState& state = record.recipients[recipient];
    if (state.phase != RecipientPhase::queued) continue;
    if (notice && !why_no_report(shard_.shared.options, envelope, recipient, ReportKind::delay).empty()) continue;
    Destination& destination = at(state.destination);
    const auto held = held_.find({record.message.id, recipient});
    const bool on_disk = held == held_.end() || held->second <= applied;
    if (!on_disk && !(held->second == in_memory && pull(destination, {record.message.id, recipient}))) {
      busy = true;
      continue;
    }
    if (on_disk) {
      held_[{record.message.id, recipient}] = in_memory;
      ++destination.held;
    }
    Ready& ready = ended[{state.destination, state.due}];
    ready.due = state.due;
    ready.attempts = std::max(ready.attempts, state.attempts);
    ready.rerouted = ready.rerouted || state.rerouted;
    ready.recipients.push_back(recipient);
    if (state.delay_told) ready.delay_told.push_back(recipient);
  }
  const auto message = std::make_shared<const Message>(record.message);
  for (auto& [place, ready] : ended) {
    ready.message = message;
    const std::string trouble = at(place.first).trouble;
    Attempt attempt(*shard_.shard, place.first, std::move(ready));
    attempt.end_time(trouble);
  }
  return busy ? Found::busy : Found::told;
}

// Out of the window; the recipient stays held. False: it is not there, so it is being delivered.
bool Scheduler::Impl::pull(Destination& destination, const RecipientKey& key) {
  for (auto* line : destination.all_lines()) {
    for (auto it = line->begin(); it != line->end(); ++it) {
      const auto mine = std::ranges::find(it->recipients, key.recipient);
      if (it->message->id != key.message || mine == it->recipients.end()) continue;
      it->recipients.erase(mine);
      if (!it->recipients.empty()) return true;
      ready_weight_ -= it->weight;
      --ready_total_;
      line->erase(it);
      if (destination.ready() == 0) {
        --with_ready_;
        destination.ready_hook.unlink();
      }
      if (wants_refill(destination)) ask_refill(destination);
      return true;
    }
  }
  return false;
}

}  // namespace ringpost::queue
