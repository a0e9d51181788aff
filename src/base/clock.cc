#include "base/clock.h"

#include <fmt/format.h>

#include <array>
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

}  // namespace ringpost
