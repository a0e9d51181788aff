#include <algorithm>

#include "queue/indexer.h"
#include "queue/scheduler_impl.h"
#include "queue/segment_pins.h"
#include "queue/shard_impl.h"
#include "telemetry/log.h"

namespace ringpost::queue {

void Shared::set_postponed(const std::string& destination, const std::string& why, WallTime until) {
  const std::scoped_lock lock(mutex_);
  if (why.empty()) {
    postponed_.erase(destination);
  } else {
    postponed_[destination] = {why, until};
  }
}

Shared::Postponed Shared::postponed(const std::string& destination) {
  const std::scoped_lock lock(mutex_);
  const auto found = postponed_.find(destination);
  return found == postponed_.end() ? Postponed() : found->second;
}

void Shared::enlist(Shard::Impl& shard) {
  const std::scoped_lock lock(mutex_);
  shards_[shard.number] = &shard;
}

void Shared::leave(Shard::Impl& shard) {
  const std::scoped_lock lock(mutex_);
  shards_.erase(shard.number);
}

namespace {

class MovedParcel final : public ShardParcel {
 public:
  MovedParcel(std::vector<MessagePointer> messages, std::shared_ptr<SegmentPins> pins)
      : messages_(std::move(messages)), pins_(std::move(pins)) {}
  void deliver() noexcept override {
    if (!shard->closing) shard->moved(messages_, pins_);
    delete this;
  }

 private:
  const std::vector<MessagePointer> messages_;
  const std::shared_ptr<SegmentPins> pins_;
};

class ShedParcel final : public ShardParcel {
 public:
  void deliver() noexcept override {
    if (!shard->closing) shard->shed();
    delete this;
  }
};

}  // namespace

void Shared::tell_memory_short() {
  for (std::uint16_t worker = 0; worker < options.workers; ++worker) {
    auto* parcel = new ShedParcel;
    if (!post(worker, *parcel)) delete parcel;
  }
}

void Shared::tell_moved(std::vector<MessagePointer> messages, std::shared_ptr<SegmentPins> pins) {
  std::map<std::uint16_t, std::vector<MessagePointer>> by_worker;
  for (MessagePointer& message : messages)
    by_worker[static_cast<std::uint16_t>(message->lane % options.workers)].push_back(std::move(message));
  for (auto& [worker, theirs] : by_worker) {
    auto* parcel = new MovedParcel(std::move(theirs), pins);
    if (!post(worker, *parcel)) delete parcel;
  }
}

bool Shared::post(std::uint16_t worker, ShardParcel& parcel) {
  const std::scoped_lock lock(mutex_);
  const auto found = shards_.find(worker);
  if (found == shards_.end()) return false;
  parcel.shard = found->second;
  found->second->reactor.post(parcel);
  return true;
}

// An answer with a NUL would break the order of the keys, an endless one the limits of what is stored.
std::string Shared::destination_of(const mail::Envelope& envelope, const mail::Recipient& recipient) const {
  constexpr std::size_t destination_octets_max = 1024;
  std::string destination = callbacks.route_key(recipient.address, envelope.next_hop_tls());
  destination.resize(std::min({destination.size(), destination.find('\0'), destination_octets_max}));
  return destination;
}

void Shared::set_log_trouble(std::uint16_t worker, const std::string& why) {
  const std::scoped_lock lock(mutex_);
  if (why.empty()) {
    log_troubles_.erase(worker);
  } else {
    log_troubles_[worker] = why;
  }
}

std::string Shared::log_trouble() {
  const std::scoped_lock lock(mutex_);
  return log_troubles_.empty() ? std::string() : log_troubles_.begin()->second;
}

Shard::Impl::Impl(Shared& everything, std::uint16_t worker, io::Reactor& its_reactor)
    : shared(everything),
      number(worker),
      reactor(its_reactor),
      log(worker, its_reactor, *everything.segments, everything.options, *this),
      scope(its_reactor) {}

std::vector<std::string> Shard::Impl::destinations_of(const mail::Envelope& envelope) const {
  std::vector<std::string> destinations;
  destinations.reserve(envelope.recipients.size());
  for (const mail::Recipient& recipient : envelope.recipients)
    destinations.push_back(shared.destination_of(envelope, recipient));
  return destinations;
}

void Shard::Impl::schedule(MessagePointer message, const std::vector<std::string>& destinations,
                           std::uint64_t sequence) {
  schedule_impl().add(message, destinations, sequence);
}

std::unique_ptr<IndexItem> Shard::Impl::make_item(IndexItem::Kind kind) {
  auto item = std::make_unique<IndexItem>();
  item->kind = kind;
  item->log = number;
  item->sequence = ++items_made_;
  return item;
}

void Shard::Impl::hand_in(std::unique_ptr<IndexItem> item) {
  // The log makes these itself, out of turn: an item that was appended before may come behind it.
  if (item->kind == IndexItem::Kind::watermark) item->sequence = 0;
  last_handed_in_ = std::max(last_handed_in_, item->sequence);
  shared.indexer->hand_in(std::move(item));
}

Result<void> Shard::Impl::load() {
  return schedule_impl().load();
}

void Shard::Impl::retry(const std::string& destination, std::uint16_t on_lane, const DuePosition& position, bool lift) {
  schedule_impl().retry_now(destination, on_lane, position, lift);
}

void Shard::Impl::forget(const MessageId& id, const std::vector<std::string>& destinations) {
  schedule_impl().drop(id, destinations);
}

void Shard::Impl::shed() {
  schedule_impl().shed();
}

void Shard::Impl::moved(const std::vector<MessagePointer>& messages, const std::shared_ptr<SegmentPins>& pins) {
  schedule_impl().moved(messages, pins);
}

const Error* Shard::Impl::log_trouble() {
  constexpr Duration look_again = std::chrono::seconds(1);
  const Error* error = log.unhealthy();
  if (error != nullptr) {
    if (!in_trouble_) shared.set_log_trouble(number, error->reason);
    health_timer_.unlink();
    reactor.timers().arm(health_timer_, reactor.now() + look_again);
  } else if (in_trouble_) {
    shared.set_log_trouble(number, {});
  }
  in_trouble_ = error != nullptr;
  return error;
}

std::uint64_t Shard::Impl::applied_sequence() const noexcept {
  return shared.indexer->applied_sequence(number);
}

std::uint64_t Shard::Impl::record_outcome(Outcome outcome) {
  auto item = make_item(IndexItem::Kind::outcome);
  const std::uint64_t sequence = item->sequence;
  std::string payload = encode_outcome(outcome);
  item->outcome = std::move(outcome);
  log.append_unsynced(RecordType::attempt_ended, std::move(payload), std::move(item));
  in_flow.finished();
  return sequence;
}

Shard::Shard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->shard = this;
}

