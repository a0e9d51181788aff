#include "relay/sts_policy.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

using Mode = StsPolicy::Mode;

std::string txt(const std::string& text) {
  return static_cast<char>(text.size()) + text;
}

std::string id(const std::string& text) {
  return parse_sts_records({txt(text)}).value_or("none");
}

const std::string good =
    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmx: *.Example.NET\r\nmax_age: 604800\r\n";

TEST(StsRecord, HasOneIdOfLettersAndDigits) {
  EXPECT_EQ(id("v=STSv1; id=20160831085700Z;"), "20160831085700Z");
  EXPECT_EQ(id("v=STSv1;id=a"), "a");
  EXPECT_EQ(id("v=STSv1 ; x=y; id=a1 "), "a1");
  EXPECT_EQ(parse_sts_records({txt("v=STSv1; ") + txt("id=a;")}), "a");
  for (const std::string& text : {"v=STSv1", "v=STSv1;", "v=STSv1; id=;", "v=STSv1; id=a b;", "v=STSv2; id=a;", "id=a",
                                  "v=STSv1id=a;", "v=spf1 -all", ""}) {
    EXPECT_EQ(id(text), "none") << text;
  }
  EXPECT_EQ(id("v=STSv1; id=" + std::string(32, 'a')), std::string(32, 'a'));
  EXPECT_EQ(id("v=STSv1; id=" + std::string(33, 'a')), "none");
}

TEST(StsRecord, OthersBesideItAreNotLookedAtButASecondOneIsNone) {
  EXPECT_EQ(parse_sts_records({txt("v=spf1 -all"), txt("v=STSv1; id=a;")}), "a");
  EXPECT_EQ(parse_sts_records({txt("v=STSv1; id=a;"), txt("v=STSv1; id=a;")}), std::nullopt);
  EXPECT_EQ(parse_sts_records({}), std::nullopt);
  EXPECT_EQ(parse_sts_records({"\x20v=STSv1; id=a;"}), std::nullopt) << "cut short";
}

TEST(StsPolicy, IsReadFieldByField) {
  const auto policy = parse_sts_policy(good);
  ASSERT_TRUE(policy.has_value());
  EXPECT_EQ(policy->mode, Mode::enforce);
  EXPECT_EQ(policy->hosts, (std::vector<std::string>{"mail.example.org", "*.example.net"}));
  EXPECT_EQ(policy->max_age, std::chrono::seconds(604'800));
  EXPECT_EQ(parse_sts_policy("max_age:1\nmode:none\nversion:STSv1")->mode, Mode::none);
  EXPECT_EQ(parse_sts_policy(good + "other: field\nmode: none\nmax_age: 1\n\n"), policy) << "the first one counts";
  EXPECT_EQ(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 9999999999\n")->max_age, StsPolicy::age_max);
}

TEST(StsPolicy, WhatDoesNotFollowTheGrammarIsNone) {
  for (const std::string& text :
       {"", "version: STSv2\nmode: none\nmax_age: 1\n", "mode: none\nmax_age: 1\n", "version: STSv1\nmax_age: 1\n",
        "version: STSv1\nmode: none\n", "version: STSv1\nmode: strict\nmax_age: 1\n",
        "version: STSv1\nmode: none\nmax_age: -1\n", "version: STSv1\nmode: none\nmax_age: 12345678901\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\n", "version: STSv1\nmode: none\nmax_age: 1\nmx: *\n",
        "version: STSv1\nmode: none\nmax_age: 1\nmx: a b\n", "version: STSv1\nmode: none\nmax_age: 1\n<html>\n"}) {
    EXPECT_FALSE(parse_sts_policy(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_sts_policy(good + std::string(StsPolicy::octets_max, '\n')).has_value());
}

TEST(StsPolicy, AStarIsExactlyOneLabel) {
  const auto policy = parse_sts_policy(good);
  ASSERT_TRUE(policy.has_value());
  EXPECT_TRUE(policy->allows("mail.example.org"));
  EXPECT_TRUE(policy->allows("mx.example.net"));
  for (const std::string& host :
       {"example.net", "a.b.example.net", ".example.net", "mail.example.com", "xmail.example.org", ""})
    EXPECT_FALSE(policy->allows(host)) << host;
}

}  // namespace
}  // namespace ringpost::relay
