#include "smtp/reply_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "smtp/limits.h"

namespace ringpost::smtp {
namespace {

using testing::ElementsAre;

Reply read_one(std::string_view octets) {
  ReplyParser parser;
  auto reply = parser.feed(octets);
  EXPECT_TRUE(reply && *reply) << (reply ? "incomplete" : reply.error().reason);
  EXPECT_TRUE(octets.empty());
  return reply && *reply ? **reply : Reply();
}

ErrorKind failure(std::string_view octets) {
  ReplyParser parser;
  const auto reply = parser.feed(octets);
  EXPECT_FALSE(reply) << octets;
  return reply ? ErrorKind::io : reply.error().kind;
}

TEST(ReplyParser, ReadsASingleLine) {
  EXPECT_EQ(read_one("250 2.1.0 ok\r\n"), Reply(250, {2, 1, 0}, "ok"));
  EXPECT_EQ(read_one("250 ok\r\n"), Reply(250, "ok"));
  EXPECT_EQ(read_one("250\r\n"), Reply(250, ""));
  EXPECT_EQ(read_one("250 \r\n"), Reply(250, ""));
  EXPECT_EQ(read_one("354 go\n"), Reply(354, "go"));
}

TEST(ReplyParser, ReadsSeveralLines) {
  const Reply reply = read_one("250-mx.example.com hello\r\n250-SIZE 1000\r\n250-\r\n250 DSN\r\n");
  EXPECT_FALSE(reply.enhanced());
  EXPECT_THAT(reply.lines(), ElementsAre("mx.example.com hello", "SIZE 1000", "", "DSN"));
}

TEST(ReplyParser, EnhancedCodeIsCutFromEveryLineThatHasIt) {
  const Reply reply = read_one("550-5.1.1 no\r\n550-such\r\n550 5.1.1 user\r\n");
  EXPECT_EQ(reply.enhanced(), (EnhancedCode{5, 1, 1}));
  EXPECT_THAT(reply.lines(), ElementsAre("no", "such", "user"));
}

TEST(ReplyParser, AnyPiecesGiveTheSameReplies) {
  const std::string octets = "220 mx ESMTP\r\n250-a\r\n250 b\r\n354 go\r\n451 4.3.0 later\r\n";
  for (std::size_t piece = 1; piece <= octets.size(); ++piece) {
    ReplyParser parser;
    std::vector<std::uint16_t> codes;
    for (std::size_t at = 0; at < octets.size(); at += piece) {
      std::string_view view = std::string_view(octets).substr(at, piece);
      for (;;) {
        auto reply = parser.feed(view);
        ASSERT_TRUE(reply);
        if (!*reply) break;
        codes.push_back((*reply)->code());
      }
      EXPECT_TRUE(view.empty());
    }
    EXPECT_THAT(codes, ElementsAre(220, 250, 354, 451));
    EXPECT_TRUE(parser.idle());
  }
}

TEST(ReplyParser, StopsAfterOneReplyAndLeavesTheRest) {
  ReplyParser parser;
  std::string_view octets = "250 a\r\n250 b\r\n25";
  EXPECT_EQ((*parser.feed(octets))->lines().front(), "a");
  EXPECT_EQ(octets, "250 b\r\n25");
  EXPECT_TRUE((*parser.feed(octets)).has_value());
  EXPECT_TRUE(parser.idle());
  EXPECT_FALSE((*parser.feed(octets)).has_value());
  EXPECT_FALSE(parser.idle());
  octets = "0 c\r\n";
  EXPECT_EQ((*parser.feed(octets))->lines().front(), "c");
}

TEST(ReplyParser, WhatIsNoReplyIsAnError) {
  for (const char* const octets : {"\r\n", "25\r\n", "hello\r\n", "100 x\r\n", "600 x\r\n", "2500 x\r\n", "250_x\r\n",
                                   " 250 x\r\n", "-50 x\r\n", "HTTP/1.1 400 Bad Request\r\n"}) {
    EXPECT_EQ(failure(octets), ErrorKind::invalid) << octets;
  }
}

TEST(ReplyParser, LinesThatDifferInCodeAreAnError) {
  EXPECT_EQ(failure("250-a\r\n550 b\r\n"), ErrorKind::invalid);
}

TEST(ReplyParser, ErrorSticksUntilReset) {
  ReplyParser parser;
  std::string_view octets = "garbage\r\n250 ok\r\n";
  EXPECT_FALSE(parser.feed(octets));
  EXPECT_FALSE(parser.feed(octets));
  EXPECT_EQ(parser.feed(octets).error().status, (PublicStatus{451, {4, 5, 0}}));
  parser.reset();
  octets = "250 ok\r\n";
  EXPECT_TRUE(parser.feed(octets)->has_value());
}

TEST(ReplyParser, HundredLinesAreTheMost) {
  std::string octets;
  for (std::size_t i = 1; i < limits::peer_reply_lines_max; ++i) octets += "250-x\r\n";
  EXPECT_EQ(read_one(octets + "250 x\r\n").lines().size(), limits::peer_reply_lines_max);
  EXPECT_EQ(failure(octets + "250-x\r\n250 x\r\n"), ErrorKind::too_large);
}

TEST(ReplyParser, LongLineIsCutWhetherItComesAtOnceOrNot) {
  const std::string octets = "250 " + std::string(20'000, 'x') + "\r\n";
  EXPECT_EQ(read_one(octets).lines().front().size(), limits::peer_reply_line_octets_max - 4);
  ReplyParser parser;
  std::optional<Reply> reply;
  for (const char& c : octets) {
    std::string_view one(&c, 1);
    auto fed = parser.feed(one);
    ASSERT_TRUE(fed);
    if (*fed) reply = std::move(*fed);
  }
  ASSERT_TRUE(reply);
  EXPECT_EQ(*reply, read_one(octets));
}

TEST(ReplyParser, EndlessLineIsAnError) {
  EXPECT_EQ(failure(std::string(limits::peer_reply_octets_max + 1, '2')), ErrorKind::too_large);
  ReplyParser parser;
  std::size_t fed = 0;
  for (;; fed += 100) {
    const std::string octets(100, '2');
    std::string_view view = octets;
    if (!parser.feed(view)) break;
    ASSERT_LE(fed, limits::peer_reply_octets_max);
  }
}

TEST(ReplyParser, ControlOctetsAreMadePrintable) {
  EXPECT_EQ(read_one("550 5.1.1 a\rb\x1b[31m\xc3\xbc\r\n").one_line(), "550 5.1.1 a\\x0db\\x1b[31m\\xc3\\xbc");
}

}  // namespace
}  // namespace ringpost::smtp
