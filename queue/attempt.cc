#include "queue/attempt.h"

#include <algorithm>

#include "base/assert.h"
#include "queue/bounce_task.h"
#include "queue/log_replay.h"
#include "queue/retry.h"
#include "queue/scheduler_impl.h"
#include "queue/shard_impl.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace ringpost::queue {
namespace {

using mail::Action;
using mail::DeliveryStatus;
using telemetry::EventKind;

constexpr EnhancedCode delivery_time_expired{4, 4, 7};

std::string_view why_no_bounce(const Message& message) noexcept {
  return message.envelope.reverse_path.is_null() ? "double bounce: the message has no sender to tell"
                                                 : "no bounce is wanted for this recipient";
}

void log_status(const Attempt& attempt, EventKind kind, const DeliveryStatus& status, const WallTime* next) {
  const Message& message = attempt.message();
  telemetry::Event event(kind);
  event.message(message.id)
      .field("to", message.envelope.recipients[status.recipient].address.text())
      .field("from", message.envelope.reverse_path.text())
      .field("destination", attempt.destination())
      .field("attempt", attempt.attempts_before() + 1)
      .field("delay", WallTime::now() - message.envelope.received)
      .status(status.status)
      .field("reply", status.diagnostic);
  if (!status.remote.empty()) event.field("remote", status.remote);
  if (next != nullptr) event.field("next", *next);
  if (kind == EventKind::drop) event.field("reason", why_no_bounce(message));
  event.emit();
}

void count_result(const Message& message, telemetry::DeliveryResult result) {
  telemetry::counters().delivery_total[result].add();
  if (result == telemetry::DeliveryResult::delivered)
    telemetry::counters().time_in_queue_seconds.record(WallTime::now() - message.envelope.received);
}

bool wants_bounce(const Message& message, std::uint32_t recipient) {
  const std::uint8_t notify = message.envelope.recipients[recipient].notify.bits;
  return notify == mail::Notify::unspecified || (notify & mail::Notify::failure) != 0;
}

}  // namespace

Attempt::Attempt(Attempt&& other) noexcept {
  *this = std::move(other);
}

Attempt& Attempt::operator=(Attempt&& other) noexcept {
  if (this == &other) return *this;
  if (shard_ != nullptr) release();
  shard_ = std::exchange(other.shard_, nullptr);
  message_ = std::move(other.message_);
  recipients_ = std::move(other.recipients_);
  destination_ = std::move(other.destination_);
  attempts_before_ = other.attempts_before_;
  due_ = other.due_;
  return *this;
}

Attempt::~Attempt() {
  if (shard_ != nullptr) release();
}

// What was not finished is ready again, and the lease is over.
void Attempt::release() {
  Scheduler::Impl& scheduler = shard_->impl_->schedule_impl();
  const MessageId id = message_->id;
  if (!recipients_.empty()) {
    if (scheduler.is_dropped(id)) {
      for (const std::uint32_t recipient : recipients_)
        scheduler.settle(destination_, {id, recipient}, shard_->impl_->last_handed_in());
    } else {
      scheduler.give_back(destination_, {message_, recipients_, attempts_before_, due_});
    }
  }
  scheduler.lease_ended(id);
  shard_ = nullptr;
}

BodyReader Attempt::body() const {
  RINGPOST_ASSERT(shard_ != nullptr);
  return BodyReader(shard_->reactor(), *shard_->impl_->shared.segments, message_);
}

bool Attempt::withdraw_covered() {
  RINGPOST_ASSERT(shard_ != nullptr);
  Scheduler::Impl& scheduler = shard_->impl_->schedule_impl();
  scheduler.see_marks();
  Ready covered{message_, scheduler.covered(*message_, destination_, recipients_), attempts_before_, due_};
  if (covered.recipients.empty()) return true;
  std::erase_if(recipients_, [&](std::uint32_t recipient) {
    return std::ranges::find(covered.recipients, recipient) != covered.recipients.end();
  });
  scheduler.give_back(destination_, std::move(covered));
  return !recipients_.empty();
}

