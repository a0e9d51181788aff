// What a sender wants of priority and time, as the parameters of MAIL write it: MT-PRIORITY=, HOLDFOR=, HOLDUNTIL= and
// BY=. Octets in, values out; what they mean for us is decided by the session, which has a clock.
//
// Standards: RFC 6710 (MT-PRIORITY), RFC 4865 (HOLDFOR, HOLDUNTIL), RFC 2852 4 (BY).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "mail/envelope.h"

namespace ringpost::smtp {

/// BY=: so many seconds from now, or ago.
struct ByTime {
  static constexpr std::int64_t seconds_max = 999'999'999;
  std::int64_t seconds = 0;
  mail::DeliverBy::Mode mode = mail::DeliverBy::Mode::none;
  bool trace = false;
  bool operator==(const ByTime&) const = default;
};

// nullopt: not a possible value.
/// -9 to 9, without a plus.
std::optional<std::int8_t> parse_priority(std::string_view value) noexcept;
/// 1 to 999,999,999 seconds.
std::optional<std::uint32_t> parse_hold_for(std::string_view value) noexcept;
std::optional<WallTime> parse_hold_until(std::string_view value) noexcept;
/// "120;R", "-30;NT": what is to be given back has time left.
std::optional<ByTime> parse_by(std::string_view value) noexcept;
std::string to_string(const ByTime& by);

/// What is left at `now` of what the envelope asks.
ByTime time_left(const mail::DeliverBy& wanted, WallTime now) noexcept;

}  // namespace ringpost::smtp
