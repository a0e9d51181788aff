// How a window is filled from RocksDB: destinations that want it stand in line, a few scans run at a time on the
// offload pool, each bounded by the room there is, and what they find comes back to the scheduler's core.
#include <algorithm>

#include "io/offload.h"
#include "queue/indexer.h"
#include "queue/scheduler_impl.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr Duration serve_at_least_every = std::chrono::seconds(5);
constexpr Duration scan_again_after_error = std::chrono::seconds(5);
constexpr Duration room_check = std::chrono::seconds(1);
// Timers run on the monotonic clock: look at the wall clock at least this often, lest it was set.
constexpr Duration alarm_at_most = std::chrono::minutes(10);
constexpr std::size_t window_least = 8;
constexpr std::size_t window_total_when_short = 64;
// A scan for so many messages reads no more than this for each of them, where some have many recipients.
constexpr std::size_t scanned_octets_each = 8 << 10;
// Entries of one scan where some may be passed over, so that others get their turn.
constexpr std::size_t looked_at_max = 4096;

}  // namespace

// Half of the destination's window, for new mail and for stored mail each; less when many destinations share the total.
std::size_t Scheduler::Impl::window(const Destination&) const noexcept {
  const Options& options = shard_.shared.options;
  const std::size_t half = std::max<std::size_t>(1, options.window_messages / 2);
  const std::size_t share = options.window_messages_total / (with_ready_ + 1);
  return std::min(half, std::max(window_least, share));
}

std::size_t Scheduler::Impl::window_total(PriorityClass priority) const noexcept {
  std::size_t most = shard_.shared.options.window_messages_total;
  if (priority == PriorityClass::urgent) most += most / 8;
  return shard_.shared.memory_short.load(std::memory_order_relaxed) ? std::min(most, window_total_when_short) : most;
}

void Scheduler::Impl::shed() {
  for (const auto& [name, destination] : destinations_) {
    if (ready_weight_ <= window_total()) return;
    if (destination->ready() == 0) continue;
    evict(*destination);
    destination->rescan_at = monotonic_now() + room_check;
    set_alarm(*destination);
  }
}

bool Scheduler::Impl::wants_refill(Destination& destination) const noexcept {
  return !destination.closed && !destination.scanning && !destination.refill_hook.linked() &&
         destination.rescan_at == MonotonicTime::max() && destination.more_on_disk() &&
         destination.postponed_until <= monotonic_now() &&
         destination.range_to_refill(window(destination)) != nullptr && !(everything_ && destination.is_deadlines());
}

void Scheduler::Impl::ask_refill(Destination& destination) {
  const LaneRange* range = destination.range_to_refill(window(destination));
  if (range != nullptr && range->priority == PriorityClass::urgent) {
    wanting_.push_front(destination.refill_hook);
  } else {
    wanting_.push_back(destination.refill_hook);
  }
  later(pump_later_);
}

void Scheduler::Impl::set_alarm(Destination& destination) {
  const MonotonicTime now = monotonic_now();
  MonotonicTime at = destination.rescan_at;
  if (destination.next_due.milliseconds != INT64_MAX) {
    const Duration wait = std::clamp<Duration>(destination.next_due - WallTime::now(), Duration(0), alarm_at_most);
    at = std::min(at, now + wait);
  }
  if (destination.postponed_until > now) at = destination.postponed_until;
  destination.alarm.unlink();
  if (at != MonotonicTime::max()) shard_.reactor.timers().arm(destination.alarm, at);
}