io::Task<Result<void>> Attempt::begun() {
  RINGPOST_ASSERT(shard_ != nullptr);
  Shard::Impl& shard = *shard_->impl_;
  std::string payload = encode_attempt_begun({message_->id, recipients_});
  auto appended = co_await shard.log.append(RecordType::attempt_begun, std::move(payload), false);
  // A log that cannot be written must not keep mail from leaving: the record only narrows what is in doubt after a
  // crash.
  if (!appended)
    telemetry::Event(EventKind::warning)
        .message(message_->id)
        .field("operation", "attempt begun")
        .error(appended.error())
        .emit();
  co_return Result<void>();
}

void Attempt::expire() {
  std::vector<DeliveryStatus> statuses;
  for (const std::uint32_t recipient : recipients_) {
    DeliveryStatus status;
    status.recipient = recipient;
    status.action = Action::deferred;
    status.status = {451, delivery_time_expired};
    status.diagnostic = "not delivered in time";
    statuses.push_back(std::move(status));
  }
  finish(std::move(statuses));
}

void Attempt::finish(std::vector<DeliveryStatus> statuses) {
  RINGPOST_ASSERT(shard_ != nullptr);
  Shard::Impl& shard = *shard_->impl_;
  const mail::Envelope& envelope = message_->envelope;
  Scheduler::Impl& scheduler = shard.schedule_impl();
  const bool dropped = scheduler.is_dropped(message_->id) || scheduler.drops(*message_, destination_, recipients_);
  const WallTime now = WallTime::now();
  auto next = next_attempt(shard.shared.options, envelope, attempts_before_, now);
  // No place for another bounce: what failed is tried again, which fails again, and then the sender hears of it.
  const bool put_off = !shard.schedule_impl().takes_bounces();
  if (put_off && !next) next = now + shard.shared.options.retry.first;
  Outcome outcome{message_->id, {}};
  Outcome bounced{message_->id, {}};
  for (DeliveryStatus& status : statuses) {
    const auto leased = std::ranges::find(recipients_, status.recipient);
    if (leased == recipients_.end()) continue;
    recipients_.erase(leased);
    if (put_off && status.action == Action::failed) status.action = Action::deferred;
    const bool expired = status.action == Action::deferred && !next;
    if (status.action == Action::delivered) {
      log_status(*this, EventKind::deliver, status, nullptr);
      count_result(*message_, telemetry::DeliveryResult::delivered);
    } else if (status.action == Action::deferred && next) {
      log_status(*this, EventKind::defer, status, &*next);
      count_result(*message_, telemetry::DeliveryResult::deferred);
      std::string destination = shard.shared.destination_of(envelope.recipients[status.recipient].address);
      outcome.items.push_back({std::move(status), *next, std::move(destination)});
      continue;
    }
    if (expired) {
      status.action = Action::failed;
      status.status.enhanced = delivery_time_expired;
      log_status(*this, EventKind::expire, status, nullptr);
    }
    const bool failed = status.action == Action::failed;
    if (failed)
      count_result(*message_, expired ? telemetry::DeliveryResult::expired : telemetry::DeliveryResult::failed);
    const bool bounce =
        failed && !dropped && !envelope.reverse_path.is_null() && wants_bounce(*message_, status.recipient);
    if (failed && !expired) log_status(*this, bounce ? EventKind::bounce : EventKind::drop, status, nullptr);
    (bounce ? bounced : outcome).items.push_back({std::move(status), {}, {}});
  }
  if (!outcome.items.empty()) record(shard, *message_, destination_, std::move(outcome));
  if (!bounced.items.empty()) start_bounce(shard, message_, destination_, std::move(bounced));
  release();
}

}  // namespace ringpost::queue
