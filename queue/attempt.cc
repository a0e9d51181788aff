#include "queue/attempt.h"

#include <algorithm>

#include "base/assert.h"
#include "queue/bounce_task.h"
#include "queue/log_replay.h"
#include "queue/report_policy.h"
#include "queue/retry.h"
#include "queue/scheduler_impl.h"
#include "queue/shard_impl.h"
#include "queue/verp.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace ringpost::queue {
namespace {

using mail::Action;
using mail::DeliveryStatus;
using telemetry::EventKind;

constexpr EnhancedCode delivery_time_expired{4, 4, 7};
constexpr PublicStatus deadline_passed{554, {5, 4, 7}};  // RFC 2852

void log_status(const Attempt& attempt, EventKind kind, const DeliveryStatus& status, const WallTime* next,
                std::string_view why_unsaid) {
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
  if (!why_unsaid.empty()) event.field("reason", why_unsaid);
  event.emit();
}

void count_result(const Message& message, telemetry::DeliveryResult result) {
  telemetry::counters().delivery_total[result].add();
  if (result == telemetry::DeliveryResult::delivered)
    telemetry::counters().time_in_queue_seconds.record(WallTime::now() - message.envelope.received);
}

}  // namespace

/// What an attempt made of its recipients, by who is told.
struct Outcomes {
  Outcome quiet, failed, late, successful;
  bool dropped = false;  // an operator dropped the message: nobody is told
};

Attempt::Attempt(Shard& shard, std::string destination, Ready ready)
    : shard_(&shard),
      message_(std::move(ready.message)),
      recipients_(std::move(ready.recipients)),
      destination_(std::move(destination)),
      attempts_before_(ready.attempts),
      due_(ready.due),
      delay_told_(std::move(ready.delay_told)),
      rerouted_(ready.rerouted) {
  shard.impl_->schedule_impl().lease_begins(message_->id);
}

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
  delay_told_ = std::move(other.delay_told_);
  rerouted_ = other.rerouted_;
  keeps_its_time_ = other.keeps_its_time_;
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
      scheduler.give_back(destination_, back_in_line(recipients_));
    }
  }
  scheduler.lease_ended(id);
  shard_ = nullptr;
}

Ready Attempt::back_in_line(std::vector<std::uint32_t> recipients) const {
  Ready ready{message_, std::move(recipients), attempts_before_, due_, delay_told_};
  ready.rerouted = rerouted_;
  return ready;
}

mail::Address Attempt::reverse_path() const {
  RINGPOST_ASSERT(shard_ != nullptr && !recipients_.empty());
  return reverse_path_for(shard_->impl_->shared.options, message_->envelope, recipients_.front());
}

BodyReader Attempt::body() const {
  RINGPOST_ASSERT(shard_ != nullptr);
  return BodyReader(shard_->reactor(), *shard_->impl_->shared.segments, message_);
}

bool Attempt::delay_told(std::uint32_t recipient) const {
  return std::ranges::find(delay_told_, recipient) != delay_told_.end() ||
         message_->envelope.recipients[recipient].delay_told;
}

// Held for ever: a scan passes over them, and no window gets them back.
void Attempt::set_aside(const std::vector<std::uint32_t>& recipients) {
  RINGPOST_ASSERT(shard_ != nullptr);
  std::erase_if(recipients_,
                [&](std::uint32_t mine) { return std::ranges::find(recipients, mine) != recipients.end(); });
}

