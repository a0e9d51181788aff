#include "smtp/extensions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "smtp/limits.h"
#include "smtp/reply.h"

namespace ringpost::smtp {
namespace {

using testing::ElementsAre;

Extensions offered_by(std::initializer_list<std::string_view> lines) {
  Reply reply(250, "SIZE 5 is the name of this host");
  for (const std::string_view line : lines) reply.add_line(line);
  return Extensions::from_ehlo_reply(reply);
}

TEST(Extensions, FirstLineIsNoKeyword) {
  EXPECT_EQ(offered_by({}), Extensions{});
}

TEST(Extensions, EveryKeywordIsReadInAnyCase) {
  const Extensions offered = offered_by(
      {"pipelining", "SIZE 1000", "8BitMime", "CHUNKING", "BINARYMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES",
       "STARTTLS", "RequireTLS", "AUTH plain SCRAM-SHA-256", "X-UNKNOWN 1", "mt-priority STANAG4406", "DELIVERBY 240",
       "FUTURERELEASE 86400 2026-11-24T00:00:00Z", "LIMITS MAILMAX=10 RCPTMAX=20 OTHER=1 RCPTDOMAINMAX=3"});
  Extensions expected;
  expected.pipelining = expected.size = expected.eight_bit_mime = expected.chunking = expected.binary_mime = true;
  expected.smtputf8 = expected.dsn = expected.enhanced_status_codes = expected.starttls = true;
  expected.requiretls = true;
  expected.mt_priority = expected.deliver_by = true;
  expected.deliver_by_min_seconds = 240;
  expected.future_release_seconds = 86'400;
  expected.future_release_until = {1'795'478'400'000};
  expected.size_max = 1000;
  expected.auth_mechanisms = {"PLAIN", "SCRAM-SHA-256"};
  expected.mail_max = 10;
  expected.rcpt_max = 20;
  expected.rcpt_domain_max = 3;
  EXPECT_EQ(offered, expected);
  EXPECT_TRUE(offered.offers_auth("Plain"));
  EXPECT_FALSE(offered.offers_auth("LOGIN"));
}

TEST(Extensions, WhatWePrintReadsBackAsTheSame) {
  Extensions ours;
  ours.pipelining = ours.size = ours.eight_bit_mime = ours.chunking = ours.binary_mime = true;
  ours.smtputf8 = ours.dsn = ours.enhanced_status_codes = ours.starttls = ours.requiretls = true;
  ours.mt_priority = ours.deliver_by = true;
  ours.future_release_seconds = 604'800;
  ours.future_release_until = {1'795'478'400'000};
  ours.size_max = 50 << 20;
  ours.auth_mechanisms = {"SCRAM-SHA-256", "PLAIN"};
  ours.mail_max = 7;
  ours.rcpt_domain_max = 1;
  Reply reply(250, "host");
  for (const std::string& line : ours.keyword_lines()) reply.add_line(line);
  EXPECT_EQ(Extensions::from_ehlo_reply(reply), ours);
  EXPECT_THAT(ours.keyword_lines(), testing::Contains("LIMITS MAILMAX=7 RCPTDOMAINMAX=1"));
  EXPECT_THAT(ours.keyword_lines(), testing::Contains("MT-PRIORITY MIXER"));
  EXPECT_THAT(ours.keyword_lines(), testing::Contains("DELIVERBY"));
  EXPECT_TRUE(Extensions{}.keyword_lines().empty());
}

TEST(Extensions, HandoffNeedsATokenOfPlainCharacters) {
  EXPECT_EQ(offered_by({"xhandoff 0123456789abcdef more"}).handoff, "0123456789abcdef");
  for (const std::string& line :
       {std::string("XHANDOFF"), std::string("XHANDOFF a-b"), "XHANDOFF " + std::string(65, 'a')})
    EXPECT_EQ(offered_by({line}).handoff, "") << line;
  Extensions ours;
  ours.handoff = "abc";
  EXPECT_THAT(ours.keyword_lines(), ElementsAre("XHANDOFF abc"));
}

TEST(Extensions, SizeWithoutANumberStatesNoMaximum) {
  for (const std::string_view line : {"SIZE", "SIZE 0", "SIZE lots", "SIZE 99999999999999999999"}) {
    const Extensions offered = offered_by({line});
    EXPECT_TRUE(offered.size) << line;
    EXPECT_EQ(offered.size_max, 0u) << line;
  }
}

TEST(Extensions, OldFormOfAuthAddsNothingTwice) {
  EXPECT_THAT(offered_by({"AUTH PLAIN LOGIN", "AUTH=PLAIN LOGIN"}).auth_mechanisms, ElementsAre("PLAIN", "LOGIN"));
  EXPECT_THAT(offered_by({"AUTH=LOGIN"}).auth_mechanisms, ElementsAre("LOGIN"));
}

TEST(Extensions, MechanismsAreBoundedInNumberAndForm) {
  std::string line = "AUTH bad;name " + std::string(21, 'X');
  for (int i = 0; i < 1000; ++i) line += " M" + std::to_string(i);
  EXPECT_EQ(offered_by({line}).auth_mechanisms.size(), limits::auth_mechanisms_max);
  EXPECT_EQ(offered_by({line}).auth_mechanisms.front(), "M0");
}

TEST(Extensions, BinarymimeWithoutChunkingIsDropped) {
  EXPECT_FALSE(offered_by({"BINARYMIME"}).binary_mime);
}

TEST(Extensions, LimitsWeCannotReadAreNotThere) {
  EXPECT_EQ(offered_by({"LIMITS RCPTMAX=many MAILMAX RCPTDOMAINMAX=99999999999 =5"}), Extensions{});
}

}  // namespace
}  // namespace ringpost::smtp
