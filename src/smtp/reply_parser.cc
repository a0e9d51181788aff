#include "smtp/reply_parser.h"

#include <utility>

#include "base/text.h"
#include "smtp/limits.h"

namespace ringpost::smtp {

namespace {

/// "250", "250 text", "250-text": the code, 0 where there is none.
std::uint16_t reply_code(std::string_view line) noexcept {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2])) return 0;
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return 0;
  return static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
}

}  // namespace

void ReplyParser::reset() noexcept {
  *this = ReplyParser();
}

Result<std::optional<Reply>> ReplyParser::broken(ErrorKind kind, std::string why) {
  failure_.emplace(kind, std::move(why), PublicStatus{451, {4, 5, 0}});
  return std::unexpected(*failure_);
}

Result<std::optional<Reply>> ReplyParser::feed(std::string_view& octets) {
  if (failure_) return std::unexpected(*failure_);
  while (!octets.empty()) {
    const std::size_t end = octets.find('\n');
    const bool whole = end != std::string_view::npos;
    std::string_view line = octets.substr(0, end);
    const std::size_t taken = whole ? end + 1 : octets.size();
    octets.remove_prefix(taken);
    reply_octets_ += taken;
    if (reply_octets_ > limits::peer_reply_octets_max) return broken(ErrorKind::too_large, "reply without end");

    if (!whole || !partial_.empty()) {
      const std::size_t room = limits::peer_reply_line_octets_max - partial_.size();
      partial_.append(line.substr(0, room));
      if (!whole) break;
      line = partial_;
    }
    auto complete = take_line(line);
    partial_.clear();
    if (!complete) return broken(complete.error().kind, std::move(complete.error().reason));
    if (*complete) {
      reply_octets_ = lines_ = 0;
      return std::exchange(reply_, Reply());
    }
  }
  return std::nullopt;
}

Result<bool> ReplyParser::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = line.substr(0, limits::peer_reply_line_octets_max);
  if (++lines_ > limits::peer_reply_lines_max) return fail(ErrorKind::too_large, "reply of too many lines");
  const std::uint16_t code = reply_code(line);
  if (code == 0) return fail(ErrorKind::invalid, "not a reply: " + printable(line, 100));
  const bool last = line.size() == 3 || line[3] == ' ';
  std::string_view text = line.size() > 4 ? line.substr(4) : std::string_view();
  if (reply_.empty()) {
    const auto enhanced = take_enhanced_code(text, code);
    reply_ = enhanced ? Reply(code, *enhanced, text) : Reply(code, text);
    return last;
  }
  if (code != reply_.code())
    return fail(ErrorKind::invalid, "reply whose lines differ in code: " + printable(line, 100));
  // The code of the first line stands for all, as RFC 2034 4 has it; text that only looks like one stays.
  if (reply_.enhanced()) (void)take_enhanced_code(text, code);
  reply_.add_line(text);
  return last;
}

}  // namespace ringpost::smtp
