#include "queue/message_record.h"

#include <gtest/gtest.h>

#include "queue/log_replay.h"
#include "queue/record.h"

namespace ringpost::queue {
namespace {

Message example() {
  Message message;
  message.id = MessageId::generate({1'700'000'000'000});
  message.lane = 3;
  message.envelope.reverse_path = {"a", "example.org"};
  message.envelope.recipients = {{{"b", "example.net"}, {mail::Notify::failure}, "rfc822;b@example.net"},
                                 {{"c", "example.com"}, {}, ""}};
  message.envelope.origin.client_address = "192.0.2.1";
  message.facts.octets = 300;
  message.facts.header_octets = 100;
  message.prefix = "Received: from x\r\n";
  message.body = {{1, 17, 64, 200}, {1, 18, 88, 100}};
  return message;
}

void expect_equal(const Message& a, const Message& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.lane, b.lane);
  EXPECT_EQ(a.envelope, b.envelope);
  EXPECT_EQ(a.facts, b.facts);
  EXPECT_EQ(a.prefix, b.prefix);
  EXPECT_EQ(a.body, b.body);
}

TEST(MessageRecord, AMessageComesBackAsItWas) {
  const Message message = example();
  const auto decoded = decode_message(encode_message(message));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().reason;
  expect_equal(*decoded, message);
}

TEST(MessageRecord, ARecordComesBackWithItsStates) {
  MessageRecord record{example(), {{}, {}}};
  record.recipients[1] = {RecipientPhase::queued, 4,      {123456},           "mx:example.com",
                          {451, {4, 2, 1}},       "busy", "mx[192.0.2.9]:25", true};
  const auto decoded = decode_record(encode_record(record));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().reason;
  ASSERT_EQ(decoded->recipients.size(), 2U);
  EXPECT_EQ(decoded->recipients[1].attempts, 4U);
  EXPECT_EQ(decoded->recipients[1].due, WallTime{123456});
  EXPECT_EQ(decoded->recipients[1].destination, "mx:example.com");
  EXPECT_EQ(decoded->recipients[1].last_status, (PublicStatus{451, {4, 2, 1}}));
  EXPECT_EQ(decoded->recipients[1].last_diagnostic, "busy");
  EXPECT_EQ(decoded->recipients[1].last_remote, "mx[192.0.2.9]:25");
  EXPECT_TRUE(decoded->recipients[1].delay_told);
  EXPECT_FALSE(decoded->recipients[0].delay_told);
}

TEST(MessageRecord, ARecordNeedsAStateForEachRecipient) {
  const MessageRecord record{example(), {{}}};
  EXPECT_FALSE(decode_record(encode_record(record)).has_value());
}

TEST(MessageRecord, AnOutcomeComesBackAsItWas) {
  Outcome outcome{example().id,
                  {{{1, mail::Action::deferred, {450, {4, 2, 0}}, "later", "mx"}, {777}, "mx:example.com", true}}};
  const auto decoded = decode_outcome(encode_outcome(outcome));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().reason;
  EXPECT_EQ(decoded->message, outcome.message);
  ASSERT_EQ(decoded->items.size(), 1U);
  EXPECT_EQ(decoded->items[0].status, outcome.items[0].status);
  EXPECT_EQ(decoded->items[0].due, WallTime{777});
  EXPECT_EQ(decoded->items[0].destination, "mx:example.com");
  EXPECT_TRUE(decoded->items[0].delay_told);
}

TEST(MessageRecord, AnOutcomeOfSchemaOneIsUnderstood) {
  const Outcome outcome{example().id, {{{1, mail::Action::deferred, {450, {4, 2, 0}}, "", ""}, {777}, "x", false}}};
  std::string octets = encode_outcome(outcome);
  octets[0] = 1;
  octets.pop_back();
  const auto decoded = decode_outcome(octets);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().reason;
  EXPECT_EQ(decoded->items[0].destination, "x");
  EXPECT_FALSE(decoded->items[0].delay_told);
}

TEST(MessageRecord, CutOctetsAreRefusedEverywhere) {
  const std::string message = encode_message(example());
  for (std::size_t n = 0; n < message.size(); ++n) EXPECT_FALSE(decode_message(message.substr(0, n)).has_value()) << n;
  EXPECT_FALSE(decode_message(message + "x").has_value());
}

TEST(MessageRecord, AnUnknownVersionIsRefused) {
  std::string message = encode_message(example());
  message[0] = 3;
  EXPECT_FALSE(decode_message(message).has_value());
}

TEST(MessageRecord, AMessageFromBeforeMarksHasGenerationZero) {
  Message message = example();
  message.generation = 0;
  std::string octets = encode_message(message);
  octets[0] = 1;
  octets.erase(octets.begin() + 1 + 16 + 1);  // behind version, id, and the one octet of the lane
  const auto decoded = decode_message(octets);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().reason;
  EXPECT_EQ(decoded->generation, 0U);
  EXPECT_EQ(decoded->envelope, message.envelope);
}

TEST(MessageRecord, ExtentsThatDoNotSumUpToTheBodyAreRefused) {
  Message message = example();
  message.body[1].octets = 99;
  EXPECT_FALSE(decode_message(encode_message(message)).has_value());
}

TEST(MessageRecord, AnExtentWithoutAPlaceIsTheChunkInFrontOfTheAccept) {
  Message message = example();
  message.body = {{.octets = 300}};
  resolve_body(message, 5, {9, 64 + static_cast<std::uint32_t>(record_octets(300))});
  EXPECT_EQ(message.body[0], (Extent{5, 9, 64 + record_header_octets, 300}));
}

TEST(MessageRecord, AnAcceptWithNoRoomForItsChunkIsCorrupt) {
  Message message = example();
  message.body = {{.octets = 300}};
  const std::string payload = encode_message(message);
  EXPECT_FALSE(decode_accept({0, RecordType::accept, payload, {1, 64}, {1, 128}}).has_value());
}

TEST(LogPayloads, BegunAndCancelledComeBackAsTheyWere) {
  const AttemptBegun begun{MessageId::generate({5}), {0, 7, 300}};
  const auto decoded = decode_attempt_begun(encode_attempt_begun(begun));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->message, begun.message);
  EXPECT_EQ(decoded->recipients, begun.recipients);
  const std::vector<MessageId> ids{MessageId::generate({1}), MessageId::generate({2})};
  EXPECT_EQ(decode_cancelled(encode_cancelled(ids)).value(), ids);
  EXPECT_FALSE(decode_cancelled("short").has_value());
  EXPECT_FALSE(decode_attempt_begun("short").has_value());
}

}  // namespace
}  // namespace ringpost::queue
