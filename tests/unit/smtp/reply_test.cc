#include "smtp/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "smtp/limits.h"

namespace ringpost::smtp {
namespace {

std::string wire(const Reply& reply) {
  std::string out = "before";
  reply.append_to(out);
  return out.substr(6);
}

TEST(Reply, SingleLineHasBothCodes) {
  EXPECT_EQ(wire(Reply(250, {2, 1, 5}, "recipient ok")), "250 2.1.5 recipient ok\r\n");
  EXPECT_EQ(wire(Reply(354, "go ahead")), "354 go ahead\r\n");
  EXPECT_EQ(wire(Reply(538, {5, 7, 11}, "")), "538 5.7.11 \r\n");
}

TEST(Reply, EveryLineOfSeveralHasTheSameCodes) {
  EXPECT_EQ(wire(Reply(421, {4, 7, 0}, "first").add_line("").add_line("last")),
            "421-4.7.0 first\r\n421-4.7.0 \r\n421 4.7.0 last\r\n");
  EXPECT_EQ(wire(Reply(250, "mx greets you").add_line("SIZE 5")), "250-mx greets you\r\n250 SIZE 5\r\n");
}

TEST(Reply, TextCannotForgeALine) {
  EXPECT_EQ(wire(Reply(550, {5, 1, 1}, "no\r\n250 yes").add_line("a\nb\x01\xff")),
            "550-5.1.1 no\\x0d\\x0a250 yes\r\n550 5.1.1 a\\x0ab\\x01\\xff\r\n");
  EXPECT_EQ(wire(Reply(250, "a\tb")), "250 a b\r\n");
}

TEST(Reply, LongTextIsBrokenAtBlanksInto512Octets) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "word" + std::to_string(i) + " ";
  const std::string out = wire(Reply(550, {5, 7, 1}, text));
  std::size_t lines = 0;
  for (std::size_t at = 0; at < out.size(); ++lines) {
    const std::size_t end = out.find("\r\n", at) + 2;
    EXPECT_LE(end - at, limits::reply_line_octets_max);
    EXPECT_EQ(out.substr(at, 10), end == out.size() ? "550 5.7.1 " : "550-5.7.1 ");
    EXPECT_EQ(out.substr(at + 10, 4), "word");
    at = end;
  }
  EXPECT_EQ(lines, 3u);
}

TEST(Reply, TextWithoutBlanksIsCutAt512Octets) {
  const std::string out = wire(Reply(250, std::string(1200, 'x')));
  EXPECT_EQ(out.find("\r\n"), 510u);
  EXPECT_EQ(std::count(out.begin(), out.end(), 'x'), 1200);
}

TEST(Reply, Only221And421EndTheSession) {
  EXPECT_TRUE(Reply(221, "").ends_session());
  EXPECT_TRUE(Reply(421, "").ends_session());
  EXPECT_FALSE(Reply(250, "").ends_session());
  EXPECT_FALSE(Reply(554, "").ends_session());
}

TEST(Reply, ClassesAreExclusive) {
  EXPECT_TRUE(Reply(250, "").positive() && !Reply(250, "").intermediate());
  EXPECT_TRUE(Reply(354, "").intermediate() && !Reply(354, "").positive());
  EXPECT_TRUE(Reply(451, "").transient() && !Reply(451, "").permanent());
  EXPECT_TRUE(Reply(550, "").permanent() && !Reply(550, "").transient());
}

TEST(Reply, StatusInventsTheEnhancedCodeOfItsClass) {
  EXPECT_EQ(Reply(550, {5, 1, 1}, "").status(), (PublicStatus{550, {5, 1, 1}}));
  EXPECT_EQ(Reply(451, "").status(), (PublicStatus{451, {4, 0, 0}}));
}

TEST(Reply, OneLineJoinsAndCuts) {
  const Reply reply = Reply(550, {5, 1, 1}, "no such user").add_line("").add_line("ask the postmaster");
  EXPECT_EQ(reply.one_line(), "550 5.1.1 no such user; ask the postmaster");
  EXPECT_EQ(reply.one_line(9), "550 5.1.1...");
  EXPECT_EQ(Reply(250, "").one_line(), "250");
}

TEST(TakeEnhancedCode, MustGoWithTheReplyCodeAndStandAlone) {
  const auto take = [](std::string_view text, std::uint16_t code) {
    return take_enhanced_code(text, code).has_value();
  };
  EXPECT_TRUE(take("2.1.5 ok", 250));
  EXPECT_TRUE(take("5.7.123", 550));
  for (const char* const text :
       {"2.1.5 ok", "5.1 x", "5.1.1x", "5.1.1.example.com", "5.1.1234 x", "5..1 x", "x", "", "15.1.1 x"}) {
    EXPECT_FALSE(take(text, 550)) << text;
  }
  std::string_view text = "4.2.2  mailbox full";
  EXPECT_EQ(take_enhanced_code(text, 452), (EnhancedCode{4, 2, 2}));
  EXPECT_EQ(text, "mailbox full");
}

}  // namespace
}  // namespace ringpost::smtp
