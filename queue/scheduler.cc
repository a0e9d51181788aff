#include "queue/scheduler.h"

#include <algorithm>

#include "io/reactor.h"
#include "queue/retry.h"
#include "queue/scheduler_impl.h"
#include "queue/segment_pins.h"
#include "queue/verp.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t evict_on_postpone_above = 16;
constexpr std::size_t dropped_max = 16'384;
constexpr Duration expire_again_after = std::chrono::milliseconds(200);

}  // namespace

Scheduler::Scheduler(Shard& shard) : impl_(new Impl(*shard.impl_)) {}
Scheduler::~Scheduler() = default;

Scheduler::Impl::Impl(Shard::Impl& its_shard) : shard_(its_shard) {}
Scheduler::Impl::~Impl() = default;

void Scheduler::set_listener(ReadyListener* listener) noexcept {
  impl_->listener_ = listener;
  if (listener == nullptr) return;
  for (auto& [name, destination] : impl_->destinations_)
    if (destination->ready() != 0) impl_->offer(*destination);
}

bool Scheduler::has_ready(const std::string& destination) const {
  const Destination* found = impl_->find(destination);
  return found != nullptr && found->ready() != 0 && found->postponed_until <= monotonic_now();
}

void Scheduler::postpone(const std::string& destination, MonotonicTime until, const std::string& why) {
  impl_->postpone(impl_->at(destination), until, why);
}

std::optional<Attempt> Scheduler::take(const std::string& destination, std::uint32_t recipients_max) {
  impl_->see_marks();
  Destination* found = impl_->find(destination);
  if (found == nullptr || found->postponed_until > monotonic_now() || recipients_max == 0) return std::nullopt;
  found->served_at = monotonic_now();
  const WallTime now = WallTime::now();
  while (std::optional<Ready> ready = impl_->pop_ready(*found)) {
    const bool one_by_one = has_verp(impl_->shard_.shared.options, ready->message->envelope);
    const std::uint32_t most = one_by_one ? 1 : recipients_max;
    if (ready->recipients.size() > most) {
      Ready rest = *ready;
      rest.recipients.erase(rest.recipients.begin(), rest.recipients.begin() + most);
      ready->recipients.resize(most);
      ReadyLines& lines = found->lines(class_of(rest.message->envelope));
      impl_->make_ready(*found, rest.attempts == 0 ? lines.fresh : lines.stored, std::move(rest), true);
    }
    // One that was never tried gets its try, however long we were down, unless others were tried for it long enough;
    // in a hand-off age is the sibling's business.
    const Options& options = impl_->shard_.shared.options;
    const bool tried = ready->attempts > 0 || found->in_trouble_for(monotonic_now()) >= options.retry.max;
    const mail::Envelope& envelope = ready->message->envelope;
    const bool expired =
        !impl_->everything_ && now >= expiry(options, envelope) && (tried || is_past_deadline(envelope, now));
    if (expired && !impl_->takes_bounces()) {
      impl_->expire_later(destination, std::move(*ready));
      return std::nullopt;
    }
    Attempt attempt(*impl_->shard_.shard, destination, std::move(*ready));
    if (!expired) return attempt;
    attempt.expire(found->trouble);
  }
  return std::nullopt;
}

Destination* Scheduler::Impl::find(const std::string& name) {
  const auto found = destinations_.find(name);
  return found == destinations_.end() ? nullptr : found->second.get();
}

Destination& Scheduler::Impl::at(const std::string& name) {
  auto& place = destinations_[name];
  if (place != nullptr) return *place;
  place = std::make_unique<Destination>(name, this, &Impl::on_alarm);
  place->closed = marks_->closes(name);
  return *place;
}

void Scheduler::Impl::add(const MessagePointer& message, const std::vector<std::string>& destinations,
                          std::uint64_t sequence) {
  see_marks();
  const PriorityClass priority = class_of(message->envelope);
  const WallTime due = release_time(message->envelope);
  const bool held_back = due > message->envelope.received && due > WallTime::now();
  if (message->envelope.deliver_by.mode != mail::DeliverBy::Mode::none)
    note_on_disk(std::string(deadlines), message->lane, {message->envelope.deliver_by.deadline, message->id}, sequence);
  std::vector<std::uint32_t> order(destinations.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  if (order.size() > 1)
    std::ranges::stable_sort(order, [&](auto a, auto b) { return destinations[a] < destinations[b]; });
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    Ready ready{message, {}, 0, due, {}};
    const std::string& name = destinations[order[first]];
    for (; last < order.size() && destinations[order[last]] == name; ++last) ready.recipients.push_back(order[last]);
    ready.weight = weight_of(ready.recipients.size());  // the message itself is shared by all its destinations
    Destination& destination = at(name);
    if (!withhold(destination, ready).empty() && ready.recipients.empty()) continue;
    ReadyLines& lines = destination.lines(priority);
    if (held_back || lines.fresh.size() >= window(destination) || ready_weight_ >= window_total(priority) ||
        destination.postponed_until > monotonic_now()) {
      note_on_disk(name, message->lane, {ready.due, message->id}, sequence, priority);
      continue;
    }
    for (const std::uint32_t recipient : ready.recipients) {
      held_[{message->id, recipient}] = in_memory;
      ++destination.held;
    }
    make_ready(destination, lines.fresh, std::move(ready), false);
  }
}

