#include "queue/bounce_task.h"

#include "queue/bounce.h"
#include "queue/scheduler_impl.h"
#include "queue/shard_impl.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr Duration try_again_after = std::chrono::seconds(5);

// As much of the original's header as a bounce quotes.
io::Task<Result<std::string>> read_header(Shard::Impl& shard, MessagePointer message) {
  std::string header = message->prefix.substr(0, bounce_header_octets_max);
  const std::uint64_t room = bounce_header_octets_max - header.size();
  std::string body(std::min(message->facts.header_octets, room), '\0');
  BodyReader reader(shard.reactor, *shard.shared.segments, message);
  std::size_t filled = 0;
  while (filled < body.size()) {
    auto read = co_await reader.read(std::span(body).subspan(filled));
    if (!read) co_return propagate(read);
    if (*read == 0) break;
    filled += *read;
  }
  body.resize(filled);
  co_return header + body;
}

io::Task<Result<MessageId>> commit_bounce(Shard::Impl& shard, MessagePointer message, const Outcome& failed) {
  auto header = co_await read_header(shard, message);
  // A body that cannot be read any more is no reason to leave the sender without news.
  std::string quoted = header ? std::move(*header) : std::string();
  auto upload = shard.shard->begin_upload();
  if (!upload) co_return propagate(upload);
  std::vector<mail::DeliveryStatus> statuses;
  for (const Outcome::Item& item : failed.items) statuses.push_back(item.status);
  Bounce bounce =
      compose_bounce({*message, statuses, quoted, shard.shared.options.hostname, upload->id(), WallTime::now()});
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
      .field("reason", "bounce")
      .emit();
  co_return *committed;
}

io::Task<> bounce_then_record(Shard::Impl& shard, MessagePointer message, std::string destination, Outcome failed) {
  auto& scheduler = shard.schedule_impl();
  while (scheduler.bounces_working_ >= scheduler.bounces_at_a_time) {
    const int waited = co_await scheduler.bounce_turn_.wait(io::Deadline::never(), shard.scope.cancel());
    if (waited != 0) break;
  }
  ++scheduler.bounces_working_;
  bool told = false;
  while (!told) {
    auto committed = co_await commit_bounce(shard, message, failed);
    told = committed.has_value();
    if (told) break;
    telemetry::Event(telemetry::EventKind::warning)
        .message(message->id)
        .field("operation", "bounce")
        .error(committed.error())
        .emit();
    const int slept = co_await io::Sleep(shard.reactor, io::Deadline::after(try_again_after), shard.scope.cancel());
    if (slept == -ECANCELED) break;
  }
  if (told) record(shard, *message, destination, std::move(failed));
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
      scheduler.note_on_disk(item.destination, message.lane, {item.due, message.id}, sequence);
  }
}

void start_bounce(Shard::Impl& shard, MessagePointer message, std::string destination, Outcome failed) {
  if (shard.closing) return;
  ++shard.schedule_impl().leases_[message->id];
  ++shard.schedule_impl().bounces_;
  shard.scope.spawn(bounce_then_record(shard, std::move(message), std::move(destination), std::move(failed)));
}

}  // namespace ringpost::queue
