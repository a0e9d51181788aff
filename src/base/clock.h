// Two clocks that must not be mixed. Monotonic time measures waits and deadlines; wall time goes into headers, records
// and logs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost {

using Duration = std::chrono::nanoseconds;
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// Milliseconds since 1970-01-01T00:00:00Z.
struct WallTime {
  std::int64_t milliseconds = 0;

  static WallTime now() noexcept;
  auto operator<=>(const WallTime&) const = default;
  WallTime operator+(Duration d) const noexcept {
    return {milliseconds + std::chrono::duration_cast<std::chrono::milliseconds>(d).count()};
  }
  Duration operator-(WallTime other) const noexcept {
    return std::chrono::milliseconds(milliseconds - other.milliseconds);
  }
};

inline MonotonicTime monotonic_now() noexcept {
  return std::chrono::steady_clock::now();
}

/// RFC 5322 3.3 date-time in UTC: "Mon, 23 Nov 2026 22:01:00 +0000".
std::string rfc5322_date(WallTime time);
/// RFC 3339 with milliseconds: "2026-11-23T22:01:00.123Z".
std::string rfc3339(WallTime time);
/// RFC 3339 5.6 date-time, of the years 1970 to 9999: "2026-11-23T22:01:00Z", with a fraction or an offset; a leap
/// second is the second behind it. nullopt: not one.
std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept;

}  // namespace ringpost
