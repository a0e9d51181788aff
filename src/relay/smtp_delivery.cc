#include "relay/smtp_delivery.h"

#include <algorithm>
#include <optional>

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::Task;
using smtp::Extensions;
using smtp::Transfer;

namespace {

constexpr EnhancedCode bad_connection{4, 4, 2};

struct Refusal {
  PublicStatus status;
  std::string_view why;
};

// RFC 2852 4.1.4: who is to give the message back when it is late has to know of it, and to have the time that it
// wants. A mailbox, behind LMTP, is where it was to be.
std::optional<Refusal> cannot_keep_deadline(const smtp::Client& client, const Work& work) {
  const mail::DeliverBy& wanted = work.message().envelope.deliver_by;
  if (wanted.mode != mail::DeliverBy::Mode::give_back || work.is_handed_over()) return std::nullopt;
  const Extensions& peer = client.offered();
  const std::int64_t left = smtp::time_left(wanted, WallTime::now()).seconds;
  if (left <= 0) return Refusal{{554, {5, 4, 7}}, "the time that the sender gave it is up"};
  if (client.dialect() == smtp::Dialect::lmtp) return std::nullopt;
  if (!peer.deliver_by)
    return Refusal{{554, {5, 4, 7}}, "the next hop does not offer DELIVERBY, which BY=...;R of the sender needs"};
  if (left < peer.deliver_by_min_seconds)
    return Refusal{{554, {5, 4, 7}}, "the next hop wants more time than the sender has left to it"};
  return std::nullopt;
}

// What would be damaged or misunderstood on the way through this peer is not sent through it.
std::optional<Refusal> cannot_take(const OutboundConnection& connection, const Work& work) {
  const Extensions& peer = connection.client.offered();
  const queue::Message& message = work.message();
  const bool by_smtp = connection.client.dialect() == smtp::Dialect::smtp;
  // The Connector sees to it; but mail may have been sent another way since, and a sibling is reached otherwise.
  if (message.envelope.next_hop_tls() == mail::TlsWish::required && by_smtp && !connection.may_require_tls) {
    return Refusal{{550, {5, 7, 30}},
                   "the next hop has not shown that it may be told REQUIRETLS, which the sender asks for"};
  }
  if (message.envelope.smtputf8 && !peer.smtputf8) {
    return Refusal{{553, {5, 6, 7}}, "the next hop does not offer SMTPUTF8, which this message needs"};
  }
  if (message.envelope.body == mail::BodyType::binary && !peer.binary_mime) {
    return Refusal{{554, {5, 6, 1}}, "the next hop does not offer BINARYMIME, which this message needs"};
  }
  if (message.facts.bare_cr_or_lf && !peer.chunking) {
    return Refusal{{554, {5, 6, 1}}, "the next hop does not offer CHUNKING, which a message with bare CR or LF needs"};
  }
  if (message.facts.eight_bit && !peer.eight_bit_mime && !peer.binary_mime) {
    return Refusal{{554, {5, 6, 3}}, "the next hop does not offer 8BITMIME, which this message needs"};
  }
  // A sibling has room for the trace fields that came since the message was measured.
  const std::uint64_t trace = peer.handoff.empty() ? 0 : smtp::limits::handoff_trace_octets;
  if (peer.size && peer.size_max != 0 && work.octets() > peer.size_max + trace) {
    return Refusal{{552, {5, 3, 4}}, "the message is larger than the next hop takes"};
  }
  return std::nullopt;
}

// BDAT where the message cannot go as lines, and where dots would have to be looked for.
Transfer transfer_for(const Extensions& peer, const queue::Message& message) noexcept {
  if (!peer.chunking) return Transfer::data;
  const bool lines =
      message.envelope.body != mail::BodyType::binary && message.facts.ends_with_crlf && !message.facts.bare_cr_or_lf;
  return lines && !message.facts.dot_at_line_start ? Transfer::data : Transfer::bdat;
}

smtp::MailCommand mail_command(const Work& work, bool may_require_tls) {
  const mail::Envelope& envelope = work.message().envelope;
  smtp::MailCommand mail;
  mail.reverse_path = work.reverse_path();
  mail.size = work.octets();
  mail.body = envelope.body;
  if (mail.body == mail::BodyType::seven_bit && work.message().facts.eight_bit) mail.body = mail::BodyType::eight_bit;
  mail.smtputf8 = envelope.smtputf8;
  mail.ret = envelope.ret;
  mail.envelope_id = envelope.envelope_id;
  mail.requiretls = envelope.tls == mail::TlsWish::required && may_require_tls;
  if (work.is_handed_over()) return mail;
  if (envelope.priority != mail::Priority::normal) mail.priority = envelope.priority;
  if (envelope.deliver_by.mode != mail::DeliverBy::Mode::none)
    mail.by = smtp::time_left(envelope.deliver_by, WallTime::now());
  return mail;
}

// The peer wants TLS, which it offers, and we are in clear text because TLS has failed there not long ago: a matter
// between hosts, and no reason to give a message up.
bool wants_tls_first(const smtp::Client& client, const smtp::Reply& mail) noexcept {
  return mail.code() == 530 && client.tls() == nullptr && client.offered().starttls;
}

// Statuses by the replies that decide about them; remembers a reply that asks us to slow down.
class Verdicts {
 public:
  Verdicts(const ReplyRules& rules, std::string_view remote) noexcept : rules_(rules), remote_(remote) {}
  mail::DeliveryStatus of(std::uint32_t recipient, const smtp::Reply& reply) {
    const Advice advice = rules_.advice(reply);
    if (advice == Advice::slow_down && slow_down_.empty()) slow_down_ = reply.one_line();
    mail::DeliveryStatus status = from_reply(recipient, reply, remote_);
    if (advice == Advice::defer) defer(status);
    if (advice == Advice::fail) fail_for_good(status);
    return status;
  }
  std::string take_slow_down() noexcept { return std::move(slow_down_); }

