#include "bench/message_maker.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "bench/delivery_log.h"
#include "mail/body_scan.h"

namespace ringpost::bench {
namespace {

TEST(SizeMix, ReadsSizesWithWeights) {
  const auto mix = SizeMix::parse("2KiB:70,50KiB:25,1MiB:5");
  ASSERT_TRUE(mix);
  std::size_t seen[3] = {};
  for (std::uint64_t i = 0; i < 10'000; ++i) ++seen[mix->kind_of(i)];
  EXPECT_NEAR(static_cast<double>(seen[0]), 7000, 300);
  EXPECT_NEAR(static_cast<double>(seen[1]), 2500, 300);
  EXPECT_NEAR(static_cast<double>(seen[2]), 500, 150);
  EXPECT_EQ(mix->octets(1), 50U * 1024);
}

TEST(SizeMix, RefusesWhatIsNoSize) {
  for (const char* text : {"", "x", "1KiB:", "1KiB:0", "1KiB:x", "2GiB", "1KiB,,2KiB", "-1"}) {
    EXPECT_FALSE(SizeMix::parse(text)) << text;
  }
}

TEST(MessageMaker, MessagesHaveExactlyTheSizeAskedFor) {
  for (const std::uint64_t octets : {300, 301, 377, 378, 379, 380, 1024, 10'240, 65'536}) {
    const MessageMaker maker(SizeMix(octets), "a@b.example", "c.example", 7);
    MessageMaker::Header header(maker);
    const std::string message = std::string(header.make(1, WallTime::now())) + std::string(maker.body(0));
    EXPECT_EQ(message.size(), octets);
    EXPECT_EQ(maker.octets(0), octets);
  }
}

TEST(MessageMaker, MessagesAreCleanText) {
  for (const std::uint64_t octets : {500, 501, 502, 20'000}) {
    const MessageMaker maker(SizeMix(octets), "a@b.example", "c.example", 7);
    MessageMaker::Header header(maker);
    const std::string message = std::string(header.make(12, WallTime::now())) + std::string(maker.body(0));
    mail::BodyScan scan;
    scan.feed(message);
    scan.finish();
    const mail::BodyFacts& facts = scan.facts();
    EXPECT_FALSE(facts.nul || facts.eight_bit || facts.dot_at_line_start || facts.bare_cr_or_lf);
    EXPECT_TRUE(facts.ends_with_crlf && facts.has_date && facts.has_message_id && facts.has_from);
    EXPECT_LE(facts.line_octets_max, 78U);
    EXPECT_EQ(facts.header_octets, message.size() - maker.body(0).size());
  }
}

TEST(MessageMaker, EachMessageHasATokenOfItsOwnThatTheFinderFinds) {
  const MessageMaker maker(SizeMix(1024), "a@b.example", "c.example", 0xabcdef);
  MessageMaker::Header header(maker);
  std::set<std::string> tokens;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    TokenFinder finder;
    finder.feed("Received: by us\r\n");
    const std::string made(header.make(i, WallTime::now()));
    for (const char octet : made) finder.feed(std::string_view(&octet, 1));
    EXPECT_EQ(finder.token().size(), 25U);
    tokens.insert(finder.token());
  }
  EXPECT_EQ(tokens.size(), 1000U);
}

TEST(MessageMaker, TheHeaderKeepsItsLengthOnDaysOfOneDigit) {
  const MessageMaker maker(SizeMix(1024), "a@b.example", "c.example", 1);
  MessageMaker::Header header(maker);
  const WallTime third{1'764'720'000'000};       // the 3rd of a month
  const WallTime thirteenth{1'765'584'000'000};  // ten days later
  const std::string early(header.make(1, third)), late(header.make(1, thirteenth));
  EXPECT_EQ(early.size(), late.size());
  EXPECT_NE(early.find(",  3 "), std::string::npos) << early;
  EXPECT_NE(late.find(", 13 "), std::string::npos) << late;
}

TEST(TokenFinder, LooksAtTheHeaderOnly) {
  TokenFinder finder;
  finder.feed("Subject: a\r\n\r\nX-Ringpost-Token: no\r\n");
  EXPECT_EQ(finder.token(), "");
  finder.reset();
  finder.feed("X-Ringpost-Token: first\r\n\r\n");
  EXPECT_EQ(finder.token(), "first");
}

TEST(DeliveryLog, TheSameMessageToAnotherRecipientIsNoDuplicate) {
  DeliveryLog log;
  const std::string anna = "anna@a.example", bert = "bert@b.example";
  log.add("t1", std::span(&anna, 1));
  log.add("t1", std::span(&bert, 1));
  log.add("t2", std::span(&anna, 1));
  EXPECT_EQ(log.counts().tokens, 2U);
  EXPECT_EQ(log.counts().duplicates, 0U);
  log.add("t1", std::span(&bert, 1));
  EXPECT_EQ(log.counts().duplicates, 1U);
  log.add("", std::span(&bert, 1));
  EXPECT_EQ(log.counts().without_token, 1U);
}

}  // namespace
}  // namespace ringpost::bench
