// LoadWorker: one session after another, one message after another (RFC 5321 as smtp::Client speaks it).
#include <cerrno>
#include <charconv>
#include <limits>

#include "bench/load_worker.h"

namespace ringpost::bench {

using io::Cancel;
using io::Deadline;
using io::Task;

/// What a place for sessions keeps from message to message, so that nothing is allocated anew.
struct LoadWorker::Slot {
  explicit Slot(const MessageMaker& maker) : header(maker) {}

  MessageMaker::Header header;
  smtp::MailCommand mail;
  std::vector<mail::Recipient> recipients;
  std::vector<const mail::Recipient*> recipient_pointers;
  std::uint64_t message = 0;
  std::size_t kind = 0;
  std::uint64_t left = std::numeric_limits<std::uint64_t>::max();  // messages this slot may still begin
};

namespace {

void expand(std::string_view pattern, std::uint64_t number, std::string& out) {
  constexpr std::string_view hole = "{n}";
  const auto at = pattern.find(hole);
  out.assign(pattern.substr(0, at));
  if (at == std::string_view::npos) return;
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  out.append(pattern.substr(at + hole.size()));
}

}  // namespace

void LoadWorker::choose_recipients(Slot& slot, std::uint64_t message) const {
  const std::size_t count = options_.recipients_per_message;
  if (slot.recipients.size() != count) {
    slot.recipients.resize(count);
    slot.recipient_pointers.clear();
    for (const mail::Recipient& recipient : slot.recipients) slot.recipient_pointers.push_back(&recipient);
  }
  std::string address;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t number = message * count + i;
    expand(options_.recipients[number % options_.recipients.size()], number, address);
    const auto at = address.rfind('@');
    slot.recipients[i].address.local.assign(address, 0, at);
    slot.recipients[i].address.domain.assign(at == std::string::npos ? "" : address.substr(at + 1));
  }
}

Task<> LoadWorker::run_slot(Cancel cancel) {
  Slot slot(maker_);
  slot.mail.reverse_path = options_.from;
  // "20 sessions of 100 messages" are 20 sessions, even if some are done sooner than others.
  if (options_.messages_per_session && !options_.messages && !options_.duration)
    slot.left = *options_.messages_per_session;
  constexpr Duration pause = std::chrono::milliseconds(100);
  std::uint32_t fruitless = 0;
  while (slot.left > 0 && fruitless < fruitless_sessions_max && !schedule_->over() && !cancel.requested()) {
    const bool fruitful = co_await run_session(slot, cancel);
    fruitless = fruitful ? 0 : fruitless + 1;
    if (!fruitful) co_await io::Sleep(*reactor_, Deadline::after(pause), cancel);
  }
}

Task<bool> LoadWorker::wait_until_due(Schedule::Ticket& ticket, Cancel cancel) {
  if (!ticket.due) co_return true;
  const bool sleeps = *ticket.due > monotonic_now();
  int slept = 0;
  if (sleeps) slept = co_await io::Sleep(*reactor_, Deadline{*ticket.due}, cancel);
  if (slept == -ECANCELED) co_return false;
  ticket.due = charged_from(*ticket.due, monotonic_now(), sleeps);
  co_return true;
}

/// True if it was worth it: the message was sent, or there was none to send.
Task<bool> LoadWorker::run_session(Slot& slot, Cancel cancel) {
  auto ticket = schedule_->take(monotonic_now());
  if (!ticket) co_return true;
  --slot.left;
  const bool due = co_await wait_until_due(*ticket, cancel);
  const MonotonicTime began = monotonic_now();
  std::unique_ptr<smtp::Client> client;
  if (due) client = co_await open_session(cancel);
  if (!client) {
    tally_.failed.add();
    co_return false;
  }
  tally_.sessions.add();
  bool fruitful = options_.without_mail;
  for (std::uint64_t sent = 1; ticket && !options_.without_mail; ++sent) {
    const bool accepted = co_await send_message(slot, *client, *ticket, cancel);
    fruitful = fruitful || accepted;
    if (!accepted) tally_.failed.add();
    if (!client->usable() || cancel.requested()) break;
    if (slot.left == 0 || (options_.messages_per_session && sent >= *options_.messages_per_session)) break;
    ticket = schedule_->take(monotonic_now());
    if (!ticket) break;
    --slot.left;
    const bool next_due = co_await wait_until_due(*ticket, cancel);
    if (!next_due) tally_.failed.add();
    if (!next_due) break;
  }
  co_await client->quit(Deadline::after(options_.reply_wait), cancel);
  tally_.record(Phase::session, monotonic_now() - began);
  co_return fruitful;
}