void Scheduler::Impl::on_alarm(Destination& destination) noexcept {
  Impl& self = *static_cast<Impl*>(destination.scheduler);
  if (self.stopped_) return;
  const MonotonicTime now = monotonic_now();
  if (destination.postponed_until != MonotonicTime{} && destination.postponed_until <= now) {
    destination.postponed_until = {};
    self.shard_.shared.set_postponed(destination.name, {});
    if (destination.ready() != 0) self.offer(destination);
  }
  if (destination.rescan_at <= now) {
    destination.rescan_at = MonotonicTime::max();
    if (destination.ready() != 0) self.offer(destination);
  }
  if (destination.next_due <= WallTime::now()) {
    destination.next_due = {INT64_MAX};
    for (LaneRange& range : destination.ranges) range.more = true;
  }
  if (self.wants_refill(destination)) self.ask_refill(destination);
  self.set_alarm(destination);
  self.forget_if_idle(destination);
}

void Scheduler::Impl::pump() {
  prune_settled();
  while (!stopped_ && !wanting_.empty() && scans_ < scans_max) {
    Destination& destination = wanting_.front().owner;
    const std::size_t limit = window(destination);
    LaneRange* range = destination.range_to_refill(limit);
    if (range == nullptr || destination.closed || destination.postponed_until > monotonic_now()) {
      destination.refill_hook.unlink();
      continue;
    }
    const std::size_t total = window_total(range->priority);
    const bool room = ready_weight_ + reserved_ < total;
    if (!room) {
      if (!make_room()) return;
      range = destination.range_to_refill(limit);  // what went back to the disk may be its own, and have moved them
    }
    destination.refill_hook.unlink();
    const std::size_t left = room ? total - ready_weight_ - reserved_ : 1;
    const std::size_t free = limit - destination.lines(range->priority).stored.size();
    const std::size_t wanted = std::min(free, std::max<std::size_t>(1, left));
    shard_.scope.spawn(refill(destination, static_cast<std::size_t>(range - destination.ranges.data()), wanted));
  }
}

// The total is used up. What was not asked for in a while goes back to the disk, so that a destination that takes
// nothing does not keep the others out.
bool Scheduler::Impl::make_room() {
  if (served_.empty()) return false;
  Destination& longest = served_.front().owner;
  if (longest.served_at + serve_at_least_every > monotonic_now()) {
    Destination& waiting = wanting_.front().owner;
    waiting.rescan_at = std::min(waiting.rescan_at, monotonic_now() + room_check);
    waiting.refill_hook.unlink();
    set_alarm(waiting);
    return false;
  }
  evict(longest);
  longest.rescan_at = monotonic_now() + room_check;
  set_alarm(longest);
  return true;
}

io::Task<> Scheduler::Impl::refill(Destination& destination, std::size_t range_index, std::size_t room) {
  const std::uint64_t applied = shard_.applied_sequence();
  const std::uint64_t epoch = move_epoch_;
  LaneRange& range = destination.ranges[range_index];
  DueScan scan;
  scan.lane = range.lane;
  scan.destination = destination.name;
  scan.priority = range.priority;
  scan.from = range.head;
  scan.until = everything_ ? WallTime{INT64_MAX} : WallTime::now();
  scan.entries_max = room + destination.held;  // what is held will be skipped
  scan.octets_max = std::max(room, window_least) * scanned_octets_each;
  see_marks();
  const std::shared_ptr<const Marks> marks = marks_;
  if (!marks->all.empty()) {
    scan.looked_at_max = looked_at_max;
    scan.passes_over = [marks, name = destination.name](const Message& message, std::uint32_t recipient) {
      return marks->gate(message, recipient, name) != nullptr;
    };
  }
  destination.scanning = true;
  range.scan_begins(applied);
  ++scans_;
  reserved_ += room;
  const auto floor = scan_floors_.insert(scan_floors_.end(), applied);
  const DuePosition from = scan.from;
  const Store* store = shard_.shared.store;
  auto work = [store, scan = std::move(scan)] { return store->scan_due(scan); };
  auto done = co_await shard_.shared.offload->run(std::move(work));
  --scans_;
  reserved_ -= room;
  see_marks();
  Result<DueScanResult> result = done ? std::move(*done) : Result<DueScanResult>(propagate(done));
  if (!result) {
    refill_failed(destination, range_index, from, result.error());
  } else if (epoch != move_epoch_ || marks != marks_) {
    destination.ranges[range_index].note(from, 0, true);
  } else {
    take_scan(destination, range_index, applied, std::move(*result));
  }
  scan_floors_.erase(floor);
  prune_settled();
  destination.scanning = false;  // only now: it could be forgotten
  if (wants_refill(destination)) ask_refill(destination);
  set_alarm(destination);
  forget_if_idle(destination);
  if (!wanting_.empty()) later(pump_later_);
}

