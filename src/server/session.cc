#include "server/session.h"

#include <algorithm>
#include <array>

#include "base/random.h"
#include "base/text.h"
#include "server/proxy_header.h"
#include "smtp/limits.h"
#include "smtp/replies.h"
#include "telemetry/log.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using io::Cancel;
using io::Deadline;
using io::Task;
using telemetry::Event;
using telemetry::EventKind;
using telemetry::SessionResult;

namespace {

constexpr Duration proxy_header_wait = std::chrono::seconds(10);
// A sender silent for this long must not pin receive buffers that others wait for.
constexpr Duration slow_sender_after = std::chrono::seconds(1);
constexpr Duration farewell_wait = std::chrono::seconds(2);
constexpr std::size_t linger_octets_max = 1 << 20;
constexpr std::size_t output_octets_max = 64 * 1024;

SessionResult result_of(const Error& error) noexcept {
  switch (error.kind) {
    case ErrorKind::timed_out:
      return SessionResult::timed_out;
    case ErrorKind::cancelled:
      return SessionResult::shutdown;
    case ErrorKind::refused:
      return SessionResult::refused;
    case ErrorKind::too_large:
      return SessionResult::errors;
    default:
      return SessionResult::lost;
  }
}

std::string_view label_of(Role role) noexcept {
  return to_string(role);
}

}  // namespace

Session::Session(Context& context, std::unique_ptr<io::Stream> stream, std::string peer)
    : context_(context),
      listener_(context.listener),
      settings_(context.services.settings.get()),
      stream_(std::move(stream)),
      id_(random_u64()),
      peer_(std::move(peer)) {}

void Session::renew_settings() {
  const auto& newest = context_.services.settings.get();
  if (transaction_ == nullptr && settings_ != newest) settings_ = newest;
}

Task<> Session::run(Cancel cancel) {
  const MonotonicTime began = context_.services.reactor.now();
  auto& counters = telemetry::counters();
  counters.sessions.add();
  Event(EventKind::connect).session(id_).field("listener", label_of(listener_->role)).field("address", peer_).emit();
  const SessionResult result = co_await serve(cancel);
  const bool more_came = !input_.empty() || stream_->has_pending();
  if (result != SessionResult::lost && !handshake_failed_ && more_came) co_await linger();
  co_await stream_->close();
  transaction_.reset();
  counters.sessions.remove();
  counters.octets_copied_total.add(input_.copied_octets());
  const auto listener = static_cast<telemetry::Listener>(listener_->role);
  counters.sessions_total[listener][result].add();
  Event(EventKind::disconnect)
      .session(id_)
      .field("result", telemetry::label_name(result))
      .field("messages", messages_)
      .field("duration", context_.services.reactor.now() - began)
      .emit();
}

Task<SessionResult> Session::serve(Cancel cancel) {
  const auto end = peer_.rfind(':');
  std::string host = peer_.substr(0, end);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (auto address = policy::parse_ip(host)) client_.address = *address;

  if (policy::any_contains(listener_->proxy_protocol_from, client_.address)) {
    auto header = co_await read_proxy_header(cancel);
    if (!header) {
      Event(EventKind::reject).session(id_).field("command", "PROXY").error(header.error()).emit();
      co_return result_of(header.error());
    }
  }
  const ClientPlace place(context_.services.clients, client_.address, settings_->options->limits);
  if (listener_->tls == TlsMode::implicit && settings_->tls != nullptr) {
    auto secured = co_await handshake(cancel);
    if (!secured) co_return result_of(secured.error());
  }
  Reply first = greeting(place.admission());
  const bool refused = first.ends_session();
  if (refused) note_refusal(nullptr, first);
  auto ended = co_await converse(std::move(first), cancel);
  if (refused) co_return SessionResult::refused;
  co_return ended ? SessionResult::completed : result_of(ended.error());
}

smtp::Reply Session::greeting(Admission admission) const {
  const std::string& hostname = settings_->options->hostname;
  if (context_.draining.requested()) return replies::shutting_down(hostname);
  if (admission == Admission::memory_short) return replies::memory_short_for_session(hostname);
  if (admission == Admission::server_full) return replies::too_many_sessions(hostname);
  if (admission == Admission::client_full) {
    return replies::too_many_sessions_of_client(hostname, client_.address.text(),
                                                settings_->options->limits.sessions_per_client_max);
  }
  if (listener_->tls == TlsMode::implicit && !encrypted()) return replies::submission_not_available(hostname);
  return replies::greeting(hostname);
}

Task<Result<void>> Session::read_proxy_header(Cancel cancel) {
  const Deadline deadline = Deadline::after(proxy_header_wait);
  std::string received;
  for (;;) {
    auto header = parse_proxy_header(received);
    if (!header) co_return propagate(header);
    if (*header) {
      if (!(*header)->is_local) {
        client_.address = (*header)->source;
        const bool v4 = client_.address.is_v4();
        peer_ = (v4 ? "" : "[") + client_.address.text() + (v4 ? ":" : "]:") + std::to_string((*header)->source_port);
      }
      const std::string_view rest = std::string_view(received).substr((*header)->octets);
      if (!rest.empty()) input_.append(io::Slice::copy_of(rest));
      co_return Result<void>{};
    }
    auto octets = co_await stream_->receive(deadline, cancel);
    if (!octets) co_return propagate(octets);
    if (octets->empty()) co_return fail(ErrorKind::closed, "the connection ended in its PROXY header");
    received += octets->view();
  }
}

