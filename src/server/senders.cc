// What policy says of the sender, and what the client hears of it: after MAIL for the envelope, after the final dot for
// the header (RFC 6409 6.1).
#include "server/session.h"
#include "smtp/replies.h"
#include "telemetry/log.h"

namespace ringpost::server {

namespace replies = smtp::replies;
using telemetry::Event;
using telemetry::EventKind;

std::optional<smtp::Reply> Session::refuse_sender(const mail::Address& reverse_path) {
  const auto& senders = settings_->senders;
  const auto verdict = senders->check_envelope(client_, identity_.get(), reverse_path);
  if (verdict.refused()) {
    return identity_ == nullptr ? replies::local_domain_needs_auth(verdict.rule, verdict.detail)
                                : replies::sender_not_yours(verdict.rule, verdict.detail, client_.login);
  }
  if (!verdict.rule.empty()) note_verdict(verdict, "MAIL");
  return std::nullopt;
}

bool Session::wants_header() const {
  return !hands_over() && settings_->senders->wants_header(client_, identity_.get());
}

std::optional<smtp::Reply> Session::refuse_header(const mail::OriginatorFields& fields) {
  if (hands_over()) return std::nullopt;
  const auto& senders = settings_->senders;
  for (const auto& verdict : senders->check_header(client_, identity_.get(), fields)) {
    if (verdict.refused()) return replies::header_not_yours(verdict.rule, verdict.detail, client_.login);
    note_verdict(verdict, "DATA");
  }
  return std::nullopt;
}

void Session::note_verdict(const policy::SenderVerdict& verdict, std::string_view where) const {
  Event(EventKind::warning)
      .session(id_)
      .field("operation", where)
      .field("address", peer_)
      .field("login", client_.login)
      .field("rule", verdict.rule)
      .field("detail", verdict.detail)
      .field("reason", "the sender would be refused if this were enforced")
      .emit();
}

}  // namespace ringpost::server