Shard::~Shard() {
  if (impl_->closing) return;
  impl_->shared.leave(*impl_);
}

Result<Upload> Shard::begin_upload() {
  Shared& shared = impl_->shared;
  constexpr PublicStatus too_busy{451, {4, 3, 2}};
  constexpr PublicStatus leaving{421, {4, 3, 2}};
  if (impl_->closing) return fail(ErrorKind::unavailable, "the queue is closing", leaving);
  if (const Error* error = impl_->log_trouble(); error != nullptr) return std::unexpected(*error);
  if (shared.segments->disk_low())
    return fail(ErrorKind::no_space, "the disk of the spool is nearly full", {452, {4, 3, 1}});
  if (!shared.store->healthy()) return fail(ErrorKind::unavailable, shared.store->unhealthy_reason(), too_busy);
  if (shared.indexer->overloaded())
    return fail(ErrorKind::unavailable, shared.indexer->unhealthy_reason(), {452, {4, 3, 1}});
  if (impl_->upload_octets >= shared.options.upload_octets_max)
    return fail(ErrorKind::unavailable, "too many messages are on their way to the disk", too_busy);
  return Upload(*impl_, MessageId::generate(WallTime::now()));
}

Duration Shard::in_flow_delay() noexcept {
  return impl_->in_flow.delay(impl_->schedule_impl().ready_total_, impl_->shared.options.in_flow_delay,
                              monotonic_now());
}

Scheduler& Shard::scheduler() noexcept {
  return *impl_->scheduler;
}
io::Reactor& Shard::reactor() noexcept {
  return impl_->reactor;
}

io::Task<> Shard::close() {
  impl_->closing = true;
  impl_->shared.leave(*impl_);
  impl_->schedule_impl().stop();
  // What was posted to us before we left arrives in this turn or the next.
  co_await io::Sleep(impl_->reactor, io::Deadline::after(std::chrono::milliseconds(1)), io::Cancel::never());
  co_await impl_->scope.close();
  co_await impl_->log.close();
}

}  // namespace ringpost::queue
