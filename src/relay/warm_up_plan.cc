#include "relay/warm_up_plan.h"

#include <fmt/format.h>

#include <chrono>

#include "base/text.h"

namespace ringpost::relay {

namespace {

constexpr std::int64_t day_milliseconds = 24 * 60 * 60 * 1000;

/// `text` as a number of exactly `digits` digits.
std::optional<unsigned> digits_of(std::string_view text, std::size_t digits) noexcept {
  if (text.size() != digits) return std::nullopt;
  const auto value = parse_unsigned(text);
  return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
}

}  // namespace

std::int64_t day_of(WallTime time) noexcept {
  const std::int64_t day = time.milliseconds / day_milliseconds;
  return time.milliseconds % day_milliseconds < 0 ? day - 1 : day;
}

WallTime next_day(WallTime time) noexcept {
  return {(day_of(time) + 1) * day_milliseconds};
}

Result<std::int64_t> parse_day(std::string_view text) {
  const auto invalid = [text] {
    return fail(ErrorKind::invalid, "'" + printable(text, 40) + "' is no date like 2026-12-01");
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return invalid();
  const auto year = digits_of(text.substr(0, 4), 4);
  const auto month = digits_of(text.substr(5, 2), 2);
  const auto day = digits_of(text.substr(8, 2), 2);
  if (!year || !month || !day || *year < 1970) return invalid();
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return invalid();
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::string day_text(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<std::uint32_t> WarmUpPlan::allowed(std::int64_t day) const noexcept {
  if (day < first_day) return 0;
  const auto step = static_cast<std::uint64_t>(day - first_day);
  return step < steps.size() ? std::optional(steps[step]) : std::nullopt;
}

}  // namespace ringpost::relay
