#include "smtp/wishes.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::smtp {
namespace {

using Mode = mail::DeliverBy::Mode;

constexpr std::size_t seconds_digits_max = 9;

std::optional<std::uint64_t> parse_seconds(std::string_view digits) noexcept {
  if (digits.size() > seconds_digits_max) return std::nullopt;
  return parse_unsigned(digits);
}

}  // namespace

std::optional<std::int8_t> parse_priority(std::string_view value) noexcept {
  const bool below = value.starts_with('-');
  if (below) value.remove_prefix(1);
  const bool digit = value.size() == 1 && is_digit(value.front());
  if (!digit || (below && value.front() == '0')) return std::nullopt;
  const int number = value.front() - '0';
  return static_cast<std::int8_t>(below ? -number : number);
}

std::optional<std::uint32_t> parse_hold_for(std::string_view value) noexcept {
  const auto seconds = parse_seconds(value);
  if (!seconds || value.front() == '0') return std::nullopt;
  return static_cast<std::uint32_t>(*seconds);
}

std::optional<WallTime> parse_hold_until(std::string_view value) noexcept {
  return parse_rfc3339(value);
}

std::optional<ByTime> parse_by(std::string_view value) noexcept {
  const std::size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  std::string_view time = value.substr(0, semicolon), mode = value.substr(semicolon + 1);
  ByTime by;
  const bool ago = time.starts_with('-');
  if (ago || time.starts_with('+')) time.remove_prefix(1);
  const auto seconds = parse_seconds(time);
  if (!seconds || mode.empty() || mode.size() > 2) return std::nullopt;
  by.seconds = static_cast<std::int64_t>(*seconds) * (ago ? -1 : 1);
  by.mode = ascii_upper(mode.front()) == 'R'   ? Mode::give_back
            : ascii_upper(mode.front()) == 'N' ? Mode::notify
                                               : Mode::none;
  by.trace = mode.size() == 2;
  if (by.mode == Mode::none || (by.trace && ascii_upper(mode.back()) != 'T')) return std::nullopt;
  if (by.mode == Mode::give_back && by.seconds <= 0) return std::nullopt;  // RFC 2852 4
  return by;
}

std::string to_string(const ByTime& by) {
  return std::to_string(by.seconds) + (by.mode == Mode::give_back ? ";R" : ";N") + (by.trace ? "T" : "");
}

ByTime time_left(const mail::DeliverBy& wanted, WallTime now) noexcept {
  const std::int64_t left = (wanted.deadline.milliseconds - now.milliseconds) / 1000;
  return {std::clamp(left, -ByTime::seconds_max, ByTime::seconds_max), wanted.mode, wanted.trace};
}

}  // namespace ringpost::smtp
