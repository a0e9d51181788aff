#include "bench/faults.h"

#include <gtest/gtest.h>

#include "bench/sink_options.h"

namespace ringpost::bench {
namespace {

TEST(Faults, ARuleWithoutSelectorAlwaysApplies) {
  Faults faults;
  ASSERT_TRUE(faults.add_reply("dot:550 5.7.1 no: not here"));
  const ReplyRule* rule = faults.reply(Stage::dot, {});
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->reply, "550 5.7.1 no: not here\r\n");
  EXPECT_EQ(faults.reply(Stage::rcpt, {}), nullptr);
}

TEST(Faults, AShareOfTheRepliesIsOther) {
  Faults faults;
  ASSERT_TRUE(faults.add_reply("rcpt:450 4.2.1 busy:10%"));
  int busy = 0;
  for (int i = 0; i < 10'000; ++i) busy += faults.reply(Stage::rcpt, {}) != nullptr ? 1 : 0;
  EXPECT_NEAR(busy, 1000, 200);
}

TEST(Faults, APatternIsAboutTheAddress) {
  Faults faults;
  ASSERT_TRUE(faults.add_reply("data:550 5.7.1 no:user3@*"));
  const std::vector<std::string> meant{"user2@a.example", "USER3@b.example"}, others{"user33@a.example"};
  EXPECT_NE(faults.reply(Stage::data, meant), nullptr);
  EXPECT_EQ(faults.reply(Stage::data, others), nullptr);
}

TEST(Faults, A421EndsTheSession) {
  Faults faults;
  ASSERT_TRUE(faults.add_reply("mail:421 4.3.2 closing"));
  EXPECT_TRUE(faults.reply(Stage::mail, {})->ends_session);
}

TEST(Faults, WhatMakesNoSenseIsRefused) {
  Faults faults;
  for (const char* text :
       {"", "rcpt", "rcpt:", "rcpt:busy", "rcpt:99 x", "rcpt:700 x", "nowhere:450 x", "body:450 x", "rcpt:450"}) {
    EXPECT_FALSE(faults.add_reply(text)) << text;
  }
  for (const char* text : {"data", "data:x", "data:101%", "data:-1%"})
    EXPECT_FALSE(faults.add_disconnect(text)) << text;
  for (const char* text : {"x", "nowhere:1s", "dot:1"}) EXPECT_FALSE(faults.add_delay(text)) << text;
  for (const char* text : {"0octets/s", "fast"}) EXPECT_FALSE(faults.set_tarpit(text)) << text;
}

TEST(Faults, DelaysAndTarpitsAreRead) {
  Faults faults;
  ASSERT_TRUE(faults.add_delay("10ms"));
  ASSERT_TRUE(faults.add_delay("rcpt:2s"));
  ASSERT_TRUE(faults.set_tarpit("1octet/s"));
  ASSERT_TRUE(faults.add_disconnect("body:100%"));
  EXPECT_EQ(faults.delay(Stage::dot), std::chrono::milliseconds(10));
  EXPECT_EQ(faults.delay(Stage::rcpt), std::chrono::seconds(2));
  EXPECT_EQ(faults.octets_per_second(), 1.0);
  EXPECT_TRUE(faults.disconnects(Stage::body));
  EXPECT_FALSE(faults.disconnects(Stage::dot));
}

TEST(Pattern, StarsStandForAnyOctets) {
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b*c", "a--b-b--c"));
  EXPECT_TRUE(matches_pattern("*@b.example", "x@B.Example"));
  EXPECT_FALSE(matches_pattern("a*b", "a--bc"));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_FALSE(matches_pattern("*aab", "aaac"));
}

TEST(SinkOptions, ExtensionsCanBeLeftOut) {
  smtp::Extensions offered = SinkOptions::everything();
  ASSERT_TRUE(remove_extensions(offered, "chunking,8BITMIME"));
  EXPECT_FALSE(offered.chunking || offered.binary_mime || offered.eight_bit_mime);
  EXPECT_TRUE(offered.pipelining);
  EXPECT_FALSE(remove_extensions(offered, "STARTTLS"));
}

}  // namespace
}  // namespace ringpost::bench
