// AUTH (RFC 4954): one exchange of a SASL mechanism, in base64, with its verdict. Each step runs on a helper thread,
// since it may hash, or ask a directory. Who guesses waits longer each time and is then sent away for a while.
#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "server/session.h"
#include "smtp/limits.h"
#include "smtp/replies.h"
#include "telemetry/log.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using io::Cancel;
using io::Deadline;
using io::Task;
using sasl::Failure;
using sasl::Step;
using telemetry::AuthResult;
using telemetry::Event;
using telemetry::EventKind;

namespace {

constexpr int steps_max = 16;  // no mechanism needs more than five

smtp::Reply reply_to(Failure failure) {
  switch (failure) {
    case Failure::malformed:
      return replies::auth_not_base64();
    case Failure::unavailable:
      return replies::auth_temporary_failure();
    case Failure::transition:
      return replies::auth_transition_needed();
    case Failure::too_weak:
      return replies::auth_mechanism_too_weak();
    case Failure::credentials:
    case Failure::not_permitted:
      break;
  }
  return replies::auth_failed();
}

bool is_guess(Failure failure) noexcept {
  return failure == Failure::credentials || failure == Failure::not_permitted;
}

AuthResult result_of(Failure failure) noexcept {
  return failure == Failure::unavailable ? AuthResult::unavailable : AuthResult::failed;
}

}  // namespace

bool Session::may_authenticate() const noexcept {
  return listener_->auth != AuthMode::off && settings_->sasl != nullptr && identity_ == nullptr &&
         (encrypted() || settings_->options->auth_without_tls);
}

sasl::Channel Session::channel() const {
  sasl::Channel channel;
  channel.encrypted = encrypted();
  if (tls_ == nullptr) return channel;
  channel.binding = tls_->channel_binding();
  channel.binding_type = tls_->channel_binding_type();
  const tls::ConnectionInfo& info = tls_->info();
  if (info.peer_verified) {
    channel.certificate_identities = info.peer_emails;
    if (!info.peer_common_name.empty()) channel.certificate_identities.push_back(info.peer_common_name);
  }
  return channel;
}

std::optional<smtp::Reply> Session::refuse_auth() const {
  if (listener_->auth == AuthMode::off || settings_->sasl == nullptr) return replies::not_implemented(smtp::Verb::auth);
  if (!esmtp_) return replies::bad_sequence("EHLO first");
  if (identity_ != nullptr) return replies::already_authenticated();
  if (transaction_ != nullptr) return replies::auth_in_transaction();
  if (!may_authenticate()) return replies::auth_needs_encryption();
  return refuse_blocked({});
}

std::optional<smtp::Reply> Session::refuse_blocked(std::string_view login) const {
  const Services& services = context_.services;
  const auto standing = services.failures.standing(client_.address, login, services.reactor.now());
  if (standing.blocked_for <= Duration::zero()) return std::nullopt;
  return replies::auth_blocked(settings_->options->hostname, client_.address.text(), standing.failures,
                               standing.blocked_for);
}

Task<Result<smtp::Reply>> Session::auth(std::string argument, Cancel cancel) {
  if (auto refusal = refuse_auth()) co_return std::move(*refusal);
  if (argument.empty()) co_return replies::bad_parameters();
  const std::size_t blank = argument.find(' ');
  const std::string_view text =
      blank == std::string::npos ? std::string_view() : trim(std::string_view(argument).substr(blank));
  std::optional<std::string> response;
  if (!text.empty()) {
    response = text == "=" ? std::string() : base64_decode(text);
    if (!response) co_return replies::auth_not_base64();
  }
  std::string mechanism = argument.substr(0, blank);
  std::ranges::transform(mechanism, mechanism.begin(), ascii_upper);  // RFC 4422 3.1
  co_return co_await authenticate(std::move(mechanism), std::move(response), cancel);
}

