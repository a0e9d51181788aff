#include "queue/applier.h"

#include <algorithm>

#include "base/assert.h"
#include "queue/retry.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

using DueEntries = std::map<DueKey, DueValue>;

// Its sender is still to hear at the deadline, or to get it back.
bool has_deadline(const MessageRecord& record, std::uint32_t recipient) {
  const mail::Envelope& envelope = record.message.envelope;
  if (envelope.deliver_by.mode != mail::DeliverBy::Mode::notify)
    return envelope.deliver_by.mode == mail::DeliverBy::Mode::give_back;
  return !record.recipients[recipient].delay_told && !envelope.recipients[recipient].delay_told;
}

// The entries of family `due` that a record stands for.
DueEntries due_entries(const MessageRecord& record) {
  DueEntries entries;
  const PriorityClass priority = class_of(record.message.envelope);
  const mail::DeliverBy& wanted = record.message.envelope.deliver_by;
  for (std::uint32_t i = 0; i < record.recipients.size(); ++i) {
    const RecipientState& state = record.recipients[i];
    if (state.phase != RecipientPhase::queued) continue;
    DueValue& due = entries[{record.message.lane, state.destination, {state.due, record.message.id}, priority}];
    due.deferred = due.deferred || state.attempts > 0;
    due.recipients.push_back(i);
    if (has_deadline(record, i))
      entries[{record.message.lane, std::string(deadlines), {wanted.deadline, record.message.id}}].recipients.push_back(
          i);
  }
  return entries;
}

void add_extents(std::map<SegmentKey, std::int64_t>& sums, const std::vector<Extent>& body) {
  for (const Extent& extent : body) sums[{extent.log, extent.segment}] += extent.octets;
}

std::vector<RecipientState> fresh_states(const IndexItem& accept) {
  const auto& envelope = accept.message->envelope;
  std::vector<RecipientState> states(envelope.recipients.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    states[i].due = release_time(envelope);
    if (i < accept.destinations.size()) states[i].destination = accept.destinations[i];
  }
  return states;
}

// What its sender holds back nobody else lets go.
void make_due(const Message& message, std::vector<RecipientState>& recipients, WallTime now) {
  const WallTime at = std::max(now, message.envelope.not_before);
  for (RecipientState& state : recipients)
    if (state.phase == RecipientPhase::queued && state.due > at) state.due = at;
}

void reroute(const Message& message, std::vector<RecipientState>& recipients, const Outcome& outcome) {
  for (const Outcome::Item& item : outcome.items) {
    if (item.status.recipient >= recipients.size()) continue;
    RecipientState& state = recipients[item.status.recipient];
    if (state.phase != RecipientPhase::queued) continue;
    state.destination = item.destination;
    state.due = std::max(item.due, message.envelope.not_before);
    state.rerouted = true;
  }
}

WallTime retry_time(const IndexItem& item) {
  return item.outcome.items.empty() ? WallTime{} : item.outcome.items.front().due;
}

}  // namespace

void apply_outcome(RecipientState& state, const Outcome::Item& item) {
  if (state.phase != RecipientPhase::queued) return;
  state.delay_told = state.delay_told || item.delay_told;
  const bool deferred = item.status.action == mail::Action::deferred;
  if (deferred && state.attempts > 0 && state.due == item.due && state.destination == item.destination) return;
  ++state.attempts;
  state.last_status = item.status.status;
  state.last_diagnostic = item.status.diagnostic;
  state.last_remote = item.status.remote;
  if (deferred) {
    state.due = item.due;
    state.destination = item.destination;
  } else {
    state.phase = item.status.action == mail::Action::delivered ? RecipientPhase::delivered : RecipientPhase::failed;
  }
}

bool is_final(const std::vector<RecipientState>& recipients) noexcept {
  return std::ranges::none_of(recipients, [](const auto& r) { return r.phase == RecipientPhase::queued; });
}

bool is_deferred(const std::vector<RecipientState>& recipients) noexcept {
  return std::ranges::any_of(recipients,
                             [](const auto& r) { return r.phase == RecipientPhase::queued && r.attempts > 0; });
}

struct Applier::Work {
  explicit Work(const Store& store) : batch(store) {}
  Batch batch;
  std::map<MessageId, Touched> touched;
  std::map<std::uint16_t, LogPosition> watermarks;
  std::map<std::uint16_t, std::uint64_t> sequences;
  std::map<SegmentKey, std::int64_t> born;
  std::map<SegmentKey, std::int64_t> died;
  StoreCounts counts;         // of RocksDB
  StoreCounts counts_memory;  // of messages()/deferred(), which knew the pending ones before
};

Applier::Applier(Store& store, SegmentTable& segments, std::size_t logs)
    : store_(store), segments_(segments), logs_(logs), applied_(new std::atomic<std::uint64_t>[logs]) {
  for (std::size_t i = 0; i < logs_; ++i) applied_[i] = 0;
}

Result<void> Applier::open() {
  const auto counts = store_.counts();
  if (!counts) return std::unexpected(counts.error());
  messages_ = counts->messages;
  deferred_ = counts->deferred;
  return {};
}