 private:
  const ReplyRules& rules_;
  std::string_view remote_;
  std::string slow_down_;
};

// The transaction did not come to the message: what every recipient hears. A message that was not sent is not taken,
// whatever the peer says.
Statuses statuses_without_message(const std::vector<std::uint32_t>& tried, const smtp::TransactionReplies& replies,
                                  Verdicts& verdicts, std::string_view remote) {
  Statuses statuses;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    const smtp::Reply& own = replies.recipients[i];
    if (!replies.mail.empty() && !replies.mail.positive()) {
      statuses.push_back(verdicts.of(tried[i], replies.mail));
    } else if (!own.empty() && !own.positive()) {
      statuses.push_back(verdicts.of(tried[i], own));
    } else if (replies.broken) {
      statuses.push_back(from_error(tried[i], *replies.broken, bad_connection, remote));
    } else if (replies.data.positive()) {
      const std::string why = "it answered DATA before it had the message: " + replies.data.one_line();
      statuses.push_back(in_our_words(tried[i], {451, {4, 5, 0}}, why, remote));
    } else {
      statuses.push_back(verdicts.of(tried[i], replies.data));
    }
  }
  return statuses;
}

bool is_too_many(const smtp::Reply& reply) noexcept {
  return reply.code() == 452 || (reply.code() == 552 && reply.enhanced() != EnhancedCode{5, 2, 2});
}

Statuses statuses_of(const std::vector<std::uint32_t>& tried, const smtp::TransactionReplies& replies,
                     const smtp::FinalReplies& last, bool lmtp, Verdicts& verdicts, std::string_view remote) {
  Statuses statuses;
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    const smtp::Reply& own = replies.recipients[i];
    if (!own.positive()) {
      // RFC 5321 4.5.3.1.10: no more in this transaction. With the others gone out it is at once another's turn.
      if (!is_too_many(own)) statuses.push_back(verdicts.of(tried[i], own));
      continue;
    }
    const std::size_t at = lmtp ? accepted : 0;
    ++accepted;
    if (at < last.replies.size()) {
      statuses.push_back(verdicts.of(tried[i], last.replies[at]));
    } else if (last.body_failed) {
      statuses.push_back(from_error(tried[i], *last.broken, {4, 3, 0}, {}));
    } else {
      statuses.push_back(from_error(tried[i], *last.broken, bad_connection, remote));
    }
  }
  return statuses;
}

