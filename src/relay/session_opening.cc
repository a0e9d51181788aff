#include "relay/session_opening.h"

#include <utility>

#include "mail/address.h"
#include "policy/network.h"
#include "sasl/client.h"
#include "sasl/smtp_authenticate.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "tls/certificate_problem.h"

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::Task;
using smtp::Reply;
using telemetry::AuthResult;
using telemetry::Direction;
using telemetry::Event;
using telemetry::EventKind;
using telemetry::TlsResult;

namespace {

constexpr PublicStatus no_answer{451, {4, 4, 1}};
constexpr PublicStatus not_offered{451, {4, 7, 4}};    // security features not supported
constexpr PublicStatus not_encrypted{451, {4, 7, 5}};  // cryptographic failure
constexpr PublicStatus encryption_needed{550, {5, 7, 10}};
constexpr PublicStatus requiretls_needed{550, {5, 7, 30}};
constexpr PublicStatus bad_credentials{451, {4, 7, 8}};
constexpr PublicStatus not_logged_in{451, {4, 7, 0}};

void report_handshake(const std::string& remote, const tls::ConnectionInfo& info) {
  telemetry::counters().tls_handshakes_total[Direction::out][telemetry::tls_version(info.version)][TlsResult::ok].add();
  Event event(EventKind::tls);
  event.field("remote", remote)
      .field("result", "ok")
      .field("version", info.version)
      .field("cipher", info.cipher)
      .field("verified", info.peer_verified)
      .field("verified_by", info.peer_proof.empty() ? "none" : info.peer_proof)
      .field("resumed", info.resumed);
  if (!info.peer_problem.empty()) event.field("detail", info.peer_problem);
  event.emit();
}

void report_failed_handshake(const std::string& remote, const Error& error) {
  telemetry::counters().tls_handshakes_total[Direction::out][telemetry::TlsVersion::none][TlsResult::failed].add();
  Event(EventKind::tls).field("remote", remote).field("result", "failed").error(error).emit();
}

void report_login(const std::string& remote, const sasl::ClientOptions& options, std::string_view mechanism,
                  AuthResult result, std::string_view why) {
  telemetry::counters().auth_total[Direction::out][telemetry::auth_mechanism(mechanism)][result].add();
  Event event(EventKind::auth);
  event.field("remote", remote).field("login", options.user).field("result", telemetry::label_name(result));
  if (!mechanism.empty()) event.field("mechanism", mechanism);
  if (!why.empty()) event.field("reason", why);
  event.emit();
}

/// The first word of the answer to EHLO.
std::string name_in(const Reply& reply) {
  const std::string_view line = reply.lines().front();
  return std::string(line.substr(0, line.find(' ')));
}

tlsrpt::FailureKind kind_of(tls::CertificateProblem problem) noexcept {
  switch (problem) {
    case tls::CertificateProblem::not_trusted:
      return tlsrpt::FailureKind::certificate_not_trusted;
    case tls::CertificateProblem::expired:
      return tlsrpt::FailureKind::certificate_expired;
    case tls::CertificateProblem::other_name:
      return tlsrpt::FailureKind::certificate_host_mismatch;
    default:
      return tlsrpt::FailureKind::validation_failure;
  }
}

/// Of a handshake that was done, whether or not the certificate mattered.
std::optional<tlsrpt::FailureKind> failure_of(const tls::ConnectionInfo& info) {
  if (info.peer_problem.empty()) return std::nullopt;
  return kind_of(tls::certificate_problem(info.peer_problem));
}

}  // namespace

// The same error, said of this peer and with what to defer with.
Result<void> SessionOpening::trouble(Error error, PublicStatus status) const {
  if (error.kind != ErrorKind::cancelled) {
    error.reason = peer_.remote + ": " + error.reason;
    error.status = status;
  }
  return std::unexpected(std::move(error));
}

Result<void> SessionOpening::judge(Result<Reply>& reply, std::string_view what) const {
  if (!reply) return trouble(std::move(reply.error()), no_answer);
  if (reply->positive()) return {};
  return fail(ErrorKind::refused, peer_.remote + " answered " + std::string(what) + ": " + reply->one_line(),
              no_answer);
}

