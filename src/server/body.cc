// What DATA and BDAT have in common: may the message come, is it acceptable, and keeping it.
#include <algorithm>

#include "mail/trace.h"
#include "server/session.h"
#include "smtp/replies.h"
#include "telemetry/log.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using io::Task;
using telemetry::Event;
using telemetry::EventKind;

namespace {

// As if we had taken it ourselves, then. A clock ahead of ours must not make mail younger than it is.
void inherit(mail::Envelope& envelope, const smtp::Provenance& from) {
  envelope.origin = from.origin;
  envelope.received = std::min(from.received, envelope.received);
  envelope.priority = from.priority;
  envelope.not_before = from.not_before;
  envelope.deliver_by = from.deliver_by;
}

}  // namespace

std::optional<smtp::Reply> Session::refuse_before_data(bool chunked) const {
  if (transaction_ == nullptr) return replies::bad_sequence("MAIL first");
  if (transaction_->envelope.recipients.empty()) {
    if (transaction_->recipients_refused > 0) return replies::no_valid_recipients();
    return replies::bad_sequence("RCPT first");
  }
  const bool begun = transaction_->chunks != nullptr;
  if (!begun && context_.services.clients.memory() == MemoryLevel::no_messages) return replies::memory_short();
  if (chunked) return std::nullopt;
  if (begun) return replies::data_after_bdat();
  if (transaction_->envelope.body == mail::BodyType::binary) return replies::binary_needs_bdat();
  return std::nullopt;
}

std::optional<smtp::Reply> Session::refuse_body(const mail::BodyFacts& facts,
                                                const mail::OriginatorFields& originators) {
  const Limits& limits = settings_->options->limits;
  const bool binary = transaction_->envelope.body == mail::BodyType::binary;
  if (facts.received_fields > limits.hops_max) return replies::mail_loop(facts.received_fields);
  if (!binary) {
    if (facts.nul) return replies::nul_in_message();
    if (facts.bare_cr_or_lf && limits_bare_line_ending() == BareLineEnding::refuse) return replies::bare_line_ending();
    if (facts.line_octets_max > limits.text_line_octets_max) return replies::text_line_too_long();
  }
  return refuse_header(originators);
}

void Session::note_header_wish(bool tls_not_required) noexcept {
  mail::TlsWish& wish = transaction_->envelope.tls;
  if (tls_not_required && wish == mail::TlsWish::as_configured) wish = mail::TlsWish::optional;
}

BareLineEnding Session::limits_bare_line_ending() const noexcept {
  return settings_->options->bare_line_ending;
}

Task<Result<queue::Upload>> Session::begin_upload(io::Cancel cancel) {
  queue::Shard& shard = context_.services.queue;
  const Duration pause = shard.in_flow_delay();
  if (pause > Duration::zero()) {
    telemetry::counters().in_flow_delays_total.add();
    (void)co_await io::Sleep(context_.services.reactor, io::Deadline::after(pause), cancel);
  }
  co_return shard.begin_upload();
}

Task<smtp::Reply> Session::keep(queue::Upload upload, mail::BodyFacts facts) {
  const MessageId id = upload.id();
  mail::Envelope envelope = std::move(transaction_->envelope);
  const auto handed = std::move(transaction_->handed);
  transaction_.reset();
  envelope.received = WallTime::now();
  mail::Channel channel;
  if (tls_ != nullptr) {
    channel.tls_version = tls_->info().version;
    channel.tls_cipher = tls_->info().cipher;
  }
  if (settings_->options->login_in_received) channel.login = client_.login;
  std::string prefix = mail::received_field(envelope, settings_->options->hostname, id, channel);
  // Our own applications often leave them out; a stranger's message is not ours to complete (RFC 6409 8).
  if (handed == nullptr && settings_->access->is_trusted(client_)) {
    if (!facts.has_date) prefix += mail::date_field(envelope.received);
    if (!facts.has_message_id) prefix += mail::message_id_field(id, settings_->options->hostname);
  }
  if (handed != nullptr) inherit(envelope, *handed);  // the trace above tells of the sibling, the rest of its client
  const mail::TlsWish wish = envelope.tls;
  const std::uint64_t octets = facts.octets;
  const std::string sender = envelope.reverse_path.text();
  const std::size_t recipients = envelope.recipients.size();
  auto kept = co_await upload.commit(std::move(envelope), facts, std::move(prefix));
  if (!kept) {
    Event(EventKind::error).session(id_).message(id).field("operation", "keep").error(kept.error()).emit();
    co_return replies::from_error(kept.error());
  }
  ++messages_;
  auto& counters = telemetry::counters();
  counters.messages_received_total[static_cast<telemetry::Listener>(listener_->role)].add();
  counters.message_bytes_received_total.add(octets);
  Event event(EventKind::accept);
  event.session(id_).message(id).field("from", sender).field("recipients", recipients).field("size", octets);
  if (wish != mail::TlsWish::as_configured) event.field("tls_wish", to_string(wish));
  if (handed != nullptr) event.field("original", handed->id).field("login", handed->origin.login);
  event.emit();
  co_return replies::queued(id);
}

}  // namespace ringpost::server
