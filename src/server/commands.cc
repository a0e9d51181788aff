// The verbs that need no waiting. Checks come first and in the order RFC 5321 4.1.4 and 4.3.2 give them; what a verb
// does comes last.
#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "server/session.h"
#include "smtp/limits.h"
#include "smtp/params.h"
#include "smtp/replies.h"
#include "telemetry/log.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using io::Cancel;
using io::Task;
using smtp::Verb;
using telemetry::RejectReason;

namespace {

RejectReason reason_of(const PublicStatus& status) noexcept {
  const EnhancedCode& e = status.enhanced;
  if (e == EnhancedCode{5, 7, 1}) return RejectReason::relay_denied;
  if (e == EnhancedCode{5, 1, 1}) return RejectReason::unknown_recipient;
  if (e.subject == 1) return RejectReason::bad_address;
  if (e == EnhancedCode{4, 5, 3}) return RejectReason::too_many_recipients;
  if (e == EnhancedCode{5, 3, 4}) return RejectReason::too_large;
  if (e == EnhancedCode{5, 5, 1}) return RejectReason::bad_sequence;
  if (e.subject == 5) return RejectReason::syntax;
  if (e == EnhancedCode{4, 3, 1}) return RejectReason::no_space;
  if (e.klass == 4 && e.subject == 3) return RejectReason::unavailable;
  return RejectReason::other;
}

bool holds_a_dialogue(Verb verb) noexcept {
  return verb == Verb::data || verb == Verb::bdat || verb == Verb::starttls || verb == Verb::auth;
}

}  // namespace

Task<Result<smtp::Reply>> Session::dispatch(smtp::Command command, Cancel cancel) {
  if (!holds_a_dialogue(command.verb)) {
    Reply reply = answer(command);
    if (reply.transient() || reply.permanent()) refused(command, reply);
    co_return reply;
  }
  // While the dialogue goes on, the line the command stood in goes.
  const smtp::Command only_verb{.verb = command.verb, .argument = {}, .word = smtp::to_string(command.verb)};
  auto reply = co_await hold_dialogue(command, cancel);
  if (reply && (reply->transient() || reply->permanent())) refused(only_verb, *reply);
  co_return reply;
}

// Not a coroutine: what it returns has copied what it needs of the line.
Task<Result<smtp::Reply>> Session::hold_dialogue(const smtp::Command& command, Cancel cancel) {
  switch (command.verb) {
    case Verb::starttls:
      return starttls(!command.argument.empty(), cancel);
    case Verb::auth:
      return auth(std::string(command.argument), cancel);
    case Verb::bdat:
      return bdat(std::string(command.argument), cancel);
    default:
      return data(!command.argument.empty(), cancel);
  }
}

smtp::Reply Session::answer(const smtp::Command& command) {
  const bool alone = command.argument.empty();
  switch (command.verb) {
    case Verb::ehlo:
      return ehlo(command.argument);
    case Verb::helo:
      return helo(command.argument);
    case Verb::mail:
      return mail(command.argument);
    case Verb::rcpt:
      return rcpt(command.argument);
    case Verb::rset:
      return alone ? rset() : replies::no_argument_allowed(Verb::rset);
    case Verb::noop:
      return replies::noop_ok();
    case Verb::vrfy:
      return alone ? replies::bad_parameters() : replies::vrfy_cannot();
    case Verb::expn:
      return replies::expn_refused();
    case Verb::help:
      return replies::help();
    case Verb::xhandoff:
      return handoff(command.argument);
    case Verb::quit:
      return alone ? replies::closing(settings_->options->hostname) : replies::no_argument_allowed(Verb::quit);
    default:
      return replies::unknown_command();
  }
}

void Session::refused(const smtp::Command& command, const Reply& reply) {
  if (command.verb == Verb::mail || command.verb == Verb::rcpt || command.verb == Verb::data ||
      command.verb == Verb::bdat) {
    telemetry::counters().messages_rejected_total[reason_of(reply.status())].add();
  }
  note_refusal(&command, reply);
  // A list with a few dead addresses is not an attack: once a recipient was taken, unknown ones are not errors.
  const bool in_good_company = transaction_ != nullptr && !transaction_->envelope.recipients.empty();
  if (command.verb == Verb::rcpt && in_good_company && reply.permanent()) --errors_;
}

smtp::Reply Session::ehlo(std::string_view argument) {
  auto name = smtp::parse_helo(argument);
  if (!name) return replies::from_error(name.error());
  rset();  // RFC 5321 4.1.4
  helo_ = *name;
  esmtp_ = true;
  smtp::Extensions offered = this->offered();
  offered.starttls = offers_starttls();
  offer_future_release(offered);
  if (is_sibling()) offered.handoff = process_token();
  if (may_authenticate()) offered.auth_mechanisms = settings_->sasl->mechanisms(channel());
  return replies::ehlo_ok(settings_->options->hostname, helo_, offered);
}

smtp::Extensions Session::offered() const {
  if (!esmtp_) return {};
  smtp::Extensions offered = settings_->extensions;
  offered.requiretls = offered.requiretls && encrypted();  // RFC 8689 2
  return offered;
}

smtp::Reply Session::helo(std::string_view argument) {
  auto name = smtp::parse_helo(argument);
  if (!name) return replies::from_error(name.error());
  rset();
  helo_ = *name;
  esmtp_ = false;
  return replies::helo_ok(settings_->options->hostname, helo_);
}

