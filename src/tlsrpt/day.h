// A day of the calendar, UTC: reports are of whole days. Standards: RFC 8460 4.1, RFC 3339.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ringpost::tlsrpt {

struct Day {
  std::int64_t number = 0;  // since the epoch of Unix

  static Day of(WallTime time) noexcept;
  /// Year, month and day with hyphens, as RFC 3339 writes them; nullopt: no day.
  static std::optional<Day> parse(std::string_view text) noexcept;
  /// The same back.
  std::string text() const;
  WallTime begin() const noexcept;
  WallTime end() const noexcept { return Day{number + 1}.begin(); }
  auto operator<=>(const Day&) const = default;
};

}  // namespace ringpost::tlsrpt
