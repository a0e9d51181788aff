// The keys of RocksDB, octet by octet. All integers are big-endian, so that the order of the octets is the order of the
// values; README.md, "Key layout", tells what each family is for.
//
//   message   id (16)
//   due       lane (2)  destination  NUL  class of priority (1)  due, milliseconds (7)  id (16)
//   segment   log (2)  sequence (8)
//   meta      name; "watermark/" log (2); "mark/" number (8)
//
// A destination never holds a NUL (route_key's answers are cut there), so no destination is a prefix of another's
// range. A class is a range of its own within it, so that what is urgent is found without a look at what is not.
//
// What has to be delivered by a time (RFC 2852) has an entry more, in the range of `deadlines` and due then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "queue/log_position.h"
#include "queue/priority_class.h"
#include "queue/segment_table.h"

namespace ringpost::queue {

/// A place in the key range of one destination.
struct DuePosition {
  WallTime due;
  MessageId id;
  auto operator<=>(const DuePosition&) const = default;
  /// The next position there could be.
  constexpr DuePosition after() const noexcept {
    DuePosition next = *this;
    if (++next.id.low == 0 && ++next.id.high == 0) ++next.due.milliseconds;
    return next;
  }
  static constexpr DuePosition first() noexcept { return {}; }
  static constexpr DuePosition last() noexcept { return {{INT64_MAX}, {UINT64_MAX, UINT64_MAX}}; }
};

/// No destination of mail: route_key() makes no such name.
inline constexpr std::string_view deadlines =
    "\x01"
    "deadlines";

struct DueKey {
  std::uint16_t lane = 0;
  std::string destination;
  DuePosition position;
  PriorityClass priority = PriorityClass::normal;
  auto operator<=>(const DueKey&) const = default;
};

std::string message_key(const MessageId& id);
std::string due_key(std::uint16_t lane, std::string_view destination, const DuePosition& position,
                    PriorityClass priority = PriorityClass::normal);
/// First key behind the range of the class.
std::string class_end(std::uint16_t lane, std::string_view destination, PriorityClass priority);
/// First key of the lane, of the destination's range, and first key behind the range.
std::string lane_begin(std::uint16_t lane);
std::string destination_begin(std::uint16_t lane, std::string_view destination);
std::string destination_end(std::uint16_t lane, std::string_view destination);
std::string segment_key(SegmentKey key);
std::string watermark_key(std::uint16_t log);
inline constexpr std::string_view mark_prefix = "mark/";
std::string mark_key(std::uint64_t id);

// nullopt: not a key of that family.
std::optional<MessageId> parse_message_key(std::string_view key) noexcept;
std::optional<DueKey> parse_due_key(std::string_view key);
std::optional<SegmentKey> parse_segment_key(std::string_view key) noexcept;
std::optional<std::uint16_t> parse_watermark_key(std::string_view key) noexcept;

/// What an entry of family `due` says: which recipients, and whether any was tried before.
struct DueValue {
  bool deferred = false;
  std::vector<std::uint32_t> recipients;
  bool operator==(const DueValue&) const = default;
};

/// Values: a log position (12 octets), a count (8), what is due (varints: deferred, recipient indexes).
std::string encode_position(LogPosition position);
std::optional<LogPosition> parse_position(std::string_view value) noexcept;
std::string encode_count(std::int64_t count);
std::optional<std::int64_t> parse_count(std::string_view value) noexcept;
std::string encode_due(const DueValue& due);
std::optional<DueValue> parse_due(std::string_view value);

}  // namespace ringpost::queue
