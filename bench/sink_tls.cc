// SinkSession: from clear text to TLS (RFC 3207, 8314 3).
#include "bench/sink_session.h"
#include "smtp/limits.h"
#include "tls/stream.h"

namespace ringpost::bench {

using io::Cancel;
using io::Deadline;
using io::Task;

Task<bool> SinkSession::start_tls(std::string_view argument, Cancel cancel) {
  if (shared_.options.encryption != Encryption::starttls) co_return co_await remark("502 5.5.1 not implemented\r\n");
  if (encrypted_) co_return co_await remark("503 5.5.1 already encrypted\r\n");
  if (!argument.empty()) co_return co_await remark("501 5.5.4 no arguments\r\n");
  bool on = co_await answer(Stage::starttls, "220 2.0.0 go ahead\r\n", {}, cancel);
  if (!on || answered_ != '2') co_return on;
  // What came behind STARTTLS in clear text may be somebody else's (RFC 3207 4.2, 6). Once the reply is on its way,
  // what comes is the handshake.
  if (!input_.empty() || stream_->has_pending()) co_return false;
  on = co_await flush(cancel);
  if (on) on = co_await secure(cancel);
  co_return on;
}

Task<bool> SinkSession::secure(Cancel cancel) {
  auto encrypted = tls::Stream::server(std::move(stream_), shared_.tls);
  tls::Stream& above = *encrypted;
  stream_ = std::move(encrypted);
  const auto done = co_await above.handshake(Deadline::after(smtp::limits::tls_handshake_wait), cancel);
  if (!done) {
    counts_.handshakes_failed.add();
    co_return false;
  }
  (above.info().resumed ? counts_.resumed_handshakes : counts_.full_handshakes).add();
  encrypted_ = true;
  reset();
  co_return true;
}

}  // namespace ringpost::bench
