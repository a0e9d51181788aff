#include "base/clock.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ctime>

namespace ringpost {

WallTime WallTime::now() noexcept {
  timespec ts{};
  ::clock_gettime(CLOCK_REALTIME, &ts);
  return {static_cast<std::int64_t>(ts.tv_sec) * 1000 + ts.tv_nsec / 1'000'000};
}

namespace {

std::tm broken_down(WallTime time) noexcept {
  // Floor, so that times before 1970 keep a valid millisecond part.
  std::int64_t seconds = time.milliseconds / 1000;
  if (time.milliseconds % 1000 < 0) --seconds;
  const auto t = static_cast<std::time_t>(seconds);
  std::tm tm{};
  ::gmtime_r(&t, &tm);
  return tm;
}

}  // namespace

std::string rfc5322_date(WallTime time) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm tm = broken_down(time);
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000", days[static_cast<std::size_t>(tm.tm_wday)], tm.tm_mday,
                     months[static_cast<std::size_t>(tm.tm_mon)], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

std::string rfc3339(WallTime time) {
  const std::tm tm = broken_down(time);
  const auto fraction = ((time.milliseconds % 1000) + 1000) % 1000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
}

namespace {

/// Takes `digits` digits from the front; -1: they are not there.
int take_number(std::string_view& text, std::size_t digits) noexcept {
  if (text.size() < digits) return -1;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take_char(std::string_view& text, std::string_view any_of) noexcept {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// "", ".5", ".123456"; what is below a millisecond is cut off. -1: a dot without digits.
int take_milliseconds(std::string_view& text) noexcept {
  if (!take_char(text, ".")) return 0;
  int value = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits, text.remove_prefix(1))
    if (digits < 3) value = value * 10 + (text.front() - '0');
  if (digits == 0) return -1;
  for (; digits < 3; ++digits) value *= 10;
  return value;
}

/// "Z" or "+hh:mm" to the end of the text, in minutes east of UTC.
std::optional<int> take_offset(std::string_view text) noexcept {
  if (text == "Z" || text == "z") return 0;
  const bool west = text.starts_with('-');
  if (!take_char(text, "+-")) return std::nullopt;
  const int hours = take_number(text, 2);
  const bool colon = take_char(text, ":");
  const int minutes = take_number(text, 2);
  if (!colon || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  return (hours * 60 + minutes) * (west ? -1 : 1);
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept {
  const int year = take_number(text, 4);
  bool fine = take_char(text, "-");
  const int month = take_number(text, 2);
  fine = take_char(text, "-") && fine;
  const int day = take_number(text, 2);
  fine = take_char(text, "Tt") && fine;
  const int hour = take_number(text, 2);
  fine = take_char(text, ":") && fine;
  const int minute = take_number(text, 2);
  fine = take_char(text, ":") && fine;
  const int second = take_number(text, 2);
  const int milliseconds = take_milliseconds(text);
  const auto offset = take_offset(text);
  if (!fine || !offset || year < 1970 || month < 1 || day < 1 || milliseconds < 0) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = ((days * 24 + hour) * 60 + minute - *offset) * 60 + second;
  if (seconds < 0) return std::nullopt;
  return WallTime{seconds * 1000 + milliseconds};
}

}  // namespace ringpost
