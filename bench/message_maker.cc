#include "bench/message_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/assert.h"

namespace ringpost::bench {

namespace {

constexpr std::size_t number_digits = 16;
constexpr std::size_t date_octets = 31;  // "Mon, 23 Nov 2026 22:01:00 +0000"
constexpr std::string_view zeros = "0000000000000000";
static_assert(zeros.size() == number_digits);

// Lines of 76 letters and CRLF, none with a dot, no two the same near each other; `octets` in all.
std::string text_of(std::size_t octets) {
  constexpr std::size_t line_octets = 76;
  std::string text;
  text.reserve(octets);
  std::uint32_t state = 1;
  while (text.size() + 2 < octets) {
    const std::size_t length = std::min(line_octets, octets - text.size() - 2);
    for (std::size_t i = 0; i < length; ++i) {
      state = state * 1'664'525 + 1'013'904'223;
      const std::uint32_t letter = state >> 24;
      text += letter < 40 && i > 0 && i + 1 < length ? ' ' : static_cast<char>('a' + letter % 26);
    }
    text += "\r\n";
  }
  // What is left has no room for a letter; a line end keeps the size, and one octet cannot be a line.
  if (octets - text.size() == 2) text += "\r\n";
  if (octets - text.size() == 1 && !text.empty()) text.insert(0, 1, 'x');
  return text;
}

void put_number(std::string& octets, std::size_t at, std::uint64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  const auto length = std::min(static_cast<std::size_t>(end - digits), number_digits);
  std::fill_n(octets.begin() + static_cast<std::ptrdiff_t>(at), number_digits - length, '0');
  std::copy_n(end - length, length, octets.begin() + static_cast<std::ptrdiff_t>(at + number_digits - length));
}

}  // namespace

MessageMaker::MessageMaker(const SizeMix& sizes, const std::string& from, const std::string& helo, std::uint32_t run) {
  const auto hole = [this](std::string_view before, std::string_view content) {
    header_ += before;
    const std::size_t at = header_.size();
    header_ += content;
    return at;
  };
  const std::string run_name = fmt::format("{:08x}-", run);
  date_ = hole("Date: ", std::string(date_octets, ' '));
  header_ += "\r\nFrom: <" + from + ">\r\nTo: undisclosed-recipients:;";
  id_number_ = hole("\r\nMessage-ID: <" + run_name, zeros);
  subject_number_ = hole("@" + helo + ">\r\nSubject: load message ", zeros);
  token_number_ = hole("\r\nX-Ringpost-Token: " + run_name, zeros);
  header_ += "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
  for (std::size_t kind = 0; kind < sizes.kinds(); ++kind) {
    const auto octets = static_cast<std::size_t>(sizes.octets(kind));
    bodies_.push_back(text_of(octets > header_.size() ? octets - header_.size() : 0));
  }
}

std::string_view MessageMaker::Header::make(std::uint64_t message, WallTime now) {
  if (const std::int64_t second = now.milliseconds / 1000; second != dated_second_) {
    dated_second_ = second;
    std::string date = rfc5322_date(now);
    if (date.size() < date_octets) date.insert(4, date_octets - date.size(), ' ');  // a day of one digit
    RINGPOST_ASSERT(date.size() == date_octets);
    octets_.replace(maker_.date_, date_octets, date);
  }
  put_number(octets_, maker_.id_number_, message);
  put_number(octets_, maker_.subject_number_, message);
  put_number(octets_, maker_.token_number_, message);
  return octets_;
}

}  // namespace ringpost::bench
