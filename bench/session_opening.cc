// LoadWorker: from connecting to the point where mail may be sent: TLS, the greeting, EHLO, STARTTLS, AUTH
// (RFC 5321 3.1, 3207, 4954, 8314). What is measured here are the phases connect, tls, greeting, ehlo and auth.
#include "bench/load_worker.h"
#include "io/connection.h"
#include "sasl/smtp_authenticate.h"

namespace ringpost::bench {

using io::Cancel;
using io::Deadline;
using io::Task;

/// nullptr: it came to nothing, and why is in the tally.
Task<std::unique_ptr<smtp::Client>> LoadWorker::open_session(Cancel cancel) {
  const MonotonicTime began = monotonic_now();
  auto connection = co_await io::Connection::connect(*reactor_, options_.to, next_source(), reply_deadline(), cancel);
  if (!connection) {
    tally_.note("connect", connection.error());
    co_return nullptr;
  }
  tally_.record(Phase::connect, monotonic_now() - began);
  auto client = std::make_unique<smtp::Client>(std::move(*connection));
  const bool prepared = co_await prepare(*client, cancel);
  if (prepared) co_return std::move(client);
  co_await client->quit(reply_deadline(), cancel);
  co_return nullptr;
}

Task<bool> LoadWorker::prepare(smtp::Client& client, Cancel cancel) {
  bool on = true;
  if (options_.encryption == Encryption::implicit) on = co_await secure(client, monotonic_now(), cancel);
  if (on) on = co_await greet(client, cancel);
  if (on) on = co_await hello(client, cancel);
  if (on && options_.encryption == Encryption::starttls) {
    on = co_await start_tls(client, cancel);
    if (on) on = co_await hello(client, cancel);
  }
  if (on && !options_.auth.user.empty()) on = co_await authenticate(client, cancel);
  if (on && !options_.pipelining) client.forgo_pipelining();
  co_return on;
}

/// True if it is a positive one; anything else is a failure of `stage`.
bool LoadWorker::positive(std::string_view stage, const Result<smtp::Reply>& reply) {
  if (reply && reply->positive()) return true;
  if (reply) {
    tally_.note(stage, *reply);
  } else {
    tally_.note(stage, reply.error());
  }
  return false;
}

Task<bool> LoadWorker::greet(smtp::Client& client, Cancel cancel) {
  const MonotonicTime began = monotonic_now();
  const auto reply = co_await client.greeting(reply_deadline(), cancel);
  if (!positive("greeting", reply)) co_return false;
  tally_.record(Phase::greeting, monotonic_now() - began);
  co_return true;
}

Task<bool> LoadWorker::hello(smtp::Client& client, Cancel cancel) {
  const MonotonicTime began = monotonic_now();
  const auto dialect = options_.lmtp ? smtp::Dialect::lmtp : smtp::Dialect::smtp;
  const auto reply = co_await client.hello(options_.helo, dialect, reply_deadline(), cancel);
  if (!positive("ehlo", reply)) co_return false;
  tally_.record(Phase::ehlo, monotonic_now() - began);
  co_return true;
}

Task<bool> LoadWorker::start_tls(smtp::Client& client, Cancel cancel) {
  const MonotonicTime began = monotonic_now();
  if (!client.offered().starttls) {
    tally_.note("starttls", Error(ErrorKind::refused, "the server does not offer STARTTLS"));
    co_return false;
  }
  const auto reply = co_await client.starttls(reply_deadline(), cancel);
  if (!positive("starttls", reply)) co_return false;
  co_return co_await secure(client, began, cancel);
}

Task<bool> LoadWorker::secure(smtp::Client& client, MonotonicTime began, Cancel cancel) {
  tls::ClientWish wish{.server_name = options_.tls_name, .verify = !options_.ca_file.empty(), .session_key = {}};
  if (options_.resume) wish.session_key = "load";
  const auto done = co_await client.secure(*tls_, std::move(wish), reply_deadline(), cancel);
  if (!done) {
    tally_.note("tls", done.error());
    co_return false;
  }
  tally_.record(Phase::tls, monotonic_now() - began);
  tally_.note(*client.tls());
  co_return true;
}

Task<bool> LoadWorker::authenticate(smtp::Client& client, Cancel cancel) {
  const MonotonicTime began = monotonic_now();
  auto exchange =
      sasl::start_client(options_.auth, client.offered().auth_mechanisms, options_.tls_name, client.tls() != nullptr);
  if (!exchange) {
    tally_.note("auth", exchange.error());
    co_return false;
  }
  const auto reply = co_await sasl::authenticate(client, **exchange, reply_deadline(), cancel);
  if (!positive("auth", reply)) co_return false;
  tally_.record(Phase::auth, monotonic_now() - began);
  tally_.logins.add();
  co_return true;
}

}  // namespace ringpost::bench
