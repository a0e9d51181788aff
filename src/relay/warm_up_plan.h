// How many messages a source address may send to one site on which day, while it is warmed up: receivers distrust much
// mail from an address they have never heard of, so a new one begins with little and sends more from day to day. Days
// are those of UTC. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ringpost::relay {

/// Days since 1970 began.
std::int64_t day_of(WallTime time) noexcept;
/// When the day after `time`'s begins.
WallTime next_day(WallTime time) noexcept;
/// YYYY-MM-DD. Errors: invalid.
Result<std::int64_t> parse_day(std::string_view text);
std::string day_text(std::int64_t day);

struct WarmUpPlan {
  std::int64_t first_day = 0;
  std::vector<std::uint32_t> steps;  // messages to each site on the first day, the second, ...; not empty

  /// nullopt: it is warm, there is no limit. 0 before the first day.
  std::optional<std::uint32_t> allowed(std::int64_t day) const noexcept;
};

}  // namespace ringpost::relay