Result<bool> Applier::knows(const MessageId& id) const {
  if (pending_.contains(id)) return true;
  auto found = store_.find(id);
  if (!found) return propagate(found);
  return found->has_value();
}

void Applier::take(std::unique_ptr<IndexItem> item, MonotonicTime arrived) {
  if (item->kind == IndexItem::Kind::accept) {
    const auto [place, fresh] = pending_.try_emplace(item->message->id);
    RINGPOST_ASSERT(fresh);  // ids are ours and unique; recovery asks knows() first
    place->second = {item->message, fresh_states(*item)};
    count(messages_, 1);
    unindexed_.fetch_add(1, std::memory_order_relaxed);
  } else if (item->kind != IndexItem::Kind::watermark && merge_into_pending(*item)) {
    item->kind = IndexItem::Kind::watermark;
    item->outcome = {};
  }
  items_.push_back({std::move(item), arrived});
}

bool Applier::merge_into_pending(IndexItem& item) {
  const auto found = pending_.find(item.outcome.message);
  if (found == pending_.end()) return false;
  auto& recipients = found->second.recipients;
  const bool was_deferred = is_deferred(recipients);
  bool gone = false;
  if (item.kind == IndexItem::Kind::outcome) {
    for (const Outcome::Item& result : item.outcome.items)
      if (result.status.recipient < recipients.size()) apply_outcome(recipients[result.status.recipient], result);
    gone = is_final(recipients);
  } else if (item.kind == IndexItem::Kind::retry_now) {
    make_due(*found->second.message, recipients, retry_time(item));
  } else if (item.kind == IndexItem::Kind::reroute) {
    reroute(*found->second.message, recipients, item.outcome);
  } else {
    gone = true;
  }
  count(deferred_, (gone ? 0 : static_cast<int>(is_deferred(recipients))) - static_cast<int>(was_deferred));
  if (gone) {
    pending_.erase(found);
    count(messages_, -1);
    unindexed_.fetch_sub(1, std::memory_order_relaxed);
  }
  return true;
}

Result<Applier::Touched*> Applier::touch(Work& work, const MessageId& id) {
  const auto found = work.touched.find(id);
  if (found != work.touched.end()) return found->second.gone ? nullptr : &found->second;
  auto stored = store_.find(id);
  if (!stored && stored.error().kind == ErrorKind::corrupt) {
    // It can neither be delivered nor changed any more; the others go on.
    telemetry::Event(telemetry::EventKind::error).message(id).field("operation", "index").error(stored.error()).emit();
    return nullptr;
  }
  if (!stored) return propagate(stored);
  if (!*stored) return nullptr;
  Touched& touched = work.touched[id];
  touched.stored = true;
  touched.before = std::move(**stored);
  touched.after = touched.before;
  return &touched;
}

Result<void> Applier::add_to_work(Work& work, const IndexItem& item) {
  if (item.end.segment != 0) {
    LogPosition& mark = work.watermarks[item.log];
    mark = std::max(mark, item.end);
  }
  if (item.sequence != 0) work.sequences[item.log] = item.sequence;
  if (item.kind == IndexItem::Kind::watermark) return {};
  if (item.kind == IndexItem::Kind::accept) {
    const auto pending = pending_.find(item.message->id);
    if (pending == pending_.end()) return {};  // all its recipients are final: it never enters RocksDB
    Touched& touched = work.touched[item.message->id];
    touched.after = {*pending->second.message, pending->second.recipients};
    return {};
  }
  auto touched = touch(work, item.outcome.message);
  if (!touched) return propagate(touched);
  if (*touched == nullptr) return {};  // unknown: it was final before, or dropped
  auto& recipients = (*touched)->after.recipients;
  if (item.kind == IndexItem::Kind::outcome) {
    for (const Outcome::Item& result : item.outcome.items)
      if (result.status.recipient < recipients.size()) apply_outcome(recipients[result.status.recipient], result);
    (*touched)->gone = is_final(recipients);
  } else if (item.kind == IndexItem::Kind::retry_now) {
    make_due((*touched)->after.message, recipients, retry_time(item));
  } else if (item.kind == IndexItem::Kind::reroute) {
    reroute((*touched)->after.message, recipients, item.outcome);
  } else {
    (*touched)->gone = true;
  }
  return {};
}

void Applier::write_touched(Work& work, const MessageId& id, const Touched& touched) {
  const DueEntries before = touched.stored ? due_entries(touched.before) : DueEntries();
  const DueEntries after = touched.gone ? DueEntries() : due_entries(touched.after);
  for (const auto& [key, due] : before)
    if (!after.contains(key)) work.batch.delete_due(key);
  for (const auto& [key, due] : after) {
    const auto same = before.find(key);
    if (same == before.end() || same->second != due) work.batch.put_due(key, due);
  }
  if (!touched.gone) {
    work.batch.put_message(id, encode_record(touched.after));
  } else if (touched.stored) {
    work.batch.delete_message(id);
  }
  if (!touched.stored && !touched.gone) add_extents(work.born, touched.after.message.body);
  if (touched.stored && touched.gone) add_extents(work.died, touched.before.message.body);
  StoreCounts change;
  change.messages = static_cast<int>(!touched.gone) - static_cast<int>(touched.stored);
  change.deferred = static_cast<int>(!touched.gone && is_deferred(touched.after.recipients)) -
                    static_cast<int>(touched.stored && is_deferred(touched.before.recipients));
  work.counts.messages += change.messages;
  work.counts.deferred += change.deferred;
  if (touched.stored) {
    work.counts_memory.messages += change.messages;
    work.counts_memory.deferred += change.deferred;
  }
}

