// message := u8(2) id(16) varint(lane) varint(generation) envelope facts string(prefix) varint(count) extent*
// extent  := varint(log) varint(segment) varint(offset) varint(octets)
//            u8(1), of earlier versions: the same without a generation
// record  := u8(1) message varint(count) state*
// state   := u8(phase; plus 4 where the sender heard of the delay, since schema 2; plus 8 where an operator rerouted
//            it, since schema 4) varint(attempts)
//            fixed64(due, milliseconds) string(destination) varint(code) varint(class) varint(subject) varint(detail)
//            string(diagnostic) string(remote)
// outcome := u8(2) id(16) varint(count) item*
// item    := status fixed64(due) string(destination) u8(the sender heard of the delay; not in version 1)
#include "queue/message_record.h"

#include <limits>

#include "mail/codec.h"
#include "queue/record.h"

namespace ringpost::queue {

namespace {

using mail::Decoder;
using mail::Encoder;

constexpr std::uint8_t message_version = 2;
constexpr std::uint8_t message_version_without_generation = 1;
constexpr std::uint8_t record_version = 1;
constexpr std::uint8_t outcome_version = 2;

constexpr unsigned delay_told_bit = 4;
constexpr unsigned rerouted_bit = 8;

constexpr std::size_t prefix_octets_max = 1 << 20;
// Counts above what the octets could hold are refused before memory is reserved for them.
constexpr std::size_t extent_octets_least = 4;
constexpr std::size_t state_octets_least = 17;
constexpr std::size_t item_octets_least = 18;

void expect_version(Decoder& in, std::uint8_t version) noexcept {
  if (in.u8() != version) in.fail();
}

template <class Narrow>
Narrow narrow(Decoder& in) noexcept {
  return static_cast<Narrow>(in.varint_at_most(std::numeric_limits<Narrow>::max()));
}

std::size_t count_of(Decoder& in, std::size_t octets_least) noexcept {
  const std::uint64_t count = in.varint();
  if (count <= in.rest().size() / octets_least) return count;
  in.fail();
  return 0;
}

void encode(Encoder& out, const MessageId& id) {
  const auto octets = id.octets();
  out.octets({octets.data(), octets.size()});
}

MessageId decode_id(Decoder& in) noexcept {
  const std::string_view octets = in.octets(16);
  return octets.empty() ? MessageId{} : MessageId::from_octets(octets);
}

void encode(Encoder& out, WallTime time) {
  out.fixed64(static_cast<std::uint64_t>(time.milliseconds));
}
WallTime decode_time(Decoder& in) noexcept {
  return {static_cast<std::int64_t>(in.fixed64())};
}

void encode(Encoder& out, const Message& message) {
  out.u8(message_version);
  encode(out, message.id);
  out.varint(message.lane);
  out.varint(message.generation);
  mail::encode(out, message.envelope);
  mail::encode(out, message.facts);
  out.string(message.prefix);
  out.varint(message.body.size());
  for (const Extent& extent : message.body) {
    out.varint(extent.log);
    out.varint(extent.segment);
    out.varint(extent.offset);
    out.varint(extent.octets);
  }
}

void decode(Decoder& in, Message& message) {
  const std::uint8_t version = in.u8();
  if (version != message_version && version != message_version_without_generation) in.fail();
  message.id = decode_id(in);
  message.lane = narrow<std::uint16_t>(in);
  if (version == message_version) message.generation = in.varint();
  mail::decode(in, message.envelope);
  mail::decode(in, message.facts);
  message.prefix = in.string(prefix_octets_max);
  message.body.resize(count_of(in, extent_octets_least));
  std::uint64_t octets = 0;
  for (Extent& extent : message.body) {
    extent.log = narrow<std::uint16_t>(in);
    extent.segment = in.varint();
    extent.offset = narrow<std::uint32_t>(in);
    extent.octets = narrow<std::uint32_t>(in);
    octets += extent.octets;
  }
  if (octets != message.facts.octets) in.fail();
}

void encode(Encoder& out, const RecipientState& state) {
  out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(state.phase) | (state.delay_told ? delay_told_bit : 0u) |
                                   (state.rerouted ? rerouted_bit : 0u)));
  out.varint(state.attempts);
  encode(out, state.due);
  out.string(state.destination);
  out.varint(state.last_status.code);
  out.varint(state.last_status.enhanced.klass);
  out.varint(state.last_status.enhanced.subject);
  out.varint(state.last_status.enhanced.detail);
  out.string(state.last_diagnostic);
  out.string(state.last_remote);
}

