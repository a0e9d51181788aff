#include "mail/codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ringpost::mail {
namespace {

Envelope a_full_envelope() {
  Envelope envelope;
  envelope.reverse_path = {"a b", "example.net"};
  envelope.recipients = {{{"x", "example.com"}, {Notify::success | Notify::delay}, "rfc822;x@example.com", true},
                         {{"postmaster", ""}, {Notify::never}, ""}};
  envelope.body = BodyType::binary;
  envelope.smtputf8 = true;
  envelope.ret = DsnReturn::headers;
  envelope.envelope_id = "QQ314159";
  envelope.origin = {"2001:db8::1", "client", "login", "ESMTPSA", "submission", true};
  envelope.received = {1'795'471'260'123};
  envelope.tls = TlsWish::optional;
  envelope.priority = Priority::lowest;
  envelope.not_before = {1'795'471'360'000};
  envelope.deliver_by = {DeliverBy::Mode::give_back, true, {1'795'471'390'000}};
  return envelope;
}

BodyFacts some_facts() {
  BodyFacts facts;
  facts.octets = 5'000'000'000;
  facts.header_octets = 1234;
  facts.line_octets_max = 998;
  facts.received_fields = 7;
  facts.eight_bit = facts.dot_at_line_start = facts.has_message_id = true;
  facts.ends_with_crlf = false;
  return facts;
}

DeliveryStatus a_status() {
  return {3, Action::failed, {550, {5, 1, 1}}, "550 5.1.1 no", "mx[192.0.2.1]:25"};
}

TEST(Codec, ValuesComeBackAsTheyWentInOneAfterAnother) {
  std::string octets;
  encode(octets, a_full_envelope());
  encode(octets, some_facts());
  encode(octets, a_status());
  encode(octets, Envelope{});
  octets += "rest";
  std::string_view in = octets;
  EXPECT_EQ(decode_envelope(in).value(), a_full_envelope());
  EXPECT_EQ(decode_body_facts(in).value(), some_facts());
  EXPECT_EQ(decode_delivery_status(in).value(), a_status());
  EXPECT_EQ(decode_envelope(in).value(), Envelope{});
  EXPECT_EQ(in, "rest");
}

TEST(Codec, EveryFlagOfTheBodyFactsHasItsOwnBit) {
  bool BodyFacts::* const flags[] = {
      &BodyFacts::eight_bit,     &BodyFacts::nul,      &BodyFacts::dot_at_line_start, &BodyFacts::ends_with_crlf,
      &BodyFacts::bare_cr_or_lf, &BodyFacts::has_date, &BodyFacts::has_message_id,    &BodyFacts::has_from};
  for (const auto flag : flags) {
    BodyFacts facts;
    facts.*flag = !(facts.*flag);
    std::string octets;
    encode(octets, facts);
    std::string_view in = octets;
    EXPECT_EQ(decode_body_facts(in).value(), facts);
  }
}

TEST(Codec, EveryPrefixIsCorruptAndLeavesTheInput) {
  std::string octets;
  encode(octets, a_full_envelope());
  for (std::size_t length = 0; length < octets.size(); ++length) {
    std::string_view in = std::string_view(octets).substr(0, length);
    const auto envelope = decode_envelope(in);
    ASSERT_FALSE(envelope) << length;
    EXPECT_EQ(envelope.error().kind, ErrorKind::corrupt);
    EXPECT_EQ(in.size(), length);
  }
}

TEST(Codec, UnknownVersionIsAnError) {
  std::string octets;
  encode(octets, some_facts());
  octets[0] = 2;
  std::string_view in = octets;
  EXPECT_EQ(decode_body_facts(in).error().kind, ErrorKind::corrupt);
}

TEST(Codec, EnvelopeOfAnEarlierVersionHasNoWishes) {
  std::string octets;
  encode(octets, Envelope{});
  constexpr std::size_t wishes_octets = 4;
  octets.resize(octets.size() - wishes_octets);
  octets[0] = 1;
  std::string_view in = octets;
  EXPECT_EQ(decode_envelope(in).value(), Envelope{});
  EXPECT_TRUE(in.empty());
}

TEST(Codec, ImpossibleWishesAreErrors) {
  std::string octets;
  encode(octets, Envelope{});
  const std::size_t wishes = octets.size() - 4;
  const std::pair<std::size_t, char> impossible[] = {{0, 3}, {0, 12}, {0, 32}, {1, 19}};
  for (const auto& [at, octet] : impossible) {
    std::string changed = octets;
    changed[wishes + at] = octet;
    std::string_view in = changed;
    EXPECT_FALSE(decode_envelope(in)) << at << ": " << int{octet};
  }
}

TEST(Codec, ImpossibleEnumerationsAreErrors) {
  std::string octets;
  encode(octets, DeliveryStatus{});
  octets[2] = 3;  // action
  std::string_view in = octets;
  EXPECT_FALSE(decode_delivery_status(in));
}

TEST(Codec, HugeRecipientCountReservesNothing) {
  std::string octets;
  Encoder encoder(octets);
  encoder.u8(1);
  encode(encoder, Address{});
  encoder.varint(999'999);
  std::string_view in = octets;
  EXPECT_FALSE(decode_envelope(in));
}

TEST(OctetCoder, NumbersOfAllWidthsComeBack) {
  const std::vector<std::uint64_t> numbers = {0, 1, 127, 128, 16383, 16384, 1ULL << 32, (1ULL << 63) - 1, ~0ULL};
  std::string octets;
  Encoder encoder(octets);
  for (const std::uint64_t number : numbers) encoder.varint(number);
  encoder.u8(255);
  encoder.fixed32(0x01020304);
  encoder.fixed64(0x0102030405060708);
  encoder.string("abc");
  encoder.octets("xy");
  Decoder decoder(octets);
  for (const std::uint64_t number : numbers) EXPECT_EQ(decoder.varint(), number);
  EXPECT_EQ(decoder.u8(), 255);
  EXPECT_EQ(decoder.rest().substr(0, 4), "\x04\x03\x02\x01") << "little-endian";
  EXPECT_EQ(decoder.fixed32(), 0x01020304u);
  EXPECT_EQ(decoder.fixed64(), 0x0102030405060708u);
  EXPECT_EQ(decoder.string(), "abc");
  EXPECT_EQ(decoder.octets(2), "xy");
  EXPECT_TRUE(decoder.finish("record"));
}

TEST(OctetCoder, FailureSticks) {
  Decoder decoder(
      "\x05"
      "ab");
  EXPECT_EQ(decoder.string(), "");
  EXPECT_FALSE(decoder.ok());
  EXPECT_EQ(decoder.u8(), 0);
  EXPECT_EQ(decoder.varint(), 0u);
  EXPECT_EQ(decoder.fixed64(), 0u);
  EXPECT_EQ(decoder.finish("record").error().kind, ErrorKind::corrupt);
}

TEST(OctetCoder, LeftOverOctetsAreCorrupt) {
  Decoder decoder("\x01\x02");
  EXPECT_EQ(decoder.u8(), 1);
  EXPECT_TRUE(decoder.ok());
  EXPECT_EQ(decoder.finish("record").error().kind, ErrorKind::corrupt);
}

TEST(OctetCoder, VarintsThatOverflowOrAreNotShortestFail) {
  const std::string too_long(10, '\xff'), overlong("\x80\x00", 2), overflow = std::string(9, '\xff') + "\x02";
  for (const std::string& octets : {too_long, overlong, overflow, std::string("\x80")}) {
    Decoder decoder(octets);
    decoder.varint();
    EXPECT_FALSE(decoder.ok());
  }
}

TEST(OctetCoder, StringAboveItsBoundFails) {
  std::string octets;
  Encoder(octets).string(std::string(100, 'x'));
  Decoder decoder(octets);
  EXPECT_EQ(decoder.string(99), "");
  EXPECT_FALSE(decoder.ok());
}

}  // namespace
}  // namespace ringpost::mail