bool Attempt::withdraw_covered() {
  RINGPOST_ASSERT(shard_ != nullptr);
  Scheduler::Impl& scheduler = shard_->impl_->schedule_impl();
  scheduler.see_marks();
  Ready covered = back_in_line(scheduler.covered(*message_, destination_, recipients_));
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

void Attempt::expire(const std::string& trouble) {
  std::vector<DeliveryStatus> statuses;
  for (const std::uint32_t recipient : recipients_) {
    DeliveryStatus status;
    status.recipient = recipient;
    status.action = Action::deferred;
    status.status = {451, delivery_time_expired};
    status.diagnostic = became_too_old;
    if (attempts_before_ == 0 && !trouble.empty()) status.diagnostic += "; its destination: " + trouble;
    statuses.push_back(std::move(status));
  }
  finish(std::move(statuses));
}

void Attempt::end_time(const std::string& trouble) {
  keeps_its_time_ = true;
  expire(trouble);
}

void Attempt::delivered(DeliveryStatus status, Outcomes& into) {
  Shard::Impl& shard = *shard_->impl_;
  const bool handed_off = status.handover == mail::Handover::handed_off;
  log_status(*this, handed_off ? EventKind::handoff : EventKind::deliver, status, nullptr, {});
  count_result(*message_, handed_off ? telemetry::DeliveryResult::handed_off : telemetry::DeliveryResult::delivered);
  // RFC 3461 5.2.1: who took the message with its DSN parameters took over the duty to report.
  const bool ours = status.handover != mail::Handover::with_dsn && !handed_off && !into.dropped;
  const bool told =
      ours && (status.handover == mail::Handover::traced
                   ? why_no_relay_report(shard.shared.options, message_->envelope, status.recipient)
                   : why_no_report(shard.shared.options, message_->envelope, status.recipient, ReportKind::success))
                  .empty();
  (told ? into.successful : into.quiet).items.push_back({std::move(status), {}, {}, false});
}

void Attempt::deferred(DeliveryStatus status, WallTime next, Outcomes& into) {
  Shard::Impl& shard = *shard_->impl_;
  const Options& options = shard.shared.options;
  const mail::Envelope& envelope = message_->envelope;
  const WallTime notice_at = delay_notice_at(options, envelope), now = WallTime::now();
  bool told = std::ranges::find(delay_told_, status.recipient) != delay_told_.end();
  const bool to_be_told =
      !told && !into.dropped && why_no_report(options, envelope, status.recipient, ReportKind::delay).empty();
  // Tried once more when it is time to tell, so that the sender hears then and not with the try after it.
  if (to_be_told && now < notice_at) next = std::min(next, notice_at);
  const bool tell_now = to_be_told && now >= notice_at && shard.schedule_impl().takes_bounces();
  told = told || tell_now;
  log_status(*this, EventKind::defer, status, &next, {});
  count_result(*message_, telemetry::DeliveryResult::deferred);
  std::string destination =
      rerouted_ ? destination_ : shard.shared.destination_of(envelope, envelope.recipients[status.recipient]);
  (tell_now ? into.late : into.quiet).items.push_back({std::move(status), next, std::move(destination), told});
}

void Attempt::failed(DeliveryStatus status, bool expired, Outcomes& into) {
  Shard::Impl& shard = *shard_->impl_;
  const mail::Envelope& envelope = message_->envelope;
  if (expired) {
    status.action = Action::failed;
    status.status.enhanced = delivery_time_expired;
    if (is_past_deadline(envelope, WallTime::now())) status.status = deadline_passed;
  }
  std::string_view why_unsaid = why_no_report(shard.shared.options, envelope, status.recipient, failure_kind(envelope));
  if (into.dropped) why_unsaid = "an operator dropped the message";
  const bool told = why_unsaid.empty();
  const EventKind kind = told ? EventKind::bounce : EventKind::drop;
  log_status(*this, expired ? EventKind::expire : kind, status, nullptr, why_unsaid);
  count_result(*message_, expired ? telemetry::DeliveryResult::expired : telemetry::DeliveryResult::failed);
  (told ? into.failed : into.quiet).items.push_back({std::move(status), {}, {}, false});
}

void Attempt::finish(std::vector<DeliveryStatus> statuses) {
  RINGPOST_ASSERT(shard_ != nullptr);
  Shard::Impl& shard = *shard_->impl_;
  Scheduler::Impl& scheduler = shard.schedule_impl();
  const bool dropped = scheduler.is_dropped(message_->id) || scheduler.drops(*message_, destination_, recipients_);
  const WallTime now = WallTime::now();
  auto next = next_attempt(shard.shared.options, message_->envelope, attempts_before_, now);
  if (next && keeps_its_time_) next = due_;
  // No place for another bounce: what failed is tried again, which fails again, and then the sender hears of it.
  const bool put_off = !shard.schedule_impl().takes_bounces();
  if (put_off && !next) next = now + shard.shared.options.retry.first;
  const MessageId id = message_->id;
  Outcomes outcomes{{id, {}}, {id, {}}, {id, {}}, {id, {}}, dropped};
  for (DeliveryStatus& status : statuses) {
    const auto leased = std::ranges::find(recipients_, status.recipient);
    if (leased == recipients_.end()) continue;
    recipients_.erase(leased);
    if (put_off && status.action == Action::failed) status.action = Action::deferred;
    if (status.action == Action::delivered) {
      if (Destination* reached = scheduler.find(destination_)) reached->troubled_at = {};
      delivered(std::move(status), outcomes);
    } else if (status.action == Action::deferred && next) {
      deferred(std::move(status), *next, outcomes);
    } else {
      const bool expired = status.action == Action::deferred;
      failed(std::move(status), expired, outcomes);
    }
  }
  if (!outcomes.quiet.items.empty()) record(shard, *message_, destination_, std::move(outcomes.quiet));
  const bool one_by_one = has_verp(shard.shared.options, message_->envelope);
  const auto report = [&](ReportKind kind, Outcome& about) {
    if (!one_by_one && !about.items.empty()) return start_report(shard, message_, destination_, std::move(about), kind);
    for (Outcome::Item& item : about.items) start_report(shard, message_, destination_, {id, {std::move(item)}}, kind);
  };
  report(failure_kind(message_->envelope), outcomes.failed);
  report(ReportKind::delay, outcomes.late);
  report(ReportKind::success, outcomes.successful);
  release();
}

}  // namespace ringpost::queue