void decode(Decoder& in, RecipientState& state) {
  const unsigned octet = in.u8();
  const unsigned phase = octet & ~(delay_told_bit | rerouted_bit);
  if (phase > static_cast<unsigned>(RecipientPhase::failed)) in.fail();
  state.phase = static_cast<RecipientPhase>(phase);
  state.delay_told = (octet & delay_told_bit) != 0;
  state.rerouted = (octet & rerouted_bit) != 0;
  state.attempts = narrow<std::uint32_t>(in);
  state.due = decode_time(in);
  state.destination = in.string();
  state.last_status.code = narrow<std::uint16_t>(in);
  state.last_status.enhanced.klass = narrow<std::uint8_t>(in);
  state.last_status.enhanced.subject = narrow<std::uint16_t>(in);
  state.last_status.enhanced.detail = narrow<std::uint16_t>(in);
  state.last_diagnostic = in.string();
  state.last_remote = in.string();
}

// Enough for the usual message, so that encoding allocates once.
std::size_t expected_octets(const Message& message) noexcept {
  return 256 + message.prefix.size() + message.envelope.recipients.size() * 64 + message.body.size() * 16;
}

template <class Value>
Result<Value> finish(const Decoder& in, Value&& value, std::string_view what) {
  auto finished = in.finish(what);
  if (!finished) return propagate(finished);
  return std::forward<Value>(value);
}

}  // namespace

void resolve_body(Message& message, std::uint16_t log, LogPosition accept_begin) noexcept {
  for (Extent& extent : message.body) {
    if (extent.segment != 0) continue;
    const std::uint64_t chunk = record_octets(extent.octets);
    if (accept_begin.offset < segment_header_octets + chunk) continue;
    const auto chunk_begin = static_cast<std::uint32_t>(accept_begin.offset - chunk);
    extent = {log, accept_begin.segment, chunk_begin + record_header_octets, extent.octets};
  }
}

std::string encode_message(const Message& message) {
  std::string octets;
  octets.reserve(expected_octets(message));
  Encoder out(octets);
  encode(out, message);
  return octets;
}

Result<Message> decode_message(std::string_view octets) {
  Decoder in(octets);
  Message message;
  decode(in, message);
  return finish(in, std::move(message), "message");
}

std::string encode_record(const MessageRecord& record) {
  std::string octets;
  octets.reserve(expected_octets(record.message) + record.recipients.size() * 64);
  Encoder out(octets);
  out.u8(record_version);
  encode(out, record.message);
  out.varint(record.recipients.size());
  for (const RecipientState& state : record.recipients) encode(out, state);
  return octets;
}

Result<MessageRecord> decode_record(std::string_view octets) {
  Decoder in(octets);
  expect_version(in, record_version);
  MessageRecord record;
  decode(in, record.message);
  record.recipients.resize(count_of(in, state_octets_least));
  for (RecipientState& state : record.recipients) decode(in, state);
  if (record.recipients.size() != record.message.envelope.recipients.size()) in.fail();
  return finish(in, std::move(record), "message record");
}

std::string encode_outcome(const Outcome& outcome) {
  std::string octets;
  octets.reserve(64 + outcome.items.size() * 160);
  Encoder out(octets);
  out.u8(outcome_version);
  encode(out, outcome.message);
  out.varint(outcome.items.size());
  for (const Outcome::Item& item : outcome.items) {
    mail::encode(out, item.status);
    encode(out, item.due);
    out.string(item.destination);
    out.u8(item.delay_told ? 1 : 0);
  }
  return octets;
}

Result<Outcome> decode_outcome(std::string_view octets) {
  Decoder in(octets);
  const std::uint8_t version = in.u8();
  if (version != 1 && version != outcome_version) in.fail();
  Outcome outcome;
  outcome.message = decode_id(in);
  outcome.items.resize(count_of(in, item_octets_least));
  for (Outcome::Item& item : outcome.items) {
    mail::decode(in, item.status);
    item.due = decode_time(in);
    item.destination = in.string();
    if (version == 1) continue;
    const std::uint8_t told = in.u8();
    if (told > 1) in.fail();
    item.delay_told = told == 1;
  }
  return finish(in, std::move(outcome), "outcome");
}

}  // namespace ringpost::queue
