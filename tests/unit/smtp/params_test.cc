#include "smtp/params.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace ringpost::smtp {
namespace {

constexpr PublicStatus syntax{501, {5, 5, 4}};
constexpr PublicStatus unrecognized{555, {5, 5, 4}};

Extensions everything() {
  Extensions offered;
  offered.requiretls = true;
  offered.size = offered.eight_bit_mime = offered.binary_mime = offered.chunking = offered.smtputf8 = offered.dsn =
      true;
  offered.mt_priority = offered.deliver_by = true;
  offered.future_release_seconds = 86'400;
  return offered;
}

MailCommand mail(std::string_view argument, const Extensions& offered = everything()) {
  auto command = parse_mail(argument, offered);
  EXPECT_TRUE(command) << argument << ": " << (command ? "" : command.error().reason);
  return command.value_or(MailCommand{});
}

PublicStatus mail_refusal(std::string_view argument, const Extensions& offered = everything()) {
  const auto command = parse_mail(argument, offered);
  EXPECT_FALSE(command) << argument;
  return command ? PublicStatus{250, {}} : command.error().status;
}

mail::Recipient rcpt(std::string_view argument, bool smtputf8 = false) {
  auto recipient = parse_rcpt(argument, everything(), smtputf8);
  EXPECT_TRUE(recipient) << argument << ": " << (recipient ? "" : recipient.error().reason);
  return recipient.value_or(mail::Recipient{});
}

PublicStatus rcpt_refusal(std::string_view argument, bool smtputf8 = false) {
  const auto recipient = parse_rcpt(argument, everything(), smtputf8);
  EXPECT_FALSE(recipient) << argument;
  return recipient ? PublicStatus{250, {}} : recipient.error().status;
}

TEST(ParseMail, TakesEveryParameterInAnyCase) {
  const MailCommand command = mail("from:<a@b> size=12345 Body=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ+2B314159 AUTH=<>");
  EXPECT_EQ(command.reverse_path, (mail::Address{"a", "b"}));
  EXPECT_EQ(command.size, 12345u);
  EXPECT_EQ(command.body, mail::BodyType::eight_bit);
  EXPECT_TRUE(command.smtputf8);
  EXPECT_EQ(command.ret, mail::DsnReturn::headers);
  EXPECT_EQ(command.envelope_id, "QQ+2B314159");
}

TEST(ParseMail, TakesWishesOfPriorityAndTime) {
  const MailCommand wishes = mail("FROM:<a@b> mt-priority=-3 HOLDFOR=60 BY=120;RT");
  EXPECT_EQ(wishes.priority, -3);
  EXPECT_EQ(wishes.hold_for_seconds, 60U);
  EXPECT_EQ(wishes.by, (ByTime{120, mail::DeliverBy::Mode::give_back, true}));
  EXPECT_EQ(mail("FROM:<a@b> HOLDUNTIL=2026-11-24T01:00:00+01:00").hold_until, (WallTime{1'795'478'400'000}));
}

TEST(ParseMail, HoldForAndHoldUntilExcludeEachOther) {
  EXPECT_EQ(mail_refusal("FROM:<a@b> HOLDFOR=60 HOLDUNTIL=2026-11-24T01:00:00Z"), syntax);
  EXPECT_EQ(mail_refusal("FROM:<a@b> HOLDUNTIL=2026-11-24T01:00:00Z HOLDFOR=60"), syntax);
}

TEST(ParseMail, WithoutParametersSaysNothing) {
  MailCommand expected;
  expected.reverse_path = {"a", "b"};
  EXPECT_EQ(mail("FROM:<a@b>"), expected);
  EXPECT_TRUE(mail("FROM:<>").reverse_path.is_null());
}

TEST(ParseMail, OneBlankAfterTheColonIsForgivenAndNoMore) {
  EXPECT_EQ(mail("FROM: <a@b>").reverse_path.local, "a");
  EXPECT_EQ(mail_refusal("FROM:  <a@b>"), syntax);
  EXPECT_EQ(mail_refusal("FROM :<a@b>"), syntax);
}

TEST(ParseMail, PathStandsInAngleBrackets) {
  for (const char* const argument : {"", "FROM", "FROM:", "FROM:a@b", "FROM:<a@b", "FROM:a@b>", "TO:<a@b>", "<a@b>",
                                     "FROM:<a@b>SIZE=1", "FROM:<a@b>>", "FROM:\"<a@b>"}) {
    EXPECT_EQ(mail_refusal(argument), syntax) << argument;
  }
  EXPECT_EQ(mail_refusal("FROM:<a b@c>"), (PublicStatus{501, {5, 1, 7}}));
  EXPECT_EQ(mail_refusal("FROM:< >"), (PublicStatus{501, {5, 1, 7}}));
}

TEST(ParseMail, BracketInAQuotedStringDoesNotEndThePath) {
  EXPECT_EQ(mail(R"(FROM:<"a> SIZE=1 \">"@b> SIZE=2)").reverse_path.local, "a> SIZE=1 \">");
  EXPECT_EQ(mail(R"(FROM:<"a> SIZE=1 \">"@b> SIZE=2)").size, 2u);
  EXPECT_EQ(mail("FROM:<a@[x:>]>").reverse_path.domain, "[x:>]");
}

TEST(ParseMail, UnknownParametersAre555) {
  EXPECT_EQ(mail_refusal("FROM:<a@b> COLOUR=blue"), unrecognized);
  EXPECT_EQ(mail_refusal("FROM:<a@b> X"), unrecognized);
  EXPECT_EQ(mail_refusal("FROM:<a@b> NOTIFY=NEVER"), unrecognized) << "a parameter of RCPT";
}

TEST(ParseMail, ParametersThatWereNotOfferedAre555) {
  for (const char* const parameter : {"SIZE=1", "BODY=7BIT", "SMTPUTF8", "RET=FULL", "ENVID=x", "AUTH=<>", "REQUIRETLS",
                                      "MT-PRIORITY=1", "HOLDFOR=1", "HOLDUNTIL=2026-11-24T01:00:00Z", "BY=1;N"}) {
    EXPECT_EQ(mail_refusal(std::string("FROM:<a@b> ") + parameter, Extensions{}), unrecognized) << parameter;
  }
  EXPECT_EQ(mail("FROM:<a@b>", Extensions{}).reverse_path.local, "a");
}

TEST(ParseMail, RequiretlsIsAWordWithoutAValue) {
  EXPECT_TRUE(mail("FROM:<a@b> requireTLS").requiretls);
  EXPECT_FALSE(mail("FROM:<a@b>").requiretls);
  for (const char* const bad : {"REQUIRETLS=", "REQUIRETLS=yes", "REQUIRETLS REQUIRETLS"}) {
    EXPECT_EQ(mail_refusal(std::string("FROM:<a@b> ") + bad), syntax) << bad;
  }
  const auto recipient = parse_rcpt("TO:<a@b> REQUIRETLS", everything(), false);
  EXPECT_TRUE(!recipient && recipient.error().status == unrecognized);
}

TEST(ParseMail, BinarymimeNeedsItsOwnOffer) {
  EXPECT_EQ(mail("FROM:<a@b> BODY=BINARYMIME").body, mail::BodyType::binary);
  Extensions offered = everything();
  offered.binary_mime = false;
  EXPECT_EQ(mail_refusal("FROM:<a@b> BODY=BINARYMIME", offered), syntax);
}

TEST(ParseMail, RepeatedParametersAre501) {
  EXPECT_EQ(mail_refusal("FROM:<a@b> SIZE=10 size=10"), syntax);
  EXPECT_EQ(mail_refusal("FROM:<a@b> SMTPUTF8 SMTPUTF8"), syntax);
}

TEST(ParseMail, ImpossibleValuesAre501) {
  for (const char* const parameter : {"SIZE",
                                      "SIZE=",
                                      "SIZE=big",
                                      "SIZE=-1",
                                      "SIZE=+1",
                                      "SIZE=1=2",
                                      "SIZE=123456789012345678901",
                                      "BODY",
                                      "BODY=",
                                      "BODY=9BIT",
                                      "SMTPUTF8=1",
                                      "SMTPUTF8=",
                                      "RET=SOME",
                                      "RET",
                                      "ENVID=",
                                      "ENVID=a=b",
                                      "ENVID=+zz",
                                      "ENVID=+0D+0A",
                                      "AUTH=+",
                                      "AUTH",
                                      "=1",
                                      "-A=1",
                                      "A_B=1",
                                      "MT-PRIORITY",
                                      "MT-PRIORITY=10",
                                      "HOLDFOR=0",
                                      "HOLDUNTIL=soon",
                                      "BY=0;R",
                                      "BY=1"}) {
    EXPECT_EQ(mail_refusal(std::string("FROM:<a@b> ") + parameter), syntax) << parameter;
  }
}

TEST(ParseMail, SizeBeyond64BitsIsTheLargestThereIs) {
  EXPECT_EQ(mail("FROM:<a@b> SIZE=99999999999999999999").size, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(mail("FROM:<a@b> SIZE=0").size, 0u);
}

TEST(ParseMail, EnvidOf100OctetsIsTheLongest) {
  EXPECT_EQ(mail("FROM:<a@b> ENVID=" + std::string(100, 'x')).envelope_id.size(), 100u);
  EXPECT_EQ(mail_refusal("FROM:<a@b> ENVID=" + std::string(101, 'x')), syntax);
}

TEST(ParseMail, Utf8NeedsTheParameterBehindIt) {
  EXPECT_EQ(mail_refusal("FROM:<j\u00fc@b>"), (PublicStatus{553, {5, 6, 7}}));
  EXPECT_EQ(mail("FROM:<j\u00fc@b> SMTPUTF8").reverse_path.local, "j\u00fc");
}

TEST(ParseMail, AuthIsUnderstoodInAnyEsmtpSession) {
  Extensions offered;
  offered.pipelining = true;
  EXPECT_EQ(mail("FROM:<a@b> AUTH=user+40example.net", offered).reverse_path.local, "a");
}

TEST(ParseRcpt, TakesPathNotifyAndOrcpt) {
  const mail::Recipient recipient = rcpt("TO:<x@y> NOTIFY=success,Delay ORCPT=rfc822;x+2By@z");
  EXPECT_EQ(recipient.address, (mail::Address{"x", "y"}));
  EXPECT_EQ(recipient.notify.bits, mail::Notify::success | mail::Notify::delay);
  EXPECT_EQ(recipient.original_recipient, "rfc822;x+2By@z");
  EXPECT_EQ(rcpt("TO:<x@y> NOTIFY=NEVER").notify.bits, mail::Notify::never);
  EXPECT_EQ(rcpt("TO:<Postmaster>").address, (mail::Address{"postmaster", ""}));
}

TEST(ParseRcpt, ImpossibleValuesAre501) {
  for (const char* const parameter :
       {"NOTIFY=", "NOTIFY=SOMETIMES", "NOTIFY=NEVER,DELAY", "NOTIFY=SUCCESS,", "NOTIFY=,", "ORCPT=rfc822",
        "ORCPT=;a@b", "ORCPT=rfc822;", "ORCPT=rfc822;a=b", "ORCPT=rfc822;+0A", "ORCPT=r c;a", "ORCPT=utf-8;\\x{}"}) {
    EXPECT_EQ(rcpt_refusal(std::string("TO:<x@y> ") + parameter), syntax) << parameter;
  }
  EXPECT_EQ(rcpt_refusal("TO:<x@y> ORCPT=rfc822;" + std::string(494, 'x')), syntax);
}

TEST(ParseRcpt, RefusesWhatMailRefuses) {
  EXPECT_EQ(rcpt_refusal("TO:<>"), (PublicStatus{501, {5, 1, 3}}));
  EXPECT_EQ(rcpt_refusal("TO:x@y"), syntax);
  EXPECT_EQ(rcpt_refusal("TO:<x@y> SIZE=1"), unrecognized);
  EXPECT_EQ(rcpt_refusal("TO:<x@y> NOTIFY=DELAY NOTIFY=DELAY"), syntax);
  EXPECT_FALSE(parse_rcpt("TO:<x@y> NOTIFY=DELAY", Extensions{}, false));
}

TEST(ParseRcpt, Utf8FollowsTheTransaction) {
  EXPECT_EQ(rcpt_refusal("TO:<j\u00fc@b>"), (PublicStatus{553, {5, 6, 7}}));
  EXPECT_EQ(rcpt("TO:<j\u00fc@b> ORCPT=utf-8;j\u00fc@b", true).address.local, "j\u00fc");
  EXPECT_EQ(rcpt_refusal("TO:<x@y> ORCPT=utf-8;j\u00fc@b"), syntax);
  EXPECT_EQ(rcpt("TO:<x@y> ORCPT=utf-8;j\\x{FC}@b").original_recipient, "utf-8;j\\x{FC}@b");
}

TEST(ParseBdat, TakesSizeAndLast) {
  EXPECT_EQ(parse_bdat("1000")->octets, 1000u);
  EXPECT_FALSE(parse_bdat("1000")->last);
  EXPECT_TRUE(parse_bdat("0 last")->last);
  for (const char* const argument :
       {"", "many", "-1", "10 FIRST", "10 LAST LAST", "LAST", "99999999999999999999", "1LAST"}) {
    EXPECT_FALSE(parse_bdat(argument)) << argument;
    EXPECT_EQ(parse_bdat(argument).error().status, syntax);
  }
}

TEST(ParseHelo, TakesDomainsLiteralsAndUnderscores) {
  for (const char* const name :
       {"client.example.net", "PC_17", "_x.local", "[192.0.2.1]", "[IPv6:::1]", "192.0.2.1", "a"}) {
    EXPECT_EQ(parse_helo(name).value(), name);
  }
}

TEST(ParseHelo, RefusesEverythingElse) {
  for (const char* const name :
       {"", "two words", "a..b", "-a", "a;b", "[]", "[300.1.1.1]", "<a>", "a@b", "b\u00fccher"}) {
    EXPECT_EQ(parse_helo(name).error().status, syntax) << name;
  }
  EXPECT_FALSE(parse_helo(std::string(256, 'a')));
}

}  // namespace
}  // namespace ringpost::smtp