smtp::Reply Session::rset() {
  provenance_.reset();
  transaction_.reset();
  return replies::reset_ok();
}

smtp::Reply Session::mail(std::string_view argument) {
  const Limits& limits = settings_->options->limits;
  if (helo_.empty()) return replies::bad_sequence("EHLO first");
  if (transaction_ != nullptr) return replies::nested_mail();
  // What a sibling hands over was judged when it came: who may send what, and how much, is asked once.
  auto provenance = std::exchange(provenance_, nullptr);
  const bool handed = provenance != nullptr;
  if (!handed && listener_->auth == AuthMode::required && identity_ == nullptr) return ask_for_auth();
  auto command = smtp::parse_mail(argument, offered());
  if (!command) return replies::from_error(command.error());
  if (command->size.value_or(0) > message_size_max(handed)) return replies::size_exceeded(limits.message_size_max);
  if (context_.services.clients.memory() == MemoryLevel::no_messages) return replies::memory_short();
  if (!handed) {
    if (auto refusal = refuse_rate()) return std::move(*refusal);
    if (auto refusal = refuse_sender(command->reverse_path)) return std::move(*refusal);
  }
  mail::Envelope envelope;
  envelope.reverse_path = std::move(command->reverse_path);
  envelope.body = command->body;
  envelope.smtputf8 = command->smtputf8;
  envelope.ret = command->ret;
  envelope.envelope_id = std::move(command->envelope_id);
  if (command->requiretls) envelope.tls = mail::TlsWish::required;
  if (!handed) {
    if (auto refusal = take_wishes(*command, envelope)) return std::move(*refusal);
  }
  const std::int8_t priority = envelope.priority;
  Reply reply = start_transaction(std::move(envelope));
  if (!handed && command->priority.value_or(priority) != priority) reply = replies::mail_ok_with_priority(priority);
  transaction_->handed = std::move(provenance);
  return reply;
}

std::optional<smtp::Reply> Session::refuse_rate() const {
  const Limits& limits = settings_->options->limits;
  const Duration wait = context_.services.clients.count_message(client_.address, limits.messages_per_minute_per_client,
                                                                context_.services.reactor.now());
  if (wait == Duration::zero()) return std::nullopt;
  return replies::rate_exceeded(settings_->options->hostname, client_.address.text(),
                                limits.messages_per_minute_per_client, wait);
}

// What stands between this client and MAIL: certificates or accounts that are not configured, TLS, or AUTH.
smtp::Reply Session::ask_for_auth() const {
  const bool possible = encrypted() || offers_starttls() || settings_->options->auth_without_tls;
  if (settings_->sasl == nullptr || !possible) return replies::tls_not_available();
  return may_authenticate() ? replies::auth_required() : replies::starttls_required();
}

// RFC 3848 and its registry: HELO has no other form.
std::string Session::protocol(bool smtputf8) const {
  if (!esmtp_) return "SMTP";
  std::string name = smtputf8 ? "UTF8SMTP" : "ESMTP";
  if (encrypted()) name += 'S';
  if (identity_ != nullptr) name += 'A';
  return name;
}

smtp::Reply Session::start_transaction(mail::Envelope envelope) {
  envelope.origin.client_address = client_.address.text();
  envelope.origin.helo = helo_;
  envelope.origin.login = client_.login;
  envelope.origin.protocol = protocol(envelope.smtputf8);
  envelope.origin.listener = to_string(listener_->role);
  envelope.origin.trusted = settings_->access->is_trusted(client_);
  transaction_ = std::make_unique<Transaction>();
  transaction_->envelope = std::move(envelope);
  return replies::mail_ok();
}

smtp::Reply Session::rcpt(std::string_view argument) {
  if (transaction_ == nullptr) return replies::bad_sequence("MAIL first");
  if (transaction_->chunks != nullptr) return replies::bad_sequence("BDAT has begun");
  if (context_.services.clients.memory() == MemoryLevel::no_messages) return replies::memory_short();
  auto& recipients = transaction_->envelope.recipients;
  const std::uint32_t recipients_max = settings_->options->limits.recipients_max;
  static const smtp::Extensions none;
  auto recipient = smtp::parse_rcpt(argument, esmtp_ ? settings_->extensions : none, transaction_->envelope.smtputf8);
  if (!recipient) return replies::from_error(recipient.error());
  if (recipients.size() >= recipients_max) return replies::too_many_recipients(recipients_max);
  policy::ClientIdentity client = client_;
  client.hands_over = hands_over();
  auto allowed = settings_->access->check_recipient(client, std::move(recipient->address));
  if (!allowed) {
    ++transaction_->recipients_refused;
    if (allowed.error().status == PublicStatus{550, {5, 7, 1}}) return replies::relay_denied();
    if (allowed.error().status == PublicStatus{550, {5, 1, 1}}) return replies::unknown_recipient();
    return replies::from_error(allowed.error());
  }
  recipient->address = std::move(*allowed);
  recipient->delay_told = hands_over() && transaction_->handed->delay_told;
  // Named twice, delivered once (RFC 5321 3.3 leaves it to us; nobody wants the message twice).
  const bool known = std::ranges::any_of(
      recipients, [&](const mail::Recipient& other) { return other.address == recipient->address; });
  if (!known) recipients.push_back(std::move(*recipient));
  return replies::rcpt_ok();
}

}  // namespace ringpost::server
