// TLS: the handshake, after STARTTLS (RFC 3207) or before the greeting (RFC 8314 3.3). What was received in clear text
// never reaches the encrypted session: a client that says more behind STARTTLS, before it has heard the reply, is
// refused.
#include "base/text.h"
#include "io/prefixed_stream.h"
#include "server/session.h"
#include "smtp/replies.h"
#include "telemetry/log.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using io::Cancel;
using io::Deadline;
using io::Task;
using telemetry::Event;
using telemetry::EventKind;

namespace {

void count(std::string_view version, telemetry::TlsResult result) {
  auto& handshakes = telemetry::counters().tls_handshakes_total[telemetry::Direction::in];
  handshakes[telemetry::tls_version(version)][result].add();
}

}  // namespace

bool Session::offers_starttls() const {
  return listener_->tls == TlsMode::starttls && !encrypted() && settings_->tls != nullptr;
}

Task<Result<smtp::Reply>> Session::starttls(bool has_argument, Cancel cancel) {
  if (encrypted()) co_return replies::already_under_tls();
  if (!offers_starttls()) co_return replies::tls_not_available();
  if (has_argument) co_return replies::no_argument_allowed(smtp::Verb::starttls);
  if (transaction_ != nullptr) co_return replies::bad_sequence("STARTTLS is not for the middle of a transaction");
  if (!input_.empty()) {
    input_.clear();
    co_return replies::bad_sequence("nothing may follow STARTTLS before its reply");
  }
  replies::starttls_ready().append_to(output_);
  auto ready = co_await flush(cancel);
  if (!ready) co_return propagate(ready);
  auto secured = co_await handshake(cancel);
  if (!secured) co_return propagate(secured);
  // RFC 3207 4.2: as after the greeting.
  rset();
  helo_.clear();
  esmtp_ = false;
  co_return Reply();
}

Task<Result<void>> Session::handshake(Cancel cancel) {
  if (!input_.empty()) {  // behind a PROXY header
    std::string first;
    while (!input_.empty()) first += input_.take(input_.size()).view();
    stream_ = std::make_unique<io::PrefixedStream>(io::Slice::copy_of(first), std::move(stream_));
  }
  auto stream = tls::Stream::server(std::move(stream_), settings_->tls);
  tls::Stream& secure = *stream;
  stream_ = std::move(stream);
  const MonotonicTime began = context_.services.reactor.now();
  const Deadline deadline = Deadline::after(settings_->options->limits.tls_handshake_timeout);
  auto done = co_await secure.handshake(deadline, cancel);
  Event event(EventKind::tls);
  event.session(id_).field("address", peer_).field("duration", context_.services.reactor.now() - began);
  if (!done) {
    handshake_failed_ = true;
    count({}, telemetry::TlsResult::failed);
    event.field("result", "failed").error(done.error()).emit();
    co_return propagate(done);
  }
  tls_ = &secure;
  const tls::ConnectionInfo& info = secure.info();
  client_.certificate = info.peer_fingerprint;
  count(info.version, telemetry::TlsResult::ok);
  event.field("result", "ok").field("version", info.version).field("cipher", info.cipher);
  event.field("resumed", info.resumed ? "yes" : "no");
  if (!info.peer_fingerprint.empty()) {
    event.field("certificate", info.peer_fingerprint).field("verified", info.peer_verified ? "yes" : "no");
  }
  event.emit();
  co_return Result<void>{};
}

}  // namespace ringpost::server
