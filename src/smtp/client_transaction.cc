// Client: MAIL, RCPT, DATA or BDAT, and the message (RFC 5321 4.1.1.2 to 4.1.1.4, RFC 2920 3.1, RFC 3030 2).
#include <array>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "smtp/client.h"
#include "smtp/command_writer.h"

namespace ringpost::smtp {

using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

constexpr std::size_t block_octets = 64 * 1024;
constexpr std::chrono::seconds parting_words_wait{1};

iovec vector_of(std::string_view octets) noexcept {
  return {const_cast<char*>(octets.data()), octets.size()};
}

}  // namespace

Task<Result<void>> Client::begin(const MailCommand& mail, Recipients recipients, Transfer transfer, Deadline deadline,
                                 Cancel cancel) {
  if (!usable_) co_return fail(ErrorKind::closed, "the connection is of no more use");
  if (!is_silent()) co_return broken(Error(ErrorKind::invalid, "the server spoke out of turn"));
  recipients_ = recipients;
  transfer_ = transfer;
  pipelined_ = offered_.pipelining;
  reset_said_ = std::exchange(reset_needed_, false);
  accepted_ = 0;
  out_.clear();
  if (reset_said_) out_ += "RSET\r\n";
  if (reset_said_ && !pipelined_) {
    auto reply = co_await exchange("after RSET", std::exchange(out_, {}), waits_.command, deadline, cancel);
    if (!reply) co_return propagate(reply);
    reset_said_ = false;
    if (!usable_) co_return fail(ErrorKind::closed, "the server said " + reply->one_line());
  }
  auto line = append_mail(out_, mail, offered_);
  for (std::size_t i = 0; pipelined_ && line && i < recipients.size(); ++i) {
    line = append_rcpt(out_, *recipients[i], offered_);
  }
  if (!line) {
    reset_needed_ = reset_said_;
    co_return propagate(line);
  }
  if (pipelined_ && transfer == Transfer::data) out_ += "DATA\r\n";
  step_ = "after MAIL";
  co_return co_await send(out_, wait(waits_.command, deadline), cancel);
}

Task<TransactionReplies> Client::replies(Deadline deadline, Cancel cancel) {
  TransactionReplies result;
  result.recipients.resize(recipients_.size());
  if (pipelined_) {
    result.broken = co_await read_group(result, deadline, cancel);
  } else {
    result.broken = co_await ask_in_turn(result, deadline, cancel);
  }
  // A server that refuses MAIL for good and hangs up has said all that matters.
  if (result.broken && result.mail.permanent()) result.broken.reset();
  accepted_ = result.accepted;
  const bool may_send = transfer_ == Transfer::bdat || result.data.intermediate();
  result.ready = usable_ && !result.broken && result.mail.positive() && result.accepted > 0 && may_send;
  if (!result.ready && usable_ && !result.broken) result.broken = co_await undo(result, deadline, cancel);
  co_return std::move(result);
}

Task<std::optional<Error>> Client::read_group(TransactionReplies& into, Deadline deadline, Cancel cancel) {
  const std::size_t first = reset_said_ ? 0 : 1;
  const std::size_t count = 2 + recipients_.size() + (transfer_ == Transfer::data ? 1 : 0);
  for (std::size_t i = first; i < count; ++i) {
    const bool is_data = i == 2 + recipients_.size();
    step_ = i == 0 ? "after RSET" : i == 1 ? "after MAIL" : is_data ? "after DATA" : "after RCPT";
    auto reply = buffered_reply();
    if (!reply) reply = co_await read_reply(wait(is_data ? waits_.data_initiation : waits_.command, deadline), cancel);
    if (!*reply) co_return std::move(reply->error());
    if (i == 0) {
      if (!usable_) co_return Error(ErrorKind::closed, "the server said " + (*reply)->one_line());
    } else if (i == 1) {
      into.mail = std::move(**reply);
      into.mail_at = monotonic_now();
    } else if (is_data) {
      into.data = std::move(**reply);
      into.data_at = monotonic_now();
    } else {
      into.accepted += (*reply)->positive() ? 1 : 0;
      into.recipients[i - 2] = std::move(**reply);
      if (i == 1 + recipients_.size()) into.recipients_at = monotonic_now();
    }
    // After 421 nothing more comes, or what comes is of no interest (RFC 5321 3.8).
    if (!usable_ && i + 1 < count) co_return Error(ErrorKind::closed, "the server ended the session");
  }
  co_return std::nullopt;
}

