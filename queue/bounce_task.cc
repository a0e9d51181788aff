#include "queue/bounce_task.h"

#include <algorithm>

#include "io/offload.h"
#include "queue/attempt.h"
#include "queue/bounce.h"
#include "queue/retry.h"
#include "queue/scheduler_impl.h"
#include "queue/shard_impl.h"
#include "queue/store.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr Duration try_again_after = std::chrono::seconds(5);

constexpr std::string_view what_it_is(ReportKind kind) noexcept {
  switch (kind) {
    case ReportKind::delay:
      return "delay notice";
    case ReportKind::success:
      return "success report";
    case ReportKind::double_bounce:
      return "double bounce";
    default:
      return "bounce";
  }
}

// As much of the original as a report quotes: its header, or all of it.
io::Task<Result<std::string>> read_original(Shard::Impl& shard, MessagePointer message, bool whole) {
  std::string quoted = whole ? message->prefix : message->prefix.substr(0, bounce_header_octets_max);
  const std::uint64_t room = bounce_header_octets_max - std::min(bounce_header_octets_max, quoted.size());
  std::string body(whole ? message->facts.octets : std::min(message->facts.header_octets, room), '\0');
  BodyReader reader(shard.reactor, *shard.shared.segments, message);
  std::size_t filled = 0;
  while (filled < body.size()) {
    auto read = co_await reader.read(std::span(body).subspan(filled));
    if (!read) co_return propagate(read);
    if (*read == 0) break;
    filled += *read;
  }
  body.resize(filled);
  co_return quoted + body;
}

// Who became too old between two attempts was put off before, and why is what its sender wants to know. The words go
// into our own diagnostic, because the reply is not of now. Where the record cannot be read, the report goes without.
io::Task<std::vector<mail::DeliveryStatus>> with_last_words(Shard::Impl& shard, MessageId id,
                                                            std::vector<mail::DeliveryStatus> statuses) {
  const bool any = std::ranges::any_of(
      statuses, [](const mail::DeliveryStatus& status) { return status.diagnostic == became_too_old; });
  if (!any) co_return statuses;
  const Store* store = shard.shared.store;
  auto read = co_await shard.shared.offload->run([store, id] { return store->find(id); });
  const bool known = read && *read && (*read)->has_value();
  if (!known) co_return statuses;
  const MessageRecord& record = ***read;
  for (mail::DeliveryStatus& status : statuses) {
    if (status.diagnostic != became_too_old || status.recipient >= record.recipients.size()) continue;
    const RecipientState& state = record.recipients[status.recipient];
    if (state.last_diagnostic.empty()) continue;
    status.diagnostic += "; the last attempt met: " + state.last_diagnostic;
    if (!state.last_remote.empty()) status.diagnostic += " (" + state.last_remote + ")";
  }
  co_return statuses;
}

io::Task<Result<MessageId>> commit_report(Shard::Impl& shard, MessagePointer message, const Outcome& outcome,
                                          ReportKind kind) {
  const Options& options = shard.shared.options;
  const bool whole = returns_whole(options, *message, kind);
  auto original = co_await read_original(shard, message, whole);
  // A body that cannot be read any more is no reason to leave the sender without news.
  const std::string quoted = original ? std::move(*original) : std::string();
  auto upload = shard.shard->begin_upload();
  if (!upload) co_return propagate(upload);
  std::vector<mail::DeliveryStatus> statuses;
  for (const Outcome::Item& item : outcome.items) statuses.push_back(item.status);
  statuses = co_await with_last_words(shard, message->id, std::move(statuses));
  const BounceRequest request{*message,
                              statuses,
                              quoted,
                              whole && original,
                              options.hostname,
                              upload->id(),
                              WallTime::now(),
                              kind,
                              report_address(options, message->envelope, statuses.front().recipient, kind),
                              expiry(options, message->envelope),
                              shard.shared.report_texts};
  Bounce bounce = compose_bounce(request);
  const std::uint64_t size = bounce.body.size();
  std::vector<io::Slice> octets;
  octets.push_back(io::Slice::copy_of(bounce.body));
  auto appended = co_await upload->append(std::move(octets));
  if (!appended) co_return propagate(appended);
  const std::string to = bounce.envelope.recipients.front().address.text();
  auto committed = co_await upload->commit(std::move(bounce.envelope), bounce.facts, std::string());
  if (!committed) co_return propagate(committed);
  telemetry::Event(telemetry::EventKind::queue)
      .message(*committed)
      .field("original", message->id)
      .field("from", "")
      .field("to", to)
      .field("size", size)
      .field("reason", what_it_is(kind))
      .emit();
  co_return *committed;
}

io::Task<> report_then_record(Shard::Impl& shard, MessagePointer message, std::string destination, Outcome outcome,
                              ReportKind kind) {
  auto& scheduler = shard.schedule_impl();
  while (scheduler.bounces_working_ >= scheduler.bounces_at_a_time) {
    const int waited = co_await scheduler.bounce_turn_.wait(io::Deadline::never(), shard.scope.cancel());
    if (waited != 0) break;
  }
  ++scheduler.bounces_working_;
  bool recorded = false;
  for (;;) {
    auto committed = co_await commit_report(shard, message, outcome, kind);
    if (!recorded && (committed || kind == ReportKind::success)) {
      record(shard, *message, destination, outcome);
      recorded = true;
    }
    if (committed) break;
    telemetry::Event(telemetry::EventKind::warning)
        .message(message->id)
        .field("operation", what_it_is(kind))
        .error(committed.error())
        .emit();
    const int slept = co_await io::Sleep(shard.reactor, io::Deadline::after(try_again_after), shard.scope.cancel());
    if (slept == -ECANCELED) break;
  }
  --scheduler.bounces_working_;
  --scheduler.bounces_;
  scheduler.bounce_turn_.notify_one();
  scheduler.lease_ended(message->id);
}

}  // namespace

void record(Shard::Impl& shard, const Message& message, const std::string& destination, Outcome outcome) {
  auto& scheduler = shard.schedule_impl();
  const Outcome copy = outcome;
  const std::uint64_t sequence = shard.record_outcome(std::move(outcome));
  for (const Outcome::Item& item : copy.items) {
    scheduler.settle(destination, {message.id, item.status.recipient}, sequence);
    if (item.status.action == mail::Action::deferred && !scheduler.is_dropped(message.id))
      scheduler.note_on_disk(item.destination, message.lane, {item.due, message.id}, sequence,
                             class_of(message.envelope));
  }
}

void start_report(Shard::Impl& shard, MessagePointer message, std::string destination, Outcome outcome,
                  ReportKind kind) {
  auto& scheduler = shard.schedule_impl();
  // Delivered is delivered: with no place for another report, or no time, it goes without.
  if (kind == ReportKind::success && (shard.closing || !scheduler.takes_bounces())) {
    telemetry::Event(telemetry::EventKind::warning)
        .message(message->id)
        .field("operation", what_it_is(kind))
        .field("reason", "too many reports wait, or the server ends: this one is not made")
        .emit();
    return record(shard, *message, destination, std::move(outcome));
  }
  if (shard.closing) return;
  ++scheduler.leases_[message->id];
  ++scheduler.bounces_;
  shard.scope.spawn(report_then_record(shard, std::move(message), std::move(destination), std::move(outcome), kind));
}

}  // namespace ringpost::queue