// RFC 3461 5.2: whoever offers DSN has got the parameters and reports; LMTP ends in a mailbox.
// RFC 2852 4.1.4: that it goes to who does not know of its deadline, or every step where the sender asks, is told.
mail::Handover handover_to(const smtp::Client& client, const Work& work) noexcept {
  const mail::DeliverBy& wanted = work.message().envelope.deliver_by;
  const bool by_time = wanted.mode != mail::DeliverBy::Mode::none && client.dialect() == smtp::Dialect::smtp;
  if (by_time && (wanted.trace || !client.offered().deliver_by) && !work.is_handed_over())
    return mail::Handover::traced;
  if (client.offered().dsn) return mail::Handover::with_dsn;
  return client.dialect() == smtp::Dialect::lmtp ? mail::Handover::final_delivery : mail::Handover::relayed;
}

bool is_cancelled(const std::optional<Error>& error) noexcept {
  return error && error->kind == ErrorKind::cancelled;
}

std::vector<std::uint32_t> first_recipients(const Work& work, const Extensions& peer) {
  std::vector<std::uint32_t> tried = work.recipients();
  if (peer.rcpt_max != 0 && tried.size() > peer.rcpt_max) tried.resize(peer.rcpt_max);  // RFC 9422 4.2
  return tried;
}

}  // namespace

Task<TransactionOutcome> deliver_over(OutboundConnection& connection, Work& work, const ReplyRules& rules,
                                      Cancel cancel) {
  smtp::Client& client = connection.client;
  const Extensions& peer = client.offered();
  const queue::Message& message = work.message();
  TransactionOutcome outcome;
  auto refusal = cannot_take(connection, work);
  if (!refusal) refusal = cannot_keep_deadline(client, work);
  if (refusal) {
    outcome.statuses = for_all(work.recipients(), in_our_words(0, refusal->status, refusal->why, connection.remote));
    co_return std::move(outcome);
  }
  ++connection.messages;
  const std::vector<std::uint32_t> tried = first_recipients(work, peer);
  std::vector<const mail::Recipient*> recipients;
  recipients.reserve(tried.size());
  for (const std::uint32_t index : tried) recipients.push_back(&work.recipient(index));
  const smtp::MailCommand mail = mail_command(work, connection.may_require_tls);

  auto said = co_await client.begin(mail, recipients, transfer_for(peer, message), Deadline::never(), cancel);
  if (!said) {
    outcome.cancelled = said.error().kind == ErrorKind::cancelled;
    outcome.session_refused = !client.usable();
    const bool bad_address = said.error().kind == ErrorKind::invalid && client.usable();
    const auto status = bad_address ? in_our_words(0, said.error().status, said.error().reason, {})
                                    : from_error(0, said.error(), bad_connection, connection.remote);
    if (!outcome.cancelled) outcome.statuses = for_all(tried, status);
    co_return std::move(outcome);
  }
  // While the peer thinks. A log that cannot be written is no reason to keep mail from leaving: the disk may be full.
  auto begun = co_await work.begun();
  static_cast<void>(begun);

  auto replies = co_await client.replies(Deadline::never(), cancel);
  outcome.cancelled = is_cancelled(replies.broken);
  if (outcome.cancelled) co_return std::move(outcome);
  outcome.session_refused = replies.mail.code() == 421 || (replies.mail.empty() && replies.broken);
  if (wants_tls_first(client, replies.mail)) {
    const Error error(ErrorKind::refused, "in clear text the next hop answered: " + replies.mail.one_line());
    outcome.statuses = for_all(tried, from_error(0, error, {4, 7, 10}, connection.remote));
    co_return std::move(outcome);
  }
  Verdicts verdicts(rules, connection.remote);
  if (!replies.ready) {
    outcome.statuses = statuses_without_message(tried, replies, verdicts, connection.remote);
    outcome.slow_down = verdicts.take_slow_down();
    co_return std::move(outcome);
  }

  const auto body = work.body();
  const smtp::Content content{.prefix = message.prefix,
                              .body = body.get(),
                              .body_octets = message.facts.octets,
                              .dot_at_line_start = message.facts.dot_at_line_start,
                              .ends_with_crlf = message.facts.ends_with_crlf};
  const auto last = co_await client.data(content, Deadline::never(), cancel);
  outcome.cancelled = is_cancelled(last.broken) && last.replies.empty();
  if (!outcome.cancelled) {
    outcome.statuses =
        statuses_of(tried, replies, last, client.dialect() == smtp::Dialect::lmtp, verdicts, connection.remote);
    outcome.slow_down = verdicts.take_slow_down();
    for (mail::DeliveryStatus& status : outcome.statuses) status.handover = handover_to(client, work);
  }
  co_return std::move(outcome);
}

}  // namespace ringpost::relay
