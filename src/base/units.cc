#include "base/units.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace ringpost {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array duration_units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                                    Unit{"ms", 1}};
constexpr std::int64_t duration_max_ms = 100LL * 365 * 86'400'000;

struct SizeUnit {
  std::string_view name;
  std::string_view brief;
  unsigned shift;
};
constexpr std::array size_units{SizeUnit{"TiB", "T", 40}, SizeUnit{"GiB", "G", 30}, SizeUnit{"MiB", "M", 20},
                                SizeUnit{"KiB", "K", 10}, SizeUnit{"B", "B", 0}};

std::size_t digits_of(std::string_view text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const auto digits = digits_of(text);
    const auto number = parse_unsigned(text.substr(0, digits));
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && is_alpha(text[letters])) ++letters;
    const auto name = text.substr(0, letters);
    text.remove_prefix(letters);
    while (next_unit < duration_units.size() && duration_units[next_unit].name != name) ++next_unit;
    if (!number || next_unit == duration_units.size()) return std::nullopt;
    const auto unit = duration_units[next_unit++].milliseconds;
    if (*number > static_cast<std::uint64_t>((duration_max_ms - total) / unit)) return std::nullopt;
    total += static_cast<std::int64_t>(*number) * unit;
  }
  return std::chrono::milliseconds(total);
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  const auto digits = digits_of(text);
  const auto number = parse_unsigned(text.substr(0, digits));
  if (!number) return std::nullopt;
  const auto name = text.substr(digits);
  if (name.empty()) return number;
  for (const auto& unit : size_units) {
    if (name != unit.name && name != unit.brief) continue;
    if (*number > (UINT64_MAX >> 1 >> unit.shift)) return std::nullopt;
    return *number << unit.shift;
  }
  return std::nullopt;
}

std::string format_duration(Duration duration) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  std::string out;
  for (const auto& unit : duration_units) {
    if (left < unit.milliseconds) continue;
    out += std::to_string(left / unit.milliseconds);
    out += unit.name;
    left %= unit.milliseconds;
  }
  return out.empty() ? "0s" : out;
}

std::string format_size(std::uint64_t octets) {
  for (const auto& unit : size_units) {
    const auto one = std::uint64_t{1} << unit.shift;
    if (unit.shift != 0 && octets >= one && octets % one == 0) {
      return std::to_string(octets >> unit.shift) + std::string(unit.name);
    }
  }
  return std::to_string(octets);
}

namespace {

struct RateUnit {
  std::string_view name;
  Duration per;
};
constexpr std::array<RateUnit, 4> rate_units{{{"s", std::chrono::seconds(1)},
                                              {"min", std::chrono::minutes(1)},
                                              {"h", std::chrono::hours(1)},
                                              {"d", std::chrono::hours(24)}}};
constexpr std::uint32_t rate_count_max = 10'000'000;

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) noexcept {
  if (text.empty()) return Rate{};
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Rate rate;
  const auto [end, error] = std::from_chars(text.data(), text.data() + slash, rate.count);
  if (error != std::errc() || end != text.data() + slash) return std::nullopt;
  if (rate.count == 0 || rate.count > rate_count_max) return std::nullopt;
  const auto unit = std::ranges::find(rate_units, text.substr(slash + 1), &RateUnit::name);
  if (unit == rate_units.end()) return std::nullopt;
  rate.per = unit->per;
  return rate;
}

std::string format_rate(const Rate& rate) {
  if (!rate.limits()) return {};
  const auto unit = std::ranges::find(rate_units, rate.per, &RateUnit::per);
  return std::to_string(rate.count) + "/" + std::string(unit != rate_units.end() ? unit->name : "s");
}

}  // namespace ringpost
