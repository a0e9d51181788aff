// SinkSession: the transaction and the message (RFC 5321 4.1.1.2 to 4.1.1.4, RFC 3030 2, RFC 2033 4.2).
#include <algorithm>
#include <limits>

#include "bench/sink_session.h"
#include "smtp/params.h"

namespace ringpost::bench {

using io::Cancel;
using io::Task;

namespace {

constexpr std::size_t recipients_max = 10'000;
constexpr std::size_t take_octets_max = 1 << 20;
constexpr std::string_view need_mail = "503 5.5.1 MAIL first\r\n";
constexpr std::string_view need_rcpt = "503 5.5.1 RCPT first\r\n";
constexpr std::string_view not_stored = "452 4.3.1 cannot be stored\r\n";

/// What stands between the angle brackets; a quoted local part may hold a ">" of its own, so the last one counts.
std::string_view path_in(std::string_view argument) noexcept {
  const auto begin = argument.find('<');
  const auto end = argument.rfind('>');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return argument;
  return argument.substr(begin + 1, end - begin - 1);
}

}  // namespace

void SinkSession::reset() noexcept {
  in_transaction_ = in_content_ = false;
  recipients_.clear();
  octets_ = 0;
  end_.reset();
  if (!file_) return;
  decoder_.reset();
  file_.reset();
}

Task<bool> SinkSession::mail(std::string_view argument, Cancel cancel) {
  if (in_transaction_) co_return co_await remark("503 5.5.1 nested MAIL\r\n");
  sender_ = path_in(argument);
  const bool on = co_await answer(Stage::mail, "250 2.1.0 ok\r\n", std::span(&sender_, 1), cancel);
  in_transaction_ = answered_ == '2';
  co_return on;
}

Task<bool> SinkSession::rcpt(std::string_view argument, Cancel cancel) {
  if (!in_transaction_) co_return co_await remark(need_mail);
  if (recipients_.size() == recipients_max) co_return co_await remark("452 4.5.3 too many recipients\r\n");
  recipients_.emplace_back(path_in(argument));
  const bool on = co_await answer(Stage::rcpt, "250 2.1.5 ok\r\n", std::span(&recipients_.back(), 1), cancel);
  if (answered_ != '2') recipients_.pop_back();
  co_return on;
}

void SinkSession::begin_content() {
  in_content_ = true;
  octets_ = 0;
  end_.reset();
  token_.reset();
  const std::string& folder = shared_.options.store;
  if (!folder.empty()) file_.emplace(folder, ++shared_.file_number);
}

/// Octets of the message as they came, for whoever wants to know more than how many there are.
void SinkSession::look_at(io::Slice octets) {
  if (shared_.options.count_tokens) token_.feed(octets.view());
  if (!file_) return;
  if (!decoder_) {
    file_->append(octets.view());
    return;
  }
  decoder_->feed(std::move(octets), pieces_);
  for (const io::Slice& piece : pieces_) file_->append(piece.view());
  pieces_.clear();
}

Task<bool> SinkSession::data(Cancel cancel) {
  if (in_content_) co_return co_await remark("503 5.5.1 BDAT or DATA, not both\r\n");
  if (recipients_.empty()) co_return co_await remark(in_transaction_ ? need_rcpt : need_mail);
  bool on = co_await answer(Stage::data, "354 go on\r\n", recipients_, cancel);
  if (answered_ != '3') {
    reset();
    co_return on;
  }
  if (on) on = co_await flush(cancel);
  if (on) on = co_await take_message(cancel);
  if (on) on = co_await final_reply(cancel);
  co_return on;
}

Task<bool> SinkSession::take_message(Cancel cancel) {
  constexpr std::size_t final_dot_octets = 3;  // "." CRLF
  begin_content();
  if (file_) decoder_.emplace(smtp::BareLineEnding::normalize, std::numeric_limits<std::uint64_t>::max());
  for (;;) {
    io::Slice octets = input_.take(take_octets_max);
    if (octets.empty()) {
      const bool on = co_await receive(cancel);
      if (!on) co_return false;
      continue;
    }
    if (octets_ == 0 && faults_.disconnects(Stage::body)) {
      counts_.hung_up.add();
      co_return false;
    }
    const auto end = end_.feed(octets.view());
    const std::size_t count = end.value_or(octets.size());
    octets_ += count;
    io::Slice rest = octets.sub(count);
    look_at(octets.sub(0, count));
    if (!end) continue;
    octets_ -= final_dot_octets;
    if (!rest.empty()) input_.push_front(std::move(rest));
    co_return true;
  }
}

Task<bool> SinkSession::bdat(std::string argument, Cancel cancel) {
  const auto chunk = smtp::parse_bdat(argument);
  if (!chunk || !shared_.options.offered.chunking) {
    // How much would follow is not known, so nothing after it could be understood.
    over_ = true;
    co_return co_await remark("501 5.5.4 not a chunk\r\n");
  }
  const bool wanted = !recipients_.empty();
  if (wanted && !in_content_) begin_content();
  if (wanted && faults_.disconnects(Stage::body)) {
    counts_.hung_up.add();
    co_return false;
  }
  const bool on = co_await take_chunk(chunk->octets, wanted, cancel);
  if (!on) co_return false;
  if (!wanted) co_return co_await remark(in_transaction_ ? need_rcpt : need_mail);
  if (chunk->last) co_return co_await final_reply(cancel);
  co_return co_await remark("250 2.0.0 chunk taken\r\n");
}

Task<bool> SinkSession::take_chunk(std::uint64_t octets, bool wanted, Cancel cancel) {
  while (octets > 0) {
    io::Slice piece = input_.take(static_cast<std::size_t>(std::min<std::uint64_t>(octets, take_octets_max)));
    if (piece.empty()) {
      const bool on = co_await receive(cancel);
      if (!on) co_return false;
      continue;
    }
    octets -= piece.size();
    if (!wanted) continue;
    octets_ += piece.size();
    look_at(std::move(piece));
  }
  co_return true;
}

Task<bool> SinkSession::final_reply(Cancel cancel) {
  in_content_ = false;
  bool stored = !file_ || file_->finish();
  bool on = true;
  std::vector<std::string> taken;
  if (shared_.options.lmtp) {
    for (std::size_t i = 0; on && i < recipients_.size(); ++i) {
      const std::string_view usual = stored ? "250 2.0.0 ok\r\n" : not_stored;
      on = co_await answer(Stage::dot, usual, std::span(&recipients_[i], 1), cancel);
      if (answered_ == '2') taken.push_back(std::move(recipients_[i]));
    }
  } else {
    on = co_await answer(Stage::dot, stored ? "250 2.0.0 ok\r\n" : not_stored, recipients_, cancel);
    if (answered_ == '2') taken = std::move(recipients_);
  }
  // A session left without a word at this step has not accepted anything, and its client will come again.
  if (on && !taken.empty()) {
    if (file_) stored = file_->keep();
    count_message(taken);
  }
  reset();
  co_return on;
}

void SinkSession::count_message(std::span<const std::string> recipients) {
  counts_.messages.add();
  counts_.recipients.add(recipients.size());
  counts_.octets.add(octets_);
  if (shared_.options.count_tokens) shared_.deliveries.add(token_.token(), recipients);
  const auto& stop_after = shared_.options.stop_after;
  if (stop_after && ++shared_.accepted == *stop_after) enough_ = true;
}

}  // namespace ringpost::bench