Task<std::optional<Error>> Client::ask_in_turn(TransactionReplies& into, Deadline deadline, Cancel cancel) {
  auto reply = co_await read_reply(wait(waits_.command, deadline), cancel);
  if (!reply) co_return std::move(reply.error());
  into.mail = std::move(*reply);
  into.mail_at = monotonic_now();
  if (!into.mail.positive()) co_return std::nullopt;
  for (std::size_t i = 0; i < recipients_.size(); ++i) {
    out_.clear();
    auto line = append_rcpt(out_, *recipients_[i], offered_);
    if (!line) co_return std::move(line.error());
    reply = co_await exchange("after RCPT", out_, waits_.command, deadline, cancel);
    if (!reply) co_return std::move(reply.error());
    into.accepted += reply->positive() ? 1 : 0;
    into.recipients[i] = std::move(*reply);
    if (!usable_) co_return Error(ErrorKind::closed, "the server ended the session");
  }
  into.recipients_at = monotonic_now();
  if (into.accepted == 0 || transfer_ == Transfer::bdat) co_return std::nullopt;
  reply = co_await exchange("after DATA", "DATA\r\n", waits_.data_initiation, deadline, cancel);
  if (!reply) co_return std::move(reply.error());
  into.data = std::move(*reply);
  into.data_at = monotonic_now();
  co_return std::nullopt;
}

// RFC 2920 3.1: a server may say 354 though no recipient was taken; then it gets an empty message.
Task<std::optional<Error>> Client::undo(TransactionReplies& into, Deadline deadline, Cancel cancel) {
  reset_needed_ = into.mail.positive();
  if (!into.data.intermediate()) co_return std::nullopt;
  if (dialect_ == Dialect::lmtp) {
    usable_ = false;  // how many replies would follow is anybody's guess
    co_return std::nullopt;
  }
  auto reply = co_await exchange("after an empty message", ".\r\n", waits_.data_termination, deadline, cancel);
  if (reply) reset_needed_ = false;
  co_return std::nullopt;
}

Task<FinalReplies> Client::data(Content content, Deadline deadline, Cancel cancel) {
  FinalReplies result;
  const std::size_t expected = dialect_ == Dialect::lmtp ? accepted_ : 1;
  step_ = "within the message";
  auto sent = co_await send_content(content, result.body_failed, deadline, cancel);
  if (!sent) {
    result.broken = broken(std::move(sent.error())).error();
    if (result.body_failed || result.broken->kind == ErrorKind::cancelled) co_return std::move(result);
    // It may have said why before it hung up ("552 too big"), and that is worth more than "connection reset".
    auto last_words = co_await read_reply(wait(parting_words_wait, deadline), cancel);
    if (last_words && !last_words->positive() && !last_words->intermediate())
      result.replies.assign(expected, *last_words);
    co_return std::move(result);
  }
  step_ = "after the message";
  result.replies.reserve(expected);
  for (std::size_t i = 0; i < expected; ++i) {
    auto reply = buffered_reply();
    if (!reply) reply = co_await read_reply(wait(waits_.data_termination, deadline), cancel);
    if (!*reply) {
      result.broken = std::move(reply->error());
      break;
    }
    result.replies.push_back(std::move(**reply));
  }
  co_return std::move(result);
}

Task<Result<void>> Client::send_content(Content content, bool& body_failed, Deadline deadline, Cancel cancel) {
  const bool chunked = transfer_ == Transfer::bdat;
  const bool stuffing = !chunked && content.dot_at_line_start;
  std::string command;
  if (chunked) append_bdat(command, content.prefix.size() + content.body_octets, true);
  const std::string_view end = chunked ? "" : content.ends_with_crlf ? ".\r\n" : "\r\n.\r\n";
  std::uint64_t left = content.body_octets;
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(left, block_octets));
  const auto block = std::make_unique_for_overwrite<char[]>(room);
  std::string stuffed;
  bool at_line_start = true;
  for (bool first = true; first || left > 0; first = false) {
    std::array<iovec, 4> vectors;
    std::size_t count = 0;
    if (first && chunked) vectors[count++] = vector_of(command);
    std::string_view piece;
    if (left > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, room));
      auto read = co_await content.body->read(std::span<char>(block.get(), wanted));
      if (!read || *read == 0) {
        body_failed = true;
        if (!read) co_return propagate(read);
        co_return fail(ErrorKind::corrupt, "the body is shorter than it should be");
      }
      left -= *read;
      piece = std::string_view(block.get(), *read);
    }
    if (stuffing) {
      stuffed.clear();
      if (first) append_stuffed(stuffed, content.prefix, at_line_start);
      append_stuffed(stuffed, piece, at_line_start);
      vectors[count++] = vector_of(stuffed);
    } else {
      if (first) vectors[count++] = vector_of(content.prefix);
      vectors[count++] = vector_of(piece);
    }
    if (left == 0) vectors[count++] = vector_of(end);
    const std::span<const iovec> part(vectors.data(), count);
    auto sent = co_await stream_->send(part, wait(waits_.data_block, deadline), cancel);
    if (!sent) co_return propagate(sent);
  }
  co_return Result<void>{};
}

}  // namespace ringpost::smtp