Task<Result<smtp::Reply>> Session::authenticate(std::string mechanism, std::optional<std::string> response,
                                                Cancel cancel) {
  auto exchange = settings_->sasl->start(mechanism, channel());
  if (!exchange) {
    const bool unknown = exchange.error().kind == ErrorKind::not_found;
    co_return unknown ? replies::auth_mechanism_unknown() : replies::auth_needs_encryption();
  }
  for (int steps = 0; steps < steps_max; ++steps) {
    auto stepped = co_await context_.services.helpers.run([&]() -> Step {
      return (*exchange)->step(response ? std::optional<std::string_view>(*response) : std::nullopt);
    });
    if (!stepped) {
      note_auth(mechanism, AuthResult::unavailable, {}, stepped.error().reason);
      co_return replies::auth_temporary_failure();
    }
    if (stepped->kind == Step::Kind::succeeded) co_return auth_succeeded(mechanism, std::move(*stepped));
    if (stepped->kind == Step::Kind::failed) co_return co_await auth_failed(mechanism, std::move(*stepped), cancel);
    auto answer = co_await ask(std::move(stepped->output), cancel);
    if (!answer) co_return propagate(answer);
    if (!answer->has_value()) {
      note_auth(mechanism, AuthResult::aborted, {}, answer->error().one_line());
      co_return std::move(answer->error());
    }
    response = std::move(**answer);
  }
  Step endless;
  endless.failure = Failure::malformed;
  endless.reason = "an exchange without an end";
  co_return co_await auth_failed(mechanism, std::move(endless), cancel);
}

Task<Result<std::expected<std::string, smtp::Reply>>> Session::ask(std::string challenge, Cancel cancel) {
  using Answer = std::expected<std::string, Reply>;
  replies::auth_continue(base64_encode(challenge)).append_to(output_);
  auto asked = co_await flush(cancel);
  if (!asked) co_return propagate(asked);
  auto waited = co_await wait_for_line(cancel);
  if (!waited) {
    co_await part_from(waited.error().kind);
    co_return propagate(waited);
  }
  auto line = input_.next_line(smtp::limits::auth_line_octets_max);
  if (!line) co_return Answer(std::unexpected(replies::from_error(line.error())));
  const std::string_view text = line->value_or(std::string_view());
  if (text == "*") co_return Answer(std::unexpected(replies::auth_cancelled()));
  auto response = base64_decode(text);
  if (!response) co_return Answer(std::unexpected(replies::auth_not_base64()));
  co_return Answer(std::move(*response));
}

void Session::note_auth(std::string_view mechanism, AuthResult result, std::string_view login,
                        std::string_view reason) const {
  telemetry::counters().auth_total[telemetry::Direction::in][telemetry::auth_mechanism(mechanism)][result].add();
  Event event(EventKind::auth);
  event.session(id_).field("mechanism", printable(mechanism, 20)).field("address", peer_);
  if (!login.empty()) event.field("login", printable(login, 100));
  event.field("result", telemetry::label_name(result));
  if (!reason.empty()) event.field("reason", printable(reason, 300));
  event.emit();
}

smtp::Reply Session::auth_succeeded(std::string_view mechanism, Step step) {
  const Services& services = context_.services;
  const std::string login = step.identity.login;
  // Right at last, but after too many tries from here: the password may be known by guessing.
  if (auto refusal = refuse_blocked(login)) return std::move(*refusal);
  services.failures.succeeded(client_.address, login, services.reactor.now());
  client_.login = login;
  identity_ = std::make_unique<mail::Identity>(std::move(step.identity));
  note_auth(mechanism, AuthResult::ok, login, {});
  return replies::auth_ok();
}

Task<smtp::Reply> Session::auth_failed(std::string mechanism, Step step, Cancel cancel) {
  const Services& services = context_.services;
  note_auth(mechanism, result_of(step.failure), step.login, step.reason);
  if (!is_guess(step.failure)) co_return reply_to(step.failure);
  const Duration wait = services.failures.failed(client_.address, step.login, services.reactor.now());
  if (wait > Duration::zero()) (void)co_await io::Sleep(services.reactor, Deadline::after(wait), cancel);
  auto blocked = refuse_blocked(step.login);
  co_return blocked ? std::move(*blocked) : reply_to(step.failure);
}

}  // namespace ringpost::server
