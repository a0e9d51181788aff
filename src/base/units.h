// Durations, sizes and rates as an operator writes them: "30s", "5m", "1h30m", "5d"; "64KiB", "50MiB", "1GiB", "512";
// "1000/min", "5/s", "20000/h".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ringpost {

/// So many in such a time. A count of 0: no limit.
struct Rate {
  std::uint32_t count = 0;
  Duration per = std::chrono::seconds(1);
  bool limits() const noexcept { return count != 0; }
  bool operator==(const Rate&) const = default;
};

/// One or more numbers with ms, s, m, h or d, largest first; no blanks; nullopt on anything else or past 100 years.
std::optional<Duration> parse_duration(std::string_view text) noexcept;
/// Octets: a number with B, KiB, MiB, GiB, TiB (or K, M, G, T, powers of 1024) or none.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;
/// A number from 1 to 10,000,000 and /s, /min, /h or /d; empty: no limit.
std::optional<Rate> parse_rate(std::string_view text) noexcept;

/// The shortest exact form that parse_duration reads back ("1h30m", "500ms", "0s"); below a millisecond is cut.
std::string format_duration(Duration duration);
/// Exact: "50MiB", "1000" where no power of 1024 divides it.
std::string format_size(std::uint64_t octets);
/// "1000/min"; "" without a limit.
std::string format_rate(const Rate& rate);

}  // namespace ringpost
