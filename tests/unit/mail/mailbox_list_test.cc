#include "mail/mailbox_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ringpost::mail {
namespace {

using testing::ElementsAre;
using namespace std::string_view_literals;

/// "NAME <ADDRESS> (COMMENT)" of every mailbox, group names in front as "NAME:"; "error" where there is none.
std::vector<std::string> read(std::string_view value) {
  const auto list = parse_mailbox_list(value);
  if (!list) return {"error"};
  std::vector<std::string> all;
  for (const std::string& group : list->groups) all.push_back(group + ":");
  for (const Mailbox& mailbox : list->mailboxes) {
    std::string text = mailbox.display_name + "<" + mailbox.address.text() + ">";
    for (const std::string& comment : mailbox.comments) text += "(" + comment + ")";
    all.push_back(text);
  }
  return all;
}

#define EXPECT_UNREADABLE(value) EXPECT_THAT(read(value), ElementsAre("error")) << (value)

TEST(MailboxList, BareAndNamedAddressesAreRead) {
  EXPECT_THAT(read(" ann@example.com"), ElementsAre("<ann@example.com>"));
  EXPECT_THAT(read("<ann@example.com>"), ElementsAre("<ann@example.com>"));
  EXPECT_THAT(read("Ann Lee <Ann@Example.COM>"), ElementsAre("Ann Lee<Ann@example.com>"));
  EXPECT_THAT(read("John Q. Public<john.public@example.com>"), ElementsAre("John Q. Public<john.public@example.com>"));
  EXPECT_THAT(read("\"Lee, Ann\" < ann@example.com >"), ElementsAre("Lee, Ann<ann@example.com>"));
  EXPECT_THAT(read("=?utf-8?q?Ann?= =?utf-8?q?_Lee?= <a@x.example>"),
              ElementsAre("=?utf-8?q?Ann?= =?utf-8?q?_Lee?=<a@x.example>"));
}

TEST(MailboxList, SeveralMailboxesAreAllFound) {
  EXPECT_THAT(read("ann@x.example, Bob <bob@y.example>,\r\n carl@z.example"),
              ElementsAre("<ann@x.example>", "Bob<bob@y.example>", "<carl@z.example>"));
}

TEST(MailboxList, FoldingMayStandBetweenWordsAndInQuotes) {
  EXPECT_THAT(read("\r\n Ann\r\n\tLee\r\n <ann@x.example>\r\n "), ElementsAre("Ann Lee<ann@x.example>"));
  EXPECT_THAT(read("\"Ann\r\n Lee\" <ann@x.example>"), ElementsAre("Ann Lee<ann@x.example>"));
}

TEST(MailboxList, QuotedPairsAreUndone) {
  EXPECT_THAT(read(R"("Ann \"A\" \\ Lee" <ann@x.example>)"), ElementsAre(R"(Ann "A" \ Lee<ann@x.example>)"));
  EXPECT_THAT(read(R"("a > b"@x.example)"), ElementsAre(R"(<"a > b"@x.example>)"));
  EXPECT_THAT(read(R"(Ann <"a > b"@x.example>)"), ElementsAre(R"(Ann<"a > b"@x.example>)"));
}

TEST(MailboxList, CommentsAreKeptBesideTheirMailbox) {
  EXPECT_THAT(read("ann@x.example (Ann (the first) Lee)"), ElementsAre("<ann@x.example>(Ann (the first) Lee)"));
  EXPECT_THAT(read("(a) Ann (b\\)) <ann@x.example> (c), bob@x.example (d)"),
              ElementsAre("Ann<ann@x.example>(a)(b))(c)", "<bob@x.example>(d)"));
  EXPECT_THAT(read("evil@x.example (boss@example.com)"), ElementsAre("<evil@x.example>(boss@example.com)"));
}

TEST(MailboxList, CommentsAreNestedToABound) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "x" + std::string(depth, ')') + "ann@x.example";
  };
  EXPECT_TRUE(parse_mailbox_list(nested(comment_depth_max)).has_value());
  EXPECT_UNREADABLE(nested(comment_depth_max + 1));
  EXPECT_UNREADABLE(nested(10'000));
}

TEST(MailboxList, GroupsGiveTheirMembersAndTheirName) {
  EXPECT_THAT(read("Team: ann@x.example, Bob <bob@y.example>;"),
              ElementsAre("Team:", "<ann@x.example>", "Bob<bob@y.example>"));
  EXPECT_THAT(read("undisclosed:;"), ElementsAre("undisclosed:"));
  EXPECT_THAT(read("\"The Boss\":; , ann@x.example"), ElementsAre("The Boss:", "<ann@x.example>"));
  EXPECT_THAT(read("a:; (shown)"), ElementsAre("a:", "shown:"));
  EXPECT_UNREADABLE("Team: ann@x.example");
  EXPECT_UNREADABLE("Team: inner: ann@x.example;;");
  EXPECT_UNREADABLE(": ann@x.example;");
  EXPECT_UNREADABLE("ann@x.example;");
}

TEST(MailboxList, SourceRoutesAreDropped) {
  EXPECT_THAT(read("Ann <@a.example,@b.example:ann@d.example>"), ElementsAre("Ann<ann@d.example>"));
  EXPECT_UNREADABLE("<@boss@example.com:ann@d.example>");
}

TEST(MailboxList, LiteralsAndUtf8AreAddresses) {
  EXPECT_THAT(read("ann@[192.0.2.1]"), ElementsAre("<ann@[192.0.2.1]>"));
  EXPECT_THAT(read("Änn <ännchen@müller.example>"), ElementsAre("Änn<ännchen@müller.example>"));
}

TEST(MailboxList, WhatReadersSeeDifferentlyIsAnError) {
  for (const std::string_view value : {"",
                                       " ",
                                       "ann",
                                       "<ann>",
                                       "<>",
                                       "\"\"@x.example",
                                       "<postmaster>",
                                       "a@[tag:\"x]",
                                       "a@[tag:b@c]",
                                       "a@[tag:,b]",
                                       "Ann",
                                       "Ann ann@x.example",
                                       "ann@y.example <b@y.example>",
                                       "a@x.example b@y.example",
                                       "<a@x.example> <b@y.example>",
                                       "<a@x.example> Ann",
                                       "<a@x.example",
                                       "a@x.example>",
                                       "\"Ann <a@x.example>",
                                       "Ann\" <a@x.example>",
                                       "(Ann <a@x.example>",
                                       "Ann) <a@x.example>",
                                       "a@x.example,",
                                       ",a@x.example",
                                       "a@x.example,,b@x.example",
                                       "a@x@y.example",
                                       "a @x.example",
                                       "a@ x.example",
                                       "a . b@x.example",
                                       "a(c)@x.example",
                                       "a@(c)x.example",
                                       "a@x(c).example",
                                       "<a@x.example(c)>",
                                       "<a @x.example>",
                                       "<a@x.example,b@x.example>",
                                       "<<a@x.example>>",
                                       "a..b@x.example",
                                       ".a@x.example",
                                       "a@x..example",
                                       "a@.example",
                                       "a@-x.example",
                                       "a@x.example.",
                                       "Ann [x] <a@x.example>",
                                       "a@[300.1.1.1]",
                                       "a@[192.0.2.1",
                                       "\"a\"b@x.example",
                                       "\"a\".\"b\"@x.example",
                                       "Ann\"Lee\" <a@x.example>",
                                       "Ann; <a@x.example>",
                                       "a:b@x.example",
                                       "=?utf-8?q?a=40x.example?=",
                                       "a@=?utf-8?q?x?=.example",
                                       "\\a@x.example",
                                       "Ann <a@x.example>; bob@x.example"})
    EXPECT_UNREADABLE(value);
}

TEST(MailboxList, ControlsAndNulAreErrorsWhereverTheyStand) {
  for (const std::string_view value :
       {"Ann\0 <a@x.example>"sv, "\"An\0n\" <a@x.example>"sv, "(\0) a@x.example"sv, "a\0@x.example"sv,
        "a@x.example\0"sv, "a@x.example\0.y.example"sv, "<a@x.example\0>"sv, "Ann\x01 <a@x.example>"sv,
        "\"\x7f\" <a@x.example>"sv, "Ann\r <a@x.example>"sv, "Ann\n <a@x.example>"sv, "\"Ann\n\" <a@x.example>"sv,
        "a@x.example\r\n"sv, "\"\\\x01\" <a@x.example>"sv, "(\\\0) a@x.example"sv})
    EXPECT_UNREADABLE(value);
}

TEST(MailboxList, OctetsThatAreNotUtf8AreAnError) {
  EXPECT_UNREADABLE("J\xf6rg <a@x.example>");
  EXPECT_UNREADABLE("\"J\xf6rg\" <a@x.example>");
  EXPECT_UNREADABLE("a@x.example (J\xf6rg)");
  EXPECT_UNREADABLE("j\xf6rg@x.example");
  EXPECT_UNREADABLE("J\xf6rg:;");
}

TEST(MailboxList, AnAddressShowsEveryCharacterItHas) {
  EXPECT_UNREADABLE("ann\u200b@x.example");  // zero width space
  EXPECT_UNREADABLE("\u202eann@x.example");  // right-to-left override
  EXPECT_UNREADABLE("ann@x\u00ad.example");  // soft hyphen
  EXPECT_UNREADABLE("a\u00a0nn@x.example");  // no-break space
  EXPECT_UNREADABLE("\"a \u200b\"@x.example");
  EXPECT_THAT(read("\"a b\"@x.example"), ElementsAre("<\"a b\"@x.example>"));
}

TEST(MailboxList, MailboxesAreBounded) {
  std::string value = "a@x.example";
  for (std::size_t i = 1; i < mailboxes_max; ++i) value += ",a@x.example";
  EXPECT_TRUE(parse_mailbox_list(value).has_value());
  const auto more = parse_mailbox_list(value + ",a@x.example");
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().kind, ErrorKind::too_large);
}

}  // namespace
}  // namespace ringpost::mail