void Scheduler::Impl::make_ready(Destination& destination, std::list<Ready>& line, Ready ready, bool front) {
  const bool first = destination.ready() == 0;
  ready_weight_ += ready.weight;
  if (front) {
    line.push_front(std::move(ready));
  } else {
    line.push_back(std::move(ready));
  }
  ++ready_total_;
  if (!first) return;
  ++with_ready_;
  destination.served_at = monotonic_now();
  served_.push_back(destination.ready_hook);
  offer(destination);
}

std::optional<Ready> Scheduler::Impl::pop_ready(Destination& destination) {
  if (destination.ready() == 0) {
    if (wants_refill(destination)) ask_refill(destination);
    return std::nullopt;
  }
  auto& line = destination.next_line();
  std::optional<Ready> ready(std::move(line.front()));
  line.pop_front();
  --ready_total_;
  ready_weight_ -= ready->weight;
  destination.ready_hook.unlink();
  if (destination.ready() != 0) {
    served_.push_back(destination.ready_hook);
  } else {
    --with_ready_;
  }
  if (wants_refill(destination)) ask_refill(destination);
  if (!wanting_.empty()) later(pump_later_);
  return ready;
}

void Scheduler::Impl::give_back(const std::string& name, Ready ready) {
  see_marks();
  Destination& destination = at(name);
  for (const std::uint32_t recipient : withhold(destination, ready))
    unhold(destination, {ready.message->id, recipient});
  if (ready.recipients.empty()) return;
  ReadyLines& lines = destination.lines(class_of(ready.message->envelope));
  auto& line = ready.attempts == 0 ? lines.fresh : lines.stored;
  make_ready(destination, line, std::move(ready), true);
}

void Scheduler::Impl::expire_later(const std::string& name, Ready ready) {
  give_back(name, std::move(ready));
  Destination& destination = at(name);
  destination.offer_hook.unlink();
  destination.rescan_at = std::min(destination.rescan_at, monotonic_now() + expire_again_after);
  set_alarm(destination);
}

void Scheduler::Impl::lease_begins(const MessageId& id) {
  Lease& lease = leases_[id];
  if (++lease.count != 1) return;
  lease.generation = marks_->generation;
  ++lease_generations_[lease.generation];
  shard_.oldest_lease = lease_generations_.begin()->first;
}

void Scheduler::Impl::lease_ended(const MessageId& id) {
  const auto found = leases_.find(id);
  if (found == leases_.end() || --found->second.count != 0) return;
  const auto generation = lease_generations_.find(found->second.generation);
  if (--generation->second == 0) lease_generations_.erase(generation);
  shard_.oldest_lease = lease_generations_.empty() ? UINT64_MAX : lease_generations_.begin()->first;
  leases_.erase(found);
  lease_pins_.erase(id);
}

void Scheduler::Impl::settle(const std::string& name, const RecipientKey& key, std::uint64_t sequence) {
  held_[key] = sequence;
  settled_.push_back({key, sequence, &at(name)});
  prune_settled();
}

// Scans that began before an outcome was applied still show its recipients: they stay held until the last of these
// ended.
void Scheduler::Impl::prune_settled() {
  std::uint64_t floor = shard_.applied_sequence();
  if (!scan_floors_.empty()) floor = std::min(floor, scan_floors_.front());
  while (!settled_.empty() && settled_.front().sequence <= floor) {
    const Settled settled = settled_.front();
    settled_.pop_front();
    const auto held = held_.find(settled.key);
    if (held != held_.end() && held->second == settled.sequence) held_.erase(held);
    --settled.destination->held;
    forget_if_idle(*settled.destination);
  }
}

void Scheduler::Impl::note_on_disk(const std::string& name, std::uint16_t lane, const DuePosition& position,
                                   std::uint64_t sequence, PriorityClass priority) {
  Destination& destination = at(name);
  const bool due = everything_ || position.due <= WallTime::now();
  destination.range(lane, priority).note(position, sequence, due);
  if (!due) destination.next_due = std::min(destination.next_due, position.due);
  if (wants_refill(destination)) ask_refill(destination);
  set_alarm(destination);
}

