// address  := string(local) string(domain)
// recipient:= address u8(notify; plus 16 where the sender heard of the delay, since schema 3)
//             string(original recipient)
// envelope := u8(2) address(reverse-path) varint(count) recipient*
//             u8(flags: 0-1 body, 2 smtputf8, 3-4 ret, 5 trusted; since schema 2)
//             string(envelope id) origin fixed64(received, milliseconds) wishes
//             u8(1), before schema 4: the same without wishes
// wishes   := u8(0-1 TLS, 2-3 mode of deliver-by, 4 its trace) u8(priority + 9) varint(not before, milliseconds)
//             varint(deliver-by deadline, milliseconds)
// origin   := string(client address) string(helo) string(login) string(protocol) string(listener)
// facts    := u8(1) varint(octets) varint(header octets) varint(longest line) varint(Received fields) varint(flags)
// status   := u8(1) varint(recipient) u8(action) varint(code) varint(class) varint(subject) varint(detail)
//             string(diagnostic) string(remote)
#include "mail/codec.h"

#include <limits>

namespace ringpost::mail {
namespace {

constexpr std::uint8_t envelope_version = 2;
constexpr std::uint8_t envelope_version_without_wishes = 1;
constexpr std::uint8_t body_facts_version = 1;
constexpr std::uint8_t delivery_status_version = 1;

constexpr std::size_t recipients_max = 1'000'000;  // far above any limit of the server
constexpr std::size_t recipient_octets_least = 4;  // two empty strings, notify, an empty string
constexpr std::uint8_t delay_told_bit = 16;
constexpr std::uint8_t notify_bits_all = Notify::never | Notify::success | Notify::failure | Notify::delay;

void expect_version(Decoder& in, std::uint8_t version) noexcept {
  if (in.u8() != version) in.fail();
}

template <class Narrow>
Narrow narrow(Decoder& in) noexcept {
  return static_cast<Narrow>(in.varint_at_most(std::numeric_limits<Narrow>::max()));
}

void encode(Encoder& out, const Origin& origin) {
  out.string(origin.client_address);
  out.string(origin.helo);
  out.string(origin.login);
  out.string(origin.protocol);
  out.string(origin.listener);
}

void decode(Decoder& in, Origin& origin) {
  origin.client_address = in.string();
  origin.helo = in.string();
  origin.login = in.string();
  origin.protocol = in.string();
  origin.listener = in.string();
}

void encode_time(Encoder& out, WallTime time) {
  out.varint(static_cast<std::uint64_t>(time.milliseconds));
}
WallTime decode_time(Decoder& in) noexcept {
  return {static_cast<std::int64_t>(in.varint_at_most(std::numeric_limits<std::int64_t>::max()))};
}

void encode_wishes(Encoder& out, const Envelope& envelope) {
  const DeliverBy& by = envelope.deliver_by;
  out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(envelope.tls) | static_cast<unsigned>(by.mode) << 2 |
                                   (by.trace ? 1u << 4 : 0u)));
  out.u8(static_cast<std::uint8_t>(envelope.priority - Priority::lowest));
  encode_time(out, envelope.not_before);
  encode_time(out, by.deadline);
}

void decode_wishes(Decoder& in, Envelope& envelope) {
  const unsigned bits = in.u8();
  const unsigned tls = bits & 3, mode = bits >> 2 & 3;
  const int priority = in.u8() + Priority::lowest;
  if (bits >> 5 != 0 || tls > static_cast<unsigned>(TlsWish::optional) ||
      mode > static_cast<unsigned>(DeliverBy::Mode::give_back) || priority > Priority::highest) {
    in.fail();
    return;
  }
  envelope.tls = static_cast<TlsWish>(tls);
  envelope.deliver_by.mode = static_cast<DeliverBy::Mode>(mode);
  envelope.deliver_by.trace = (bits >> 4 & 1) != 0;
  envelope.priority = static_cast<std::int8_t>(priority);
  envelope.not_before = decode_time(in);
  envelope.deliver_by.deadline = decode_time(in);
}

template <class Value>
void encode_alone(std::string& out, const Value& value) {
  Encoder encoder(out);
  encode(encoder, value);
}

template <class Value>
Result<Value> decode_alone(std::string_view& in, const char* what) {
  Decoder decoder(in);
  Value value;
  decode(decoder, value);
  if (!decoder.ok()) return fail(ErrorKind::corrupt, what);
  in = decoder.rest();
  return value;
}

}  // namespace

void encode(Encoder& out, const Address& address) {
  out.string(address.local);
  out.string(address.domain);
}

void decode(Decoder& in, Address& address) {
  address.local = in.string();
  address.domain = in.string();
}

void encode(Encoder& out, const Recipient& recipient) {
  encode(out, recipient.address);
  out.u8(static_cast<std::uint8_t>(recipient.notify.bits | (recipient.delay_told ? delay_told_bit : 0)));
  out.string(recipient.original_recipient);
}

void decode(Decoder& in, Recipient& recipient) {
  decode(in, recipient.address);
  const unsigned octet = in.u8();
  recipient.delay_told = (octet & delay_told_bit) != 0;
  recipient.notify.bits = static_cast<std::uint8_t>(octet & ~unsigned{delay_told_bit});
  if ((recipient.notify.bits & ~notify_bits_all) != 0) in.fail();
  recipient.original_recipient = in.string();
}

