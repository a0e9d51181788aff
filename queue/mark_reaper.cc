#include "queue/mark_reaper.h"

#include <algorithm>

#include "queue/applier.h"
#include "queue/shard_impl.h"
#include "queue/store.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr Duration look_again_after = std::chrono::minutes(10);
// What was accepted when a mark was made has reached RocksDB by then.
constexpr Duration settled_after = std::chrono::seconds(2);

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

Result<void> MarkReaper::step() {
  auto lifted = lift_expired(WallTime::now());
  if (!lifted) return lifted;
  if (!passing_ && !begin_pass()) return {};
  auto ended = walk();
  if (!ended) return propagate(ended);
  return *ended ? end_pass() : Result<void>{};
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
  bool hurry = false;
  unseen_.clear();
  for (const Mark& mark : marks->all) {
    if (mark.kind == MarkKind::suspend || mark.created > settled) continue;
    unseen_.push_back(mark);
    hurry = hurry || mark.kind == MarkKind::drop;
  }
  if (unseen_.empty() || (!hurry && now < pass_after_)) return false;
  if (applier_.waiting() > 0 && now - applier_.oldest() > settled_after / 2) return false;  // RocksDB is behind
  passing_ = true;
  next_ = {};
  return true;
}

Result<bool> MarkReaper::walk() {
  const auto marks = shared_.steering->current().get();
  std::size_t looked_at = 0;
  std::size_t dropped = 0;
  auto walked = store_.each_message(next_, [&](const MessageRecord& record) {
    next_ = record.message.id;
    if (looked_at++ >= looked_at_max || dropped >= dropped_max) return false;
    if (look_at(*marks, record)) ++dropped;
    return true;
  });
  if (!walked) return propagate(walked);
  return looked_at <= looked_at_max && dropped < dropped_max;
}

bool MarkReaper::look_at(const Marks& marks, const MessageRecord& record) {
  Outcome outcome{record.message.id, {}};
  for (std::uint32_t i = 0; i < record.recipients.size(); ++i) {
    const RecipientState& state = record.recipients[i];
    if (state.phase != RecipientPhase::queued) continue;
    std::erase_if(unseen_, [&](const Mark& mark) { return mark.covers(record.message, i, state.destination); });
    const Mark* gate = marks.gate(record.message, i, state.destination);
    if (gate == nullptr || gate->kind != MarkKind::drop) continue;
    log_drop(record, i, *gate);
    mail::DeliveryStatus status;
    status.recipient = i;
    status.action = mail::Action::failed;
    status.status = {550, {5, 0, 0}};
    status.diagnostic = "dropped by an operator";
    outcome.items.push_back({std::move(status), {}, {}});
  }
  if (outcome.items.empty()) return false;
  auto item = std::make_unique<IndexItem>();
  item->kind = IndexItem::Kind::outcome;
  item->outcome = std::move(outcome);
  applier_.take(std::move(item), monotonic_now());
  return true;
}

Result<void> MarkReaper::end_pass() {
  passing_ = false;
  pass_after_ = monotonic_now() + look_again_after;
  const std::uint64_t oldest_lease = shared_.oldest_lease();
  std::vector<std::uint64_t> done;
  for (const Mark& mark : unseen_)
    if (oldest_lease >= mark.id) done.push_back(mark.id);
  if (done.empty()) return {};
  auto removed = shared_.steering->remove(done);
  if (!removed) return propagate(removed);
  return shared_.tell_marks({});
}

}  // namespace ringpost::queue