void Scheduler::Impl::unhold(Destination& destination, const RecipientKey& key) {
  const auto held = held_.find(key);
  if (held == held_.end() || held->second != in_memory) return;
  held_.erase(held);
  --destination.held;
}

// Back to the disk, from where they came or where the indexer will have put them by then.
void Scheduler::Impl::evict(Destination& destination) {
  std::list<Ready> all;
  for (auto* line : destination.all_lines()) all.splice(all.end(), *line);
  if (all.empty()) return;
  ready_total_ -= all.size();
  --with_ready_;
  destination.ready_hook.unlink();
  for (const Ready& ready : all) {
    ready_weight_ -= ready.weight;
    for (const std::uint32_t recipient : ready.recipients) unhold(destination, {ready.message->id, recipient});
    const PriorityClass priority = class_of(ready.message->envelope);
    destination.range(ready.message->lane, priority)
        .note({ready.due, ready.message->id}, shard_.last_handed_in(), true);
  }
}

void Scheduler::Impl::postpone(Destination& destination, MonotonicTime until, const std::string& why) {
  if (everything_) return;
  destination.postponed_until = until;
  destination.is_in_trouble(monotonic_now(), why);
  shard_.shared.set_postponed(destination.name, why, WallTime::now() + (until - monotonic_now()));
  tell_delays(destination, why);
  if (destination.ready() > evict_on_postpone_above) evict(destination);
  set_alarm(destination);
}

void Scheduler::Impl::retry_now(const std::string& name, std::uint16_t lane, const DuePosition& position, bool lift) {
  Destination& destination = at(name);
  if (lift && destination.postponed_until != MonotonicTime{}) {
    destination.postponed_until = {};
    shard_.shared.set_postponed(name, {});
    if (destination.ready() != 0) offer(destination);
  }
  for (const PriorityClass priority : service_order) note_on_disk(name, lane, position, 0, priority);
}

void Scheduler::Impl::drop(const MessageId& id, const std::vector<std::string>& names) {
  if (dropped_.insert(id).second) dropped_order_.push_back(id);
  if (dropped_order_.size() > dropped_max) {
    dropped_.erase(dropped_order_.front());
    dropped_order_.pop_front();
  }
  for (const std::string& name : names) {
    Destination* destination = find(name);
    if (destination == nullptr || destination->ready() == 0) continue;
    for (auto* line : destination->all_lines()) {
      for (auto it = line->begin(); it != line->end();) {
        if (it->message->id != id) {
          ++it;
          continue;
        }
        for (const std::uint32_t recipient : it->recipients) unhold(*destination, {id, recipient});
        ready_weight_ -= it->weight;
        it = line->erase(it);
        --ready_total_;
      }
    }
    if (destination->ready() == 0) {
      --with_ready_;
      destination->ready_hook.unlink();
      if (wants_refill(*destination)) ask_refill(*destination);
      forget_if_idle(*destination);
    }
  }
}

void Scheduler::Impl::moved(const std::vector<MessagePointer>& messages, const std::shared_ptr<SegmentPins>& pins) {
  ++move_epoch_;
  std::unordered_map<MessageId, MessagePointer> places;
  for (const MessagePointer& message : messages) {
    places.emplace(message->id, message);
    if (leases_.contains(message->id)) lease_pins_[message->id] = pins;
  }
  for (auto& [name, destination] : destinations_) {
    for (auto* line : destination->all_lines()) {
      for (Ready& ready : *line) {
        const auto found = places.find(ready.message->id);
        if (found != places.end()) ready.message = found->second;
      }
    }
  }
}

void Scheduler::Impl::forget_if_idle(Destination& destination) {
  if (!destination.is_idle(monotonic_now())) return;
  if (destination.postponed_until != MonotonicTime{}) shard_.shared.set_postponed(destination.name, {});
  const std::string name = destination.name;
  destinations_.erase(name);
}

// Told in the next round, so that nobody is called back from within commit(), take() or the end of a lease.
void Scheduler::Impl::offer(Destination& destination) {
  if (listener_ == nullptr || destination.offer_hook.linked()) return;
  if (destination.lines(PriorityClass::urgent).size() != 0) {
    offers_.push_front(destination.offer_hook);
  } else {
    offers_.push_back(destination.offer_hook);
  }
  later(offers_later_);
}

void Scheduler::Impl::run_offers() {
  const MonotonicTime now = monotonic_now();
  while (!offers_.empty()) {
    Destination& destination = offers_.pop_front().owner;
    if (listener_ == nullptr || destination.ready() == 0 || destination.postponed_until > now) continue;
    const std::string name = destination.name;  // it may be forgotten in the call
    listener_->on_ready(name);
  }
}

}  // namespace ringpost::queue
