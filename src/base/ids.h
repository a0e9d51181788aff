// MessageId: 128 bits, 48 of wall time in milliseconds and 80 random, so that ids sort by time of acceptance. Printed
// as 26 characters of Crockford's base 32 (digits and capital letters without I, L, O, U), first character 0 to 7: an
// id is a safe file name and survives being read out over a telephone.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace ringpost {

struct MessageId {
  std::uint64_t high = 0;  // 48 bits of time, 16 random
  std::uint64_t low = 0;   // random

  static constexpr std::size_t text_octets = 26;

  static MessageId generate(WallTime now) noexcept;
  /// Accepts either case; nullopt unless exactly 26 characters of the alphabet that fit 128 bits.
  static std::optional<MessageId> parse(std::string_view text) noexcept;

  std::string text() const;
  WallTime time() const noexcept { return {static_cast<std::int64_t>(high >> 16)}; }
  bool is_null() const noexcept { return high == 0 && low == 0; }

  /// 16 octets, big-endian: the order of the octets is the order of the ids.
  std::array<char, 16> octets() const noexcept;
  static MessageId from_octets(std::string_view sixteen_octets) noexcept;

  auto operator<=>(const MessageId&) const = default;
};

}  // namespace ringpost

template <>
struct std::hash<ringpost::MessageId> {
  std::size_t operator()(const ringpost::MessageId& id) const noexcept { return id.low ^ (id.high << 1); }
};