void encode(Encoder& out, const Envelope& envelope) {
  out.u8(envelope_version);
  encode(out, envelope.reverse_path);
  out.varint(envelope.recipients.size());
  for (const Recipient& recipient : envelope.recipients) encode(out, recipient);
  const unsigned flags = static_cast<unsigned>(envelope.body) | (envelope.smtputf8 ? 1u << 2 : 0u) |
                         static_cast<unsigned>(envelope.ret) << 3 | (envelope.origin.trusted ? 1u << 5 : 0u);
  out.u8(static_cast<std::uint8_t>(flags));
  out.string(envelope.envelope_id);
  encode(out, envelope.origin);
  out.fixed64(static_cast<std::uint64_t>(envelope.received.milliseconds));
  encode_wishes(out, envelope);
}

void decode(Decoder& in, Envelope& envelope) {
  const std::uint8_t version = in.u8();
  if (version != envelope_version && version != envelope_version_without_wishes) in.fail();
  decode(in, envelope.reverse_path);
  const std::size_t count = in.varint_at_most(recipients_max);
  // A count that the octets cannot hold would only make us reserve memory for nothing.
  if (count > in.rest().size() / recipient_octets_least) in.fail();
  envelope.recipients.clear();
  if (in.ok()) envelope.recipients.resize(count);
  for (Recipient& recipient : envelope.recipients) decode(in, recipient);
  const unsigned flags = in.u8();
  const unsigned body = flags & 3, ret = flags >> 3 & 3;
  if (body > static_cast<unsigned>(BodyType::binary) || ret > static_cast<unsigned>(DsnReturn::headers)) in.fail();
  if (flags >> 6 != 0) in.fail();
  envelope.body = static_cast<BodyType>(body);
  envelope.smtputf8 = (flags >> 2 & 1) != 0;
  envelope.ret = static_cast<DsnReturn>(ret);
  envelope.envelope_id = in.string();
  decode(in, envelope.origin);
  envelope.origin.trusted = (flags >> 5 & 1) != 0;
  envelope.received.milliseconds = static_cast<std::int64_t>(in.fixed64());
  if (version == envelope_version) decode_wishes(in, envelope);
}

void encode(Encoder& out, const BodyFacts& facts) {
  out.u8(body_facts_version);
  out.varint(facts.octets);
  out.varint(facts.header_octets);
  out.varint(facts.line_octets_max);
  out.varint(facts.received_fields);
  const bool flags[] = {facts.eight_bit,     facts.nul,      facts.dot_at_line_start, facts.ends_with_crlf,
                        facts.bare_cr_or_lf, facts.has_date, facts.has_message_id,    facts.has_from};
  unsigned bits = 0;
  for (unsigned i = 0; i < std::size(flags); ++i) bits |= flags[i] ? 1u << i : 0u;
  out.varint(bits);
}

void decode(Decoder& in, BodyFacts& facts) {
  expect_version(in, body_facts_version);
  facts.octets = in.varint();
  facts.header_octets = in.varint_at_most(facts.octets);
  facts.line_octets_max = narrow<std::uint32_t>(in);
  facts.received_fields = narrow<std::uint32_t>(in);
  const std::uint64_t bits = in.varint_at_most(0xff);
  bool* const flags[] = {&facts.eight_bit,     &facts.nul,      &facts.dot_at_line_start, &facts.ends_with_crlf,
                         &facts.bare_cr_or_lf, &facts.has_date, &facts.has_message_id,    &facts.has_from};
  for (unsigned i = 0; i < std::size(flags); ++i) *flags[i] = (bits >> i & 1) != 0;
}

void encode(Encoder& out, const DeliveryStatus& status) {
  out.u8(delivery_status_version);
  out.varint(status.recipient);
  out.u8(static_cast<std::uint8_t>(status.action));
  out.varint(status.status.code);
  out.varint(status.status.enhanced.klass);
  out.varint(status.status.enhanced.subject);
  out.varint(status.status.enhanced.detail);
  out.string(status.diagnostic);
  out.string(status.remote);
}

void decode(Decoder& in, DeliveryStatus& status) {
  expect_version(in, delivery_status_version);
  status.recipient = narrow<std::uint32_t>(in);
  const std::uint8_t action = in.u8();
  if (action > static_cast<std::uint8_t>(Action::failed)) in.fail();
  status.action = static_cast<Action>(action);
  status.status.code = narrow<std::uint16_t>(in);
  status.status.enhanced.klass = narrow<std::uint8_t>(in);
  status.status.enhanced.subject = narrow<std::uint16_t>(in);
  status.status.enhanced.detail = narrow<std::uint16_t>(in);
  status.diagnostic = in.string();
  status.remote = in.string();
}

void encode(std::string& out, const Envelope& envelope) {
  encode_alone(out, envelope);
}
void encode(std::string& out, const BodyFacts& facts) {
  encode_alone(out, facts);
}
void encode(std::string& out, const DeliveryStatus& status) {
  encode_alone(out, status);
}

Result<Envelope> decode_envelope(std::string_view& in) {
  return decode_alone<Envelope>(in, "envelope is damaged");
}
Result<BodyFacts> decode_body_facts(std::string_view& in) {
  return decode_alone<BodyFacts>(in, "facts about the body are damaged");
}
Result<DeliveryStatus> decode_delivery_status(std::string_view& in) {
  return decode_alone<DeliveryStatus>(in, "delivery status is damaged");
}

}  // namespace ringpost::mail