void SessionOpening::note_tls(std::optional<tlsrpt::FailureKind> failure, std::string reason) {
  outcome_.known = true;
  outcome_.failure = failure;
  outcome_.reason = std::move(reason);
}

Task<Result<void>> SessionOpening::run(Encryption encryption, Cancel cancel) {
  Result<void> done;
  if (encryption == Encryption::implicit) done = co_await shake_hands(cancel);
  if (done) done = co_await greet(cancel);
  if (done) done = co_await hello(cancel);
  const bool offered = connection_.client.offered().starttls;
  const bool wanted = encryption == Encryption::demanded || encryption == Encryption::where_offered;
  if (done && wanted && !offered) note_tls(tlsrpt::FailureKind::starttls_not_supported, {});
  if (done && encryption == Encryption::demanded && !offered) {
    const std::string who = peer_.demanded_by.empty() ? "the route" : peer_.demanded_by;
    done = trouble(Error(ErrorKind::refused, "STARTTLS is not offered, and " + who + " wants TLS"),
                   peer_.requiretls ? encryption_needed : not_offered);
  }
  if (done && offered && wanted) done = co_await start_tls(cancel);
  if (done) connection_.may_require_tls = may_require_tls();
  if (done && peer_.requiretls && !connection_.may_require_tls) {
    done = trouble(Error(ErrorKind::refused, "it does not offer REQUIRETLS, which the sender asks for"),
                   requiretls_needed);
  }
  if (done && !delivery_.auth.user.empty()) done = co_await log_in(cancel);
  co_return std::move(done);
}

// RFC 8689 2: TLS, a certificate that verifies, a name that nobody could choose for us, and the keyword said under TLS.
bool SessionOpening::may_require_tls() const noexcept {
  const tls::ConnectionInfo* const tls = connection_.client.tls();
  return tls != nullptr && tls->peer_verified && peer_.vouched && connection_.client.offered().requiretls;
}

Task<Result<void>> SessionOpening::greet(Cancel cancel) {
  auto reply = co_await connection_.client.greeting(Deadline::never(), cancel);
  co_return judge(reply, "our connection");
}

Task<Result<void>> SessionOpening::hello(Cancel cancel) {
  auto reply = co_await connection_.client.hello(hostname_, peer_.dialect, Deadline::never(), cancel);
  if (reply && reply->positive() && outcome_.helo.empty()) outcome_.helo = name_in(*reply);
  co_return judge(reply, peer_.dialect == smtp::Dialect::lmtp ? "LHLO" : "EHLO");
}

Task<Result<void>> SessionOpening::start_tls(Cancel cancel) {
  auto reply = co_await connection_.client.starttls(Deadline::never(), cancel);
  const bool refused = reply && reply->permanent();
  auto done = judge(reply, "STARTTLS");
  if (!done) {
    tls_failed_ = true;
    if (done.error().kind == ErrorKind::cancelled) co_return std::move(done);
    report_failed_handshake(peer_.remote, done.error());
    note_tls(reply ? tlsrpt::FailureKind::starttls_not_supported : tlsrpt::FailureKind::validation_failure,
             done.error().reason);
    done.error().status = refused && peer_.requiretls ? encryption_needed : not_encrypted;
    co_return std::move(done);
  }
  done = co_await shake_hands(cancel);
  if (done) done = co_await hello(cancel);
  co_return std::move(done);
}

