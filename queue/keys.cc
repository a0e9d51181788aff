#include "queue/keys.h"

#include <algorithm>

#include "mail/octet_coder.h"

namespace ringpost::queue {
namespace {

constexpr std::string_view watermark_name = "watermark/";

template <class Integer>
void put(std::string& out, Integer value) {
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff));
}

template <class Integer>
Integer get(std::string_view octets) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) value = value << 8 | static_cast<unsigned char>(octets[i]);
  return static_cast<Integer>(value);
}

void put(std::string& out, const MessageId& id) {
  const auto octets = id.octets();
  out.append(octets.data(), octets.size());
}

constexpr int class_shift = 56;  // the year 2,285,000 needs no more below it
constexpr std::int64_t due_max = (std::int64_t{1} << class_shift) - 1;

std::uint64_t due_octets(WallTime due, PriorityClass priority) noexcept {
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(due.milliseconds, 0, due_max)) |
         static_cast<std::uint64_t>(priority) << class_shift;
}

}  // namespace

std::string message_key(const MessageId& id) {
  std::string key;
  put(key, id);
  return key;
}

std::string lane_begin(std::uint16_t lane) {
  std::string key;
  put(key, lane);
  return key;
}

std::string destination_begin(std::uint16_t lane, std::string_view destination) {
  std::string key;
  key.reserve(2 + destination.size() + 1 + 24);
  put(key, lane);
  key.append(destination);
  key.push_back('\0');
  return key;
}

std::string destination_end(std::uint16_t lane, std::string_view destination) {
  std::string key = destination_begin(lane, destination);
  key.back() = '\x01';
  return key;
}

std::string class_end(std::uint16_t lane, std::string_view destination, PriorityClass priority) {
  std::string key = destination_begin(lane, destination);
  key.push_back(static_cast<char>(static_cast<std::uint8_t>(priority) + 1));
  return key;
}

std::string due_key(std::uint16_t lane, std::string_view destination, const DuePosition& position,
                    PriorityClass priority) {
  std::string key = destination_begin(lane, destination);
  put(key, due_octets(position.due, priority));
  put(key, position.id);
  return key;
}

std::string segment_key(SegmentKey key) {
  std::string octets;
  put(octets, key.log);
  put(octets, key.sequence);
  return octets;
}

std::string watermark_key(std::uint16_t log) {
  std::string key(watermark_name);
  put(key, log);
  return key;
}

std::string mark_key(std::uint64_t id) {
  std::string key(mark_prefix);
  put(key, id);
  return key;
}

std::optional<MessageId> parse_message_key(std::string_view key) noexcept {
  if (key.size() != 16) return std::nullopt;
  return MessageId::from_octets(key);
}

std::optional<DueKey> parse_due_key(std::string_view key) {
  constexpr std::size_t tail = 1 + 8 + 16;
  if (key.size() < 2 + tail) return std::nullopt;
  const std::size_t destination_octets = key.size() - 2 - tail;
  if (key[2 + destination_octets] != '\0') return std::nullopt;
  DueKey parsed;
  parsed.lane = get<std::uint16_t>(key);
  parsed.destination = key.substr(2, destination_octets);
  const std::string_view position = key.substr(2 + destination_octets + 1);
  const auto due = get<std::int64_t>(position);
  if (due >> class_shift < 0 || due >> class_shift >= static_cast<std::int64_t>(priority_classes)) return std::nullopt;
  parsed.priority = static_cast<PriorityClass>(due >> class_shift);
  parsed.position.due.milliseconds = due & due_max;
  parsed.position.id = MessageId::from_octets(position.substr(8));
  return parsed;
}

std::optional<SegmentKey> parse_segment_key(std::string_view key) noexcept {
  if (key.size() != 10) return std::nullopt;
  return SegmentKey{get<std::uint16_t>(key), get<std::uint64_t>(key.substr(2))};
}

std::optional<std::uint16_t> parse_watermark_key(std::string_view key) noexcept {
  if (key.size() != watermark_name.size() + 2 || !key.starts_with(watermark_name)) return std::nullopt;
  return get<std::uint16_t>(key.substr(watermark_name.size()));
}

std::string encode_position(LogPosition position) {
  std::string value;
  put(value, position.segment);
  put(value, position.offset);
  return value;
}

std::optional<LogPosition> parse_position(std::string_view value) noexcept {
  if (value.size() != 12) return std::nullopt;
  return LogPosition{get<std::uint64_t>(value), get<std::uint32_t>(value.substr(8))};
}

std::string encode_count(std::int64_t count) {
  std::string value;
  put(value, count);
  return value;
}

std::optional<std::int64_t> parse_count(std::string_view value) noexcept {
  if (value.size() != 8) return std::nullopt;
  return get<std::int64_t>(value);
}

std::string encode_due(const DueValue& due) {
  std::string value;
  mail::Encoder out(value);
  out.varint(due.deferred ? 1 : 0);
  for (const std::uint32_t recipient : due.recipients) out.varint(recipient);
  return value;
}

std::optional<DueValue> parse_due(std::string_view value) {
  DueValue due;
  mail::Decoder in(value);
  due.deferred = in.boolean();
  while (in.ok() && !in.rest().empty())
    due.recipients.push_back(static_cast<std::uint32_t>(in.varint_at_most(UINT32_MAX)));
  if (!in.ok()) return std::nullopt;
  return due;
}

}  // namespace ringpost::queue