void Scheduler::Impl::take_scan(Destination& destination, std::size_t range_index, std::uint64_t applied,
                                DueScanResult result) {
  destination.withheld = destination.withheld || result.passed_over;
  if (destination.is_deadlines()) return take_deadlines(destination, range_index, applied, std::move(result));
  for (DueMessage& found : result.messages) {
    const MessageId id = found.record.message.id;
    if (dropped_.contains(id)) continue;
    Ready ready{nullptr, {}, 0, found.position.due, {}};
    for (const std::uint32_t recipient : found.recipients) {
      if (recipient >= found.record.recipients.size()) continue;
      const RecipientState& state = found.record.recipients[recipient];
      const auto held = held_.find({id, recipient});
      if (state.phase != RecipientPhase::queued || (held != held_.end() && held->second > applied)) continue;
      ready.attempts = std::max(ready.attempts, state.attempts);
      ready.recipients.push_back(recipient);
      if (state.delay_told) ready.delay_told.push_back(recipient);
      ready.rerouted = ready.rerouted || state.rerouted;
    }
    if (ready.recipients.empty()) continue;
    for (const std::uint32_t recipient : ready.recipients) {
      held_[{id, recipient}] = in_memory;
      ++destination.held;
    }
    ready.message = std::make_shared<const Message>(std::move(found.record.message));
    ready.weight = weight_of(ready.message->envelope.recipients.size());  // each of its destinations has a copy
    ReadyLines& lines = destination.lines(class_of(ready.message->envelope));
    make_ready(destination, lines.stored, std::move(ready), false);
  }
  LaneRange& range = destination.ranges[range_index];
  if (result.next_due && everything_) {
    range.more = true;  // it began before everything was asked for
  } else if (result.next_due) {
    destination.next_due = std::min(destination.next_due, *result.next_due);
  }
  if (range.scan_ended(result.next, result.exhausted) && result.exhausted) {
    // Something noted before may have been applied since: look again when it must have been.
    range.more = true;
    destination.rescan_at = monotonic_now() + shard_.shared.options.index_lag;
  }
}

void Scheduler::Impl::refill_failed(Destination& destination, std::size_t range_index, const DuePosition& from,
                                    const Error& error) {
  destination.ranges[range_index].note(from, 0, true);
  destination.rescan_at = monotonic_now() + scan_again_after_error;
  telemetry::Event(telemetry::EventKind::warning)
      .field("operation", "schedule")
      .field("destination", destination.name)
      .error(error)
      .emit();
}

// Finds the destinations of our lanes by seeking past whole ranges: as many seeks as destinations, however long the
// queue. Lanes of workers that do not exist any more are adopted.
Result<void> Scheduler::Impl::load() {
  const std::uint32_t workers = shard_.shared.options.workers;
  const Store& store = *shard_.shared.store;
  std::vector<std::uint16_t> lanes{shard_.number};
  for (std::uint32_t from = workers;;) {
    auto lane = store.next_lane(from);
    if (!lane) return propagate(lane);
    if (!*lane) break;
    if (**lane % workers == shard_.number) lanes.push_back(**lane);
    from = **lane + 1U;
  }
  for (const std::uint16_t lane : lanes) {
    auto found = store.each_destination(
        lane, [&](DueKey&& first) { note_on_disk(first.destination, lane, first.position, 0, first.priority); });
    if (!found) return propagate(found);
  }
  return {};
}

}  // namespace ringpost::queue
