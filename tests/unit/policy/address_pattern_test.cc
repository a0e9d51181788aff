#include "policy/address_pattern.h"

#include <gtest/gtest.h>

#include <fstream>

#include "policy/sender_groups.h"
#include "support/temporary_directory.h"

namespace ringpost::policy {
namespace {

bool matches(std::string_view pattern, std::string_view address, bool ours = true) {
  const auto parsed = AddressPattern::parse(pattern);
  const auto mailbox = mail::parse_address(address, true, true);
  EXPECT_TRUE(parsed.has_value()) << pattern;
  EXPECT_TRUE(mailbox.has_value()) << address;
  return parsed && mailbox && parsed->matches(*mailbox, canonical_domain(mailbox->domain), ours);
}

TEST(AddressPattern, AnExactAddressIsItselfOnly) {
  EXPECT_TRUE(matches("ann@example.com", "ann@example.com"));
  EXPECT_FALSE(matches("ann@example.com", "anna@example.com"));
  EXPECT_FALSE(matches("ann@example.com", "ann@sub.example.com"));
  EXPECT_FALSE(matches("ann@example.com", "ann+x@example.com"));
}

TEST(AddressPattern, CaseOfTheLocalPartMattersOnlyInForeignDomains) {
  EXPECT_TRUE(matches("Ann@example.com", "aNN@EXAMPLE.com", true));
  EXPECT_FALSE(matches("Ann@example.com", "ann@example.com", false));
  EXPECT_TRUE(matches("Ann@Example.com", "Ann@example.COM", false));
  EXPECT_TRUE(matches("ÄNN@example.com", "änn@example.com", true));
}

TEST(AddressPattern, AWholeDomainIsThatDomainOnly) {
  EXPECT_TRUE(matches("*@example.com", "anybody@example.com"));
  EXPECT_TRUE(matches("*@example.com", "\"any body\"@example.com"));
  EXPECT_FALSE(matches("*@example.com", "ann@sub.example.com"));
  EXPECT_FALSE(matches("*@example.com", "ann@notexample.com"));
}

TEST(AddressPattern, SubaddressesNeedThePlus) {
  EXPECT_TRUE(matches("ann+*@example.com", "ann+lists@example.com"));
  EXPECT_TRUE(matches("ann+*@example.com", "Ann+Lists+more@example.com"));
  EXPECT_FALSE(matches("ann+*@example.com", "ann@example.com"));
  EXPECT_FALSE(matches("ann+*@example.com", "ann+@example.com"));
  EXPECT_FALSE(matches("ann+*@example.com", "anna+x@example.com"));
}

TEST(AddressPattern, ALabelAndULabelAreTheSameDomain) {
  EXPECT_TRUE(matches("ann@müller.example", "ann@xn--mller-kva.example"));
  EXPECT_TRUE(matches("*@XN--MLLER-KVA.example", "ann@MÜLLER.example"));
  EXPECT_TRUE(matches("ann@example.com", "ann@ｅxample.com"));
}

TEST(AddressPattern, WhatIsNoneIsRefused) {
  for (const std::string_view text : {"", "ann", "*", "@example.com", "*@", "ann@", "*@*.example.com", "a*@example.com",
                                      "+*@example.com", "ann@exa mple.com", "ann@*", "*+*@example.com", "group:x"})
    EXPECT_FALSE(AddressPattern::parse(text).has_value()) << text;
}

class SenderGroupsTest : public testing::Test {
 protected:
  Result<SenderGroups> read(std::string_view text) const {
    std::ofstream(file_) << text;
    return SenderGroups::read(file_);
  }
  const test::TemporaryDirectory directory_;
  const std::string file_ = directory_.path() + "/groups";
};

TEST_F(SenderGroupsTest, EveryLineIsAGroup) {
  const auto groups = read("# roles\n\nsupport: help@example.com ,support+*@example.com\r\n  sales:*@shop.example\n");
  ASSERT_TRUE(groups.has_value()) << groups.error().reason;
  ASSERT_NE(groups->find("support"), nullptr);
  EXPECT_EQ(groups->find("support")->size(), 2U);
  EXPECT_NE(groups->find("sales"), nullptr);
  EXPECT_EQ(groups->find("Sales"), nullptr);
}

TEST_F(SenderGroupsTest, ErrorsNameTheLine) {
  for (const std::string_view bad : {"support", "support:", "a b: x@y.example", ": x@y.example", "s: x@y.example,",
                                     "s: x", "s: group:t", "ok: a@b.example\nok: c@d.example"}) {
    const auto groups = read("# first line\n" + std::string(bad) + "\n");
    ASSERT_FALSE(groups.has_value()) << bad;
    EXPECT_EQ(groups.error().kind, ErrorKind::invalid);
    EXPECT_NE(groups.error().reason.find(bad.starts_with("ok") ? " line 3: " : " line 2: "), std::string::npos) << bad;
  }
  EXPECT_EQ(SenderGroups::read("/does/not/exist").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ringpost::policy