Result<bool> Applier::apply(MonotonicTime until, std::size_t items_max) {
  Work work(store_);
  std::size_t items = 0;
  for (; items < items_.size() && items < items_max && items_[items].arrived <= until; ++items) {
    auto added = add_to_work(work, *items_[items].item);
    if (!added) return propagate(added);
  }
  if (items == 0) return false;
  for (const auto& [id, touched] : work.touched) write_touched(work, id, touched);
  for (const auto& [key, octets] : work.born) work.batch.add_live(key, octets);
  for (const auto& [key, octets] : work.died) work.batch.add_live(key, -octets);
  for (const auto& [log, position] : work.watermarks) work.batch.set_watermark(log, position);
  work.batch.add_counts(work.counts);
  if (!work.batch.empty()) {
    auto applied = store_.apply(work.batch);
    if (!applied) return propagate(applied);
  }
  committed(work, items);
  return true;
}

void Applier::committed(Work& work, std::size_t items) {
  dirty_ = dirty_ || !work.batch.empty();
  for (const auto& [key, octets] : work.born) segments_.add_live(key, octets);
  for (const auto& [key, octets] : work.died) died_[key] += octets;
  for (const auto& [log, position] : work.watermarks) watermarks_[log] = std::max(watermarks_[log], position);
  count(messages_, work.counts_memory.messages);
  count(deferred_, work.counts_memory.deferred);
  for (std::size_t i = 0; i < items; ++i) {
    IndexItem& item = *items_.front().item;
    if (item.pins != nullptr) pins_.push_back(std::move(item.pins));
    if (item.kind == IndexItem::Kind::accept && pending_.erase(item.message->id) != 0)
      unindexed_.fetch_sub(1, std::memory_order_relaxed);
    items_.pop_front();
  }
  for (const auto& [log, sequence] : work.sequences)
    if (log < logs_) applied_[log].store(sequence, std::memory_order_release);
}

Result<void> Applier::set_watermarks(const std::vector<std::pair<std::uint16_t, LogPosition>>& positions) {
  Batch batch(store_);
  for (const auto& [log, position] : positions) batch.set_watermark(log, position);
  if (batch.empty()) return {};
  auto applied = store_.apply(batch);
  if (!applied) return propagate(applied);
  for (const auto& [log, position] : positions) watermarks_[log] = std::max(watermarks_[log], position);
  dirty_ = true;
  return {};
}

Result<void> Applier::sync() {
  auto synced = store_.sync();
  if (!synced) return propagate(synced);
  dirty_ = false;
  for (const auto& [log, position] : watermarks_) segments_.set_synced_watermark(log, position);
  for (const auto& [key, octets] : died_) segments_.add_live(key, -octets);
  watermarks_.clear();
  died_.clear();
  pins_.clear();
  return {};
}

Result<std::vector<MessagePointer>> Applier::move_bodies(const std::vector<Move>& moves, std::uint16_t log,
                                                         LogPosition end) {
  Batch batch(store_);
  std::map<SegmentKey, std::int64_t> born, died;
  std::vector<MessagePointer> moved;
  for (const Move& move : moves) {
    auto found = store_.find(move.id);
    if (!found) return propagate(found);
    if (!*found) continue;
    MessageRecord& record = **found;
    add_extents(died, record.message.body);
    record.message.body = move.body;
    add_extents(born, record.message.body);
    batch.put_message(move.id, encode_record(record));
    moved.push_back(std::make_shared<const Message>(std::move(record.message)));
  }
  for (const auto& [key, octets] : born) batch.add_live(key, octets);
  for (const auto& [key, octets] : died) batch.add_live(key, -octets);
  batch.set_watermark(log, end);
  auto applied = store_.apply(batch);
  if (!applied) return propagate(applied);
  dirty_ = true;
  for (const auto& [key, octets] : born) segments_.add_live(key, octets);
  for (const auto& [key, octets] : died) died_[key] += octets;
  watermarks_[log] = std::max(watermarks_[log], end);
  auto synced = sync();
  if (!synced) return propagate(synced);
  return moved;
}

void Applier::look_for_oldest() {
  const auto stored = store_.first_message(oldest_);
  if (stored && *stored) oldest_ = **stored;
  std::int64_t oldest_ms = stored && *stored ? (*stored)->time().milliseconds : 0;
  if (oldest_ms == 0 && !pending_.empty() && !items_.empty()) oldest_ms = WallTime::now().milliseconds;
  oldest_ms_.store(oldest_ms, std::memory_order_relaxed);
}

}  // namespace ringpost::queue