Task<Result<void>> Session::converse(Reply reply, Cancel cancel) {
  for (;;) {
    if (!reply.empty()) reply.append_to(output_);
    // Answers to pipelined commands leave together (RFC 2920 3.2).
    if (reply.ends_session() || !input_.has_line() || output_.size() > output_octets_max) {
      auto sent = co_await flush(cancel);
      if (!sent || reply.ends_session()) co_return sent;
    }
    renew_settings();
    const Options& options = *settings_->options;
    if (context_.draining.requested() && transaction_ == nullptr) {
      reply = replies::shutting_down(options.hostname);
      continue;
    }
    if (errors_ >= options.limits.errors_max) {
      reply = replies::too_many_errors(options.hostname, errors_);
      note_refusal(nullptr, reply);
      errors_ = 0;
      continue;
    }
    auto waited = co_await wait_for_line(cancel);
    if (!waited) {
      co_await part_from(waited.error().kind);
      co_return waited;
    }
    auto answer = co_await next_reply(cancel);
    if (!answer) co_return propagate(answer);
    reply = std::move(*answer);
    if (errors_ > settings_->options->limits.errors_max / 2 && reply.permanent()) {
      // Guessing and scanning get slow; an honest client never comes here.
      co_await io::Sleep(context_.services.reactor, Deadline::after(std::chrono::seconds(1)), cancel);
    }
  }
}

Result<smtp::Command> Session::next_command() {
  auto line = input_.next_line(smtp::limits::auth_line_octets_max);  // parse_command() allows it to AUTH alone
  if (!line) return propagate(line);
  return smtp::parse_command(line->value_or(std::string_view()));
}

// The answer to the next line, which is there. Empty: nothing is to be said.
Task<Result<smtp::Reply>> Session::next_reply(Cancel cancel) {
  const bool tail = input_.cut_at_bare_lf();
  auto command = next_command();
  // The rest of a line that a bare LF cut short has been answered; taken for a command it would be smuggled in.
  if (tail) co_return Reply();
  if (command) co_return co_await dispatch(*command, cancel);
  Reply reply = replies::from_error(command.error());
  note_refusal(nullptr, reply);
  co_return reply;
}

Task<> Session::part_from(ErrorKind kind) {
  if (kind == ErrorKind::closed || kind == ErrorKind::io) co_return;
  const Options& options = *settings_->options;
  const Reply reply = kind == ErrorKind::timed_out
                          ? replies::timed_out(options.hostname, options.limits.command_timeout)
                          : replies::shutting_down(options.hostname);
  reply.append_to(output_);
  static_cast<void>(co_await stream_->send(std::string_view(output_), Deadline::after(farewell_wait), Cancel::never()));
}

Task<Result<void>> Session::flush(Cancel cancel) {
  if (output_.empty()) co_return Result<void>{};
  auto sent = co_await stream_->send(std::string_view(output_), Deadline::after(smtp::limits::reply_wait), cancel);
  output_.clear();
  if (output_.capacity() > 1024) output_.shrink_to_fit();  // an idle session holds little
  co_return sent;
}

Task<Result<void>> Session::receive(Deadline deadline, Cancel cancel) {
  auto octets = co_await stream_->receive(deadline.sooner(Deadline::after(slow_sender_after)), cancel);
  if (!octets && octets.error().kind == ErrorKind::timed_out) {
    input_.copy_out();
    octets = co_await stream_->receive(deadline, cancel);
  }
  if (!octets) co_return propagate(octets);
  if (octets->empty()) co_return fail(ErrorKind::closed, "the client closed the connection");
  telemetry::counters().octets_received_total.add(octets->size());
  input_.append(std::move(*octets));
  co_return Result<void>{};
}

Task<Result<void>> Session::wait_for_line(Cancel cancel) {
  if (input_.has_line()) co_return Result<void>{};
  const Deadline deadline = Deadline::after(settings_->options->limits.command_timeout);
  // Between transactions draining ends the wait; inside one only the scope's end does.
  const Cancel heard = transaction_ == nullptr ? Cancel(context_.draining) : cancel;
  while (!input_.has_line()) {
    if (input_.empty()) {
      // The common wait, of an idle session: one frame less, and nothing to copy out.
      auto octets = co_await stream_->receive(deadline, heard);
      if (!octets) co_return propagate(octets);
      if (octets->empty()) co_return fail(ErrorKind::closed, "the client closed the connection");
      telemetry::counters().octets_received_total.add(octets->size());
      input_.append(std::move(*octets));
      continue;
    }
    auto received = co_await receive(deadline, heard);
    if (!received) co_return received;
  }
  co_return Result<void>{};
}

// Closing a socket with unread octets in it resets the connection, and the reset can overtake our last reply: a client
// that was still sending would never read why it was refused.
Task<> Session::linger() {
  stream_->end_sending();
  input_.clear();
  const Deadline deadline = Deadline::after(farewell_wait);
  for (std::size_t octets = 0; octets < linger_octets_max;) {
    auto dropped = co_await stream_->receive(deadline, Cancel::never());
    if (!dropped || dropped->empty()) co_return;
    octets += dropped->size();
  }
}

void Session::note_refusal(const smtp::Command* command, const Reply& reply) {
  if (reply.permanent() && !is_sibling()) ++errors_;  // what it may not hand over is no attack
  Event event(EventKind::reject);
  event.session(id_).status(reply.status()).field("address", peer_);
  if (command != nullptr) event.field("command", printable(command->word, 16));
  if (transaction_ != nullptr) event.field("from", transaction_->envelope.reverse_path.text());
  event.field("reason", reply.one_line(300)).emit();
}

}  // namespace ringpost::server