Task<Result<void>> SessionOpening::shake_hands(Cancel cancel) {
  smtp::Client& client = connection_.client;
  const bool named = !peer_.host.empty() && mail::valid_domain(peer_.host, false) && !policy::parse_ip(peer_.host);
  const bool verify = delivery_.tls == TlsMode::verified || peer_.verify;
  if (verify && !named) {
    co_return trouble(Error(ErrorKind::refused, "a certificate can be verified for a host name only"),
                      peer_.requiretls ? encryption_needed : not_encrypted);
  }
  tls::ClientOptions options = delivery_.tls_options;
  auto context = co_await contexts_.get(options, cancel);
  if (!context && !verify && !options.ca_file.empty()) {
    options.ca_file.clear();  // a machine without the system's store can encrypt all the same
    context = co_await contexts_.get(options, cancel);
  }
  Result<void> done;
  if (context) {
    connection_.tls_context = *context;
    // A session that began without verification must not be continued where it is asked for.
    tls::ClientWish wish{.server_name = named ? peer_.host : std::string(),
                         .verify = verify,
                         .session_key = (verify ? "verified " : "any ") + peer_.host + ":" + std::to_string(peer_.port),
                         .dane = peer_.dane};
    done = co_await client.secure(**context, std::move(wish), Deadline::never(), cancel);
  } else {
    done = propagate(context);
  }
  if (done) {
    report_handshake(peer_.remote, *client.tls());
    note_tls(failure_of(*client.tls()), client.tls()->peer_problem);
    outcome_.encrypted = true;
    co_return std::move(done);
  }
  tls_failed_ = true;
  if (done.error().kind != ErrorKind::cancelled) {
    report_failed_handshake(peer_.remote, done.error());
    note_tls(kind_of(tls::certificate_problem(done.error().reason)), done.error().reason);
  }
  // What broke off may go well another time; a peer that is not who it should be has shown it.
  const bool shown = context && done.error().kind == ErrorKind::refused;
  co_return trouble(std::move(done.error()), shown && peer_.requiretls ? encryption_needed : not_encrypted);
}

Task<Result<void>> SessionOpening::log_in(Cancel cancel) {
  smtp::Client& client = connection_.client;
  const sasl::ClientOptions& options = delivery_.auth;
  if (client.offered().auth_mechanisms.empty()) {
    const Error error(ErrorKind::refused, "AUTH is not offered, and the route has a login");
    report_login(peer_.remote, options, {}, AuthResult::failed, error.reason);
    co_return trouble(error, not_offered);
  }
  // On a helper thread: it reads the secret's file and may ask a token endpoint.
  auto work = [options, offered = client.offered().auth_mechanisms, host = peer_.host,
               encrypted = client.tls() != nullptr] { return sasl::start_client(options, offered, host, encrypted); };
  auto started = co_await helpers_.run(std::move(work));
  if (!started || !*started) {
    Error& error = !started ? started.error() : started->error();
    const bool sick = error.kind == ErrorKind::unavailable;
    report_login(peer_.remote, options, {}, sick ? AuthResult::unavailable : AuthResult::failed, error.reason);
    co_return trouble(std::move(error), not_logged_in);
  }
  sasl::ClientExchange& exchange = ***started;
  auto reply = co_await sasl::authenticate(client, exchange, helpers_, Deadline::never(), cancel);
  if (reply && reply->positive()) {
    report_login(peer_.remote, options, exchange.mechanism(), AuthResult::ok, {});
    co_return Result<void>{};
  }
  if (!reply) {
    Error& error = reply.error();
    const bool cheated = error.kind == ErrorKind::refused;  // the server did not prove itself
    const bool sick = error.kind == ErrorKind::unavailable;
    report_login(peer_.remote, options, exchange.mechanism(),
                 cheated ? AuthResult::failed
                 : sick  ? AuthResult::unavailable
                         : AuthResult::aborted,
                 error.reason);
    co_return trouble(std::move(error), cheated || sick ? not_logged_in : no_answer);
  }
  const AuthResult result = reply->permanent() ? AuthResult::failed : AuthResult::unavailable;
  report_login(peer_.remote, options, exchange.mechanism(), result, reply->one_line());
  if (reply->permanent()) {
    Event(EventKind::warning)
        .field("operation", "AUTH at a next hop: its mail waits until the login of the route is put right")
        .field("remote", peer_.remote)
        .field("login", options.user)
        .field("reply", reply->one_line())
        .emit();
  }
  // Our login is not the message's fault: it waits.
  co_return fail(ErrorKind::refused, peer_.remote + " answered AUTH: " + reply->one_line(),
                 reply->permanent() ? bad_credentials : not_logged_in);
}

}  // namespace ringpost::relay
