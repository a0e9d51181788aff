#include "queue/mark_reaper.h"

#include <algorithm>
#include <utility>

#include "queue/applier.h"
#include "queue/shard_impl.h"
#include "queue/store.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr Duration look_again_after = std::chrono::minutes(10);
// What was accepted when a mark was made has reached RocksDB by then.
constexpr Duration settled_after = std::chrono::seconds(2);
constexpr Duration worker_wait_max = std::chrono::seconds(2);
constexpr Duration look_again_for_leased_after = std::chrono::seconds(5);

bool has_errands(const std::vector<Mark>& marks) {
  return std::ranges::any_of(marks, [](const Mark& mark) { return is_an_errand(mark.kind); });
}

void log_drop(const MessageRecord& record, std::uint32_t recipient, const Mark& mark) {
  telemetry::Event(telemetry::EventKind::drop)
      .message(record.message.id)
      .field("to", record.message.envelope.recipients[recipient].address.text())
      .field("from", record.message.envelope.reverse_path.text())
      .field("destination", record.recipients[recipient].destination)
      .field("reason", "dropped by an operator: mark " + std::to_string(mark.id))
      .emit();
}

}  // namespace

Result<bool> MarkReaper::step() {
  auto lifted = lift_expired(WallTime::now());
  if (!lifted) return propagate(lifted);
  if (!passing_ && !begin_pass()) return false;
  auto ended = walk();
  if (!ended) return propagate(ended);
  auto moved = move(std::exchange(moves_, {}));
  if (!moved) return propagate(moved);
  if (!*ended) return hurry_;
  auto over = end_pass();
  if (!over) return propagate(over);
  return false;
}

Result<void> MarkReaper::lift_expired(WallTime now) {
  std::vector<std::uint64_t> expired;
  for (const Mark& mark : shared_.steering->current().get()->all)
    if (mark.until && *mark.until <= now) expired.push_back(mark.id);
  if (expired.empty()) return {};
  auto removed = shared_.steering->remove(expired);
  if (!removed) return propagate(removed);
  return shared_.tell_marks({});
}

bool MarkReaper::begin_pass() {
  const auto marks = shared_.steering->current().get();
  const MonotonicTime now = monotonic_now();
  const WallTime settled = WallTime::now() + -settled_after;
  unseen_.clear();
  for (const Mark& mark : marks->all) {
    // Before a retry was made RocksDB had caught up.
    if (mark.kind == MarkKind::suspend || (mark.kind != MarkKind::retry && mark.created > settled)) continue;
    unseen_.push_back(mark);
  }
  hurry_ = has_errands(unseen_);
  if (unseen_.empty() || (hurry_ ? is_in_vain(*marks, now) : now < pass_after_)) return false;
  if (applier_.waiting() > 0 && now - applier_.oldest() > settled_after / 2) return false;  // RocksDB is behind
  passing_ = true;
  pass_generation_ = marks->generation;
  changed_ = false;
  due_.begin();
  next_ = {};
  return true;
}

bool MarkReaper::is_in_vain(const Marks& marks, MonotonicTime now) const noexcept {
  return now < vain_until_ && marks.generation == vain_generation_;
}

Result<bool> MarkReaper::walk() {
  const auto marks = shared_.steering->current().get();
  hurry_ = hurry_ || has_errands(marks->all);  // what is new is done next: this pass may have begun for a hold
  const std::size_t changed_max = shared_.options.reaped_at_a_time;
  std::size_t looked_at = 0;
  std::size_t changed = 0;
  auto walked = store_.each_message(next_, [&](const MessageRecord& record) {
    next_ = record.message.id;
    if (looked_at++ >= looked_at_max || changed >= changed_max) return false;
    if (look_at(*marks, record)) ++changed;
    return true;
  });
  if (!walked) return propagate(walked);
  return looked_at <= looked_at_max && changed < changed_max;
}

