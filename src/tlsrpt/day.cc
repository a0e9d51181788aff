#include "tlsrpt/day.h"

#include <chrono>

#include "base/text.h"

namespace ringpost::tlsrpt {

namespace {

constexpr std::int64_t milliseconds_of_day = 24LL * 60 * 60 * 1000;

}  // namespace

Day Day::of(WallTime time) noexcept {
  const std::int64_t rest = time.milliseconds % milliseconds_of_day;
  return {time.milliseconds / milliseconds_of_day - (rest < 0 ? 1 : 0)};
}

std::optional<Day> Day::parse(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_unsigned(text.substr(0, 4)), month = parse_unsigned(text.substr(5, 2)),
             day = parse_unsigned(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Day{std::chrono::sys_days(date).time_since_epoch().count()};
}

std::string Day::text() const {
  return rfc3339(begin()).substr(0, 10);
}

WallTime Day::begin() const noexcept {
  return {number * milliseconds_of_day};
}

}  // namespace ringpost::tlsrpt
