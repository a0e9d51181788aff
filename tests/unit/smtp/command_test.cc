#include "smtp/command.h"

#include <gtest/gtest.h>

#include <string>

#include "smtp/limits.h"

namespace ringpost::smtp {
namespace {

TEST(ParseCommand, EveryVerbIsKnownInAnyCase) {
  for (const Verb verb :
       {Verb::ehlo, Verb::helo, Verb::lhlo, Verb::mail, Verb::rcpt, Verb::data, Verb::bdat, Verb::rset, Verb::noop,
        Verb::vrfy, Verb::expn, Verb::help, Verb::quit, Verb::starttls, Verb::auth, Verb::xhandoff}) {
    std::string word(to_string(verb));
    EXPECT_EQ(parse_command(word)->verb, verb);
    word[1] = static_cast<char>(word[1] | 0x20);
    EXPECT_EQ(parse_command(word + " x")->verb, verb);
  }
}

TEST(ParseCommand, ArgumentHasNoBlanksAroundIt) {
  const std::string line = "MAIL  \tFROM:<a@b> SIZE=1 \t ";
  const auto command = parse_command(line);
  EXPECT_EQ(command->argument, "FROM:<a@b> SIZE=1");
  EXPECT_EQ(command->word, "MAIL");
  EXPECT_EQ(parse_command("QUIT  ")->argument, "");
}

TEST(ParseCommand, VerbsAreWholeWords) {
  for (const char* const line : {"MAILX FROM:<>", "MAI", "DATA.", "EHLO:x", "FOO bar", "STARTTLSX", "GET / HTTP/1.1"}) {
    ASSERT_TRUE(parse_command(line)) << line;
    EXPECT_EQ(parse_command(line)->verb, Verb::unknown) << line;
  }
  EXPECT_EQ(parse_command("FOO bar")->word, "FOO");
}

TEST(ParseCommand, LineThatDoesNotBeginWithAVerbIsASyntaxError) {
  for (const char* const line : {"", " ", "\t", " NOOP", "\tNOOP"}) {
    EXPECT_EQ(parse_command(line).error().status, (PublicStatus{500, {5, 5, 2}})) << line;
  }
}

TEST(ParseCommand, ControlOctetsAreRefusedAnywhere) {
  for (int c = 0; c < 32; ++c) {
    if (c == '\t') continue;
    const std::string line = std::string("MAIL FROM:<a") + static_cast<char>(c) + "@b>";
    ASSERT_FALSE(parse_command(line)) << c;
    EXPECT_EQ(parse_command(line).error().status, (PublicStatus{500, {5, 5, 2}}));
  }
  EXPECT_FALSE(parse_command("NOOP \x7f"));
}

TEST(ParseCommand, EightBitOctetsStandOnlyWhereSmtputf8MayAllowThem) {
  EXPECT_TRUE(parse_command("MAIL FROM:<j\u00fc@b>"));
  EXPECT_TRUE(parse_command("RCPT TO:<j\u00fc@b>"));
  EXPECT_TRUE(parse_command("VRFY j\u00fc"));
  EXPECT_FALSE(parse_command("EHLO b\u00fccher.example"));
  EXPECT_FALSE(parse_command("NOOP \u00fc"));
  EXPECT_FALSE(parse_command("F\u00dc"));
}

TEST(ParseCommand, LineLimitIs4096AndOfAuth12288) {
  const std::string noop = "NOOP " + std::string(limits::command_line_octets_max - 5, 'x');
  EXPECT_TRUE(parse_command(noop));
  EXPECT_EQ(parse_command(noop + "x").error().status, (PublicStatus{500, {5, 5, 6}}));
  const std::string auth = "AUTH PLAIN " + std::string(limits::auth_line_octets_max - 11, 'x');
  EXPECT_TRUE(parse_command(auth));
  EXPECT_EQ(parse_command(auth + "x").error().kind, ErrorKind::too_large);
}

}  // namespace
}  // namespace ringpost::smtp