/// True if the message was accepted, be it for some of its recipients only.
Task<bool> LoadWorker::send_message(Slot& slot, smtp::Client& client, Schedule::Ticket ticket, Cancel cancel) {
  slot.message = ticket.message;
  slot.kind = options_.sizes.kind_of(ticket.message);
  slot.mail.size = maker_.octets(slot.kind);
  choose_recipients(slot, ticket.message);
  const auto transfer = options_.bdat && client.offered().chunking ? smtp::Transfer::bdat : smtp::Transfer::data;
  const Deadline wait = Deadline::after(options_.reply_wait);
  const MonotonicTime began = monotonic_now();
  auto said = co_await client.begin(slot.mail, slot.recipient_pointers, transfer, wait, cancel);
  if (!said) {
    tally_.note("mail", said.error());
    co_return false;
  }
  const smtp::TransactionReplies replies = co_await client.replies(wait, cancel);
  // After a 421 to MAIL the end of the connection is no second failure.
  if (replies.broken && !replies.mail.ends_session()) {
    tally_.note(replies.mail.empty() ? "mail" : "rcpt", *replies.broken);
  }
  const bool grouped = client.offered().pipelining;
  if (!replies.mail.empty()) {
    tally_.record(Phase::mail, replies.mail_at - began);
    if (!replies.mail.positive()) tally_.note("mail", replies.mail);
  }
  if (replies.recipients_at > MonotonicTime{}) {
    tally_.record(Phase::rcpt, replies.recipients_at - (grouped ? began : replies.mail_at));
  }
  if (!replies.data.empty()) tally_.record(Phase::data, replies.data_at - (grouped ? began : replies.recipients_at));
  for (const smtp::Reply& reply : replies.recipients) {
    if (!reply.empty() && !reply.positive() && replies.mail.positive()) tally_.note("rcpt", reply);
  }
  if (!replies.data.empty() && !replies.data.intermediate() && replies.accepted > 0) tally_.note("data", replies.data);
  if (!replies.ready) co_return false;
  const bool sent = co_await send_content(slot, client, ticket.due.value_or(began), cancel);
  if (sent) tally_.recipients.add(replies.accepted);
  co_return sent;
}

Task<bool> LoadWorker::send_content(Slot& slot, smtp::Client& client, MonotonicTime began, Cancel cancel) {
  smtp::MemoryBody body(maker_.body(slot.kind));
  smtp::Content content;
  content.prefix = slot.header.make(slot.message, WallTime::now());
  content.body = &body;
  content.body_octets = maker_.body(slot.kind).size();
  const MonotonicTime sending = monotonic_now();
  const smtp::FinalReplies last = co_await client.data(content, Deadline::after(options_.reply_wait), cancel);
  const MonotonicTime answered = monotonic_now();
  bool accepted = !last.replies.empty() && !last.broken;
  for (const smtp::Reply& reply : last.replies) {
    if (reply.positive()) continue;
    accepted = false;
    tally_.note("dot", reply);
  }
  if (last.broken && last.replies.empty()) tally_.note("dot", *last.broken);
  if (!accepted) co_return false;
  tally_.record(Phase::accept, answered - sending);
  tally_.record(Phase::message, answered - began);
  tally_.accepted.add();
  tally_.octets.add(maker_.octets(slot.kind));
  co_return true;
}

}  // namespace ringpost::bench