bool MarkReaper::look_at(const Marks& marks, const MessageRecord& record) {
  Outcome outcome{record.message.id, {}};
  const WallTime now = WallTime::now();
  const std::size_t moves_before = moves_.size();
  bool later = false;
  for (std::uint32_t i = 0; i < record.recipients.size(); ++i) {
    const RecipientState& state = record.recipients[i];
    if (state.phase != RecipientPhase::queued) continue;
    const Mark* gate = marks.gate(record.message, i, state.destination);
    const Mark* way = marks.way(record.message, i, state.destination);
    std::erase_if(unseen_, [&](const Mark& mark) {
      if (mark.kind == MarkKind::retry) return false;
      if (mark.kind == MarkKind::reroute) return way != nullptr && way->id == mark.id;
      return mark.covers(record.message, i, state.destination);
    });
    if (gate == nullptr || gate->kind != MarkKind::drop) {
      if (way != nullptr) {
        moves_.push_back({record.message.id, record.message.lane, i, way->target(record.message)});
      } else if (to_be_tried(record, i)) {
        // Due already, and its next hop thought to be down: it is looked at all the same.
        due_.add(record.message.lane, state.destination, {std::min(state.due, now), record.message.id});
        later = later || state.due > now;
      }
      continue;
    }
    log_drop(record, i, *gate);
    mail::DeliveryStatus status;
    status.recipient = i;
    status.action = mail::Action::failed;
    status.status = {550, {5, 0, 0}};
    status.diagnostic = "dropped by an operator";
    outcome.items.push_back({std::move(status), {}, {}});
  }
  if (later) make_due(record, now);
  changed_ = changed_ || later || !outcome.items.empty();
  if (outcome.items.empty()) return later || moves_.size() != moves_before;
  auto item = std::make_unique<IndexItem>();
  item->kind = IndexItem::Kind::outcome;
  item->outcome = std::move(outcome);
  applier_.take(std::move(item), monotonic_now());
  return true;
}

bool MarkReaper::to_be_tried(const MessageRecord& record, std::uint32_t recipient) const {
  return std::ranges::any_of(unseen_, [&](const Mark& mark) {
    return mark.kind == MarkKind::retry &&
           mark.covers(record.message, recipient, record.recipients[recipient].destination);
  });
}

void MarkReaper::make_due(const MessageRecord& record, WallTime now) {
  auto item = std::make_unique<IndexItem>();
  item->kind = IndexItem::Kind::retry_now;
  item->outcome.message = record.message.id;
  item->outcome.items.emplace_back();
  item->outcome.items.front().due = now;
  applier_.take(std::move(item), monotonic_now());
}

// And lets RocksDB show all that this step has changed before the windows are told.
Result<void> MarkReaper::move(std::vector<Relocation> wanted) {
  const WallTime now = WallTime::now();
  if (!wanted.empty()) wanted = free_of_leases(shared_, std::move(wanted), worker_wait_max);
  for (const Relocation& each : wanted) {
    auto item = std::make_unique<IndexItem>();
    item->kind = IndexItem::Kind::reroute;
    item->outcome.message = each.id;
    Outcome::Item& moved = item->outcome.items.emplace_back();
    moved.status.recipient = each.recipient;
    moved.due = now;
    moved.destination = each.to;
    applier_.take(std::move(item), monotonic_now());
    due_.add(each.lane, each.to, {now, each.id});
  }
  changed_ = changed_ || !wanted.empty();
  if (due_.empty()) return {};
  for (;;) {
    auto applied = applier_.apply(MonotonicTime::max(), shared_.options.reaped_at_a_time);
    if (!applied) return propagate(applied);
    if (!*applied) break;
  }
  due_.announce(shared_);
  return {};
}

Result<void> MarkReaper::end_pass() {
  passing_ = false;
  pass_after_ = monotonic_now() + look_again_after;
  vain_until_ = changed_ ? MonotonicTime{} : monotonic_now() + look_again_for_leased_after;
  vain_generation_ = pass_generation_;
  const std::uint64_t oldest_lease = shared_.oldest_lease();
  std::vector<std::uint64_t> done;
  for (const Mark& mark : unseen_)
    if (mark.kind == MarkKind::retry || oldest_lease >= mark.id) done.push_back(mark.id);
  if (done.empty()) return {};
  auto removed = shared_.steering->remove(done);
  if (!removed) return propagate(removed);
  return shared_.tell_marks({});
}

}  // namespace ringpost::queue
