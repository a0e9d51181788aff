#include "policy/display_name.h"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::policy {
namespace {

class DisplayNameTest : public testing::Test {
 protected:
  std::string rule(std::string_view name, const mail::Identity* identity = nullptr) const {
    const auto own = [](const mail::Address& address) {
      return address.local == "ann" && address.domain == "example.com";
    };
    return std::string(names_.check(name, identity, own).rule);
  }

  DisplayNames names_{
      {"Chief Executive", "Postmaster"},
      {{"Ann Lee", "ann"}, {"Bob Marley", "bob"}, {"Zoe", "zoe"}, {"", "nobody"}, {"Paul Ilves", "paul"}}};
  mail::Identity ann_{.login = "ann", .display_name = "Ann Lee", .addresses = {}};
  mail::Identity other_{.login = "ann2", .display_name = "Ann Lee Smith", .addresses = {}};
};

TEST_F(DisplayNameTest, AnotherAccountsNameIsProtected) {
  EXPECT_EQ(rule("Ann Lee"), "display-name-protected");
  EXPECT_EQ(rule("Bob Marley", &ann_), "display-name-protected");
  EXPECT_EQ(rule("Ann Lee", &ann_), "");
  EXPECT_EQ(rule("Carl Marx"), "");
  EXPECT_EQ(rule(""), "");
}

TEST_F(DisplayNameTest, WordsCountInAnyOrderAndBetweenOthers) {
  for (const std::string_view name : {"Lee, Ann", "Ann Lee (office)", "Dr. Ann Lee", "ann.lee", "Ann_Lee",
                                      "'Ann Lee' via List", "AnnLee", "A n n L e e", "Ann-Lee"})
    EXPECT_EQ(rule(name), "display-name-protected") << name;
  EXPECT_EQ(rule("Ann Leeds"), "");
  EXPECT_EQ(rule("Joann Lee"), "");
  EXPECT_EQ(rule("Ann Marie Lee"), "");
}

TEST_F(DisplayNameTest, AProtectedWordCountsAnywhereAndAnAccountsSingleWordOnlyAlone) {
  EXPECT_EQ(rule("Your postmaster"), "display-name-protected");
  EXPECT_EQ(rule("The Chief Executive", &ann_), "display-name-protected");
  EXPECT_EQ(rule("zoe"), "display-name-protected");
  EXPECT_EQ(rule("Zoe Miller"), "");
}

TEST_F(DisplayNameTest, LookAlikesAreTheSame) {
  for (const std::string_view name :
       {"ANN LEE", "ａｎｎ ｌｅｅ", "Аnn Lее" /* Cyrillic A, ie */, "АNN LЕЕ", "Ann Iee", "Ann 1ee", "Ann |ee",
        "Ánn Lée", "Ann\u00a0Lee", "A\u200bnn L\u00adee", "Ann\u2060 Lee", "𝐀𝐧𝐧 𝐋𝐞𝐞", "Ann\u3000Lee"})
    EXPECT_EQ(rule(name), "display-name-protected") << name;
  EXPECT_EQ(rule("Bob Madey"), "");
  EXPECT_EQ(rule("B0b Marley"), "display-name-protected");
  EXPECT_EQ(rule("Bob Rnarley"), "display-name-protected");
  EXPECT_EQ(rule("PauI Ilves"), "display-name-protected");
  EXPECT_EQ(rule("Paul llves"), "display-name-protected");
}

TEST_F(DisplayNameTest, EncodedWordsAreDecodedFirst) {
  EXPECT_EQ(rule("=?utf-8?b?QW5uIExlZQ==?="), "display-name-protected");
  EXPECT_EQ(rule("=?utf-8?q?Ann?= =?iso-8859-1?q?_Lee?="), "display-name-protected");
  EXPECT_EQ(rule("=?utf-8?q?A?==?utf-8?q?nn?= Lee"), "display-name-protected");
  EXPECT_EQ(rule("=?x-nobody-has-it?q?Ann?="), "display-name-unreadable");
  EXPECT_EQ(rule("=?utf-8?q?=FF?="), "display-name-unreadable");
}

TEST_F(DisplayNameTest, WritingDirectionMayNotBeForced) {
  EXPECT_EQ(rule("\u202e"
                 "eeL nnA"),
            "display-name-direction");
  EXPECT_EQ(rule("=?utf-8?q?=E2=80=AEx?="), "display-name-direction");
  EXPECT_EQ(rule("\u200f"
                 "אבא"),
            "");
}

TEST_F(DisplayNameTest, AnAddressInTheNameHasToBeTheMailboxes) {
  EXPECT_EQ(rule("boss@example.com"), "display-name-address");
  EXPECT_EQ(rule("\"boss @ example.com\""), "display-name-address");
  EXPECT_EQ(rule("'boss@example.com' via x"), "display-name-address");
  EXPECT_EQ(rule("boss＠example.com"), "display-name-address");
  EXPECT_EQ(rule("=?utf-8?q?boss=40example=2Ecom?="), "display-name-address");
  EXPECT_EQ(rule("ann@example.com boss@example.com"), "display-name-address");
  EXPECT_EQ(rule("Ann@Example.com"), "");
  EXPECT_EQ(rule("'ann@example.com'"), "");
  EXPECT_EQ(rule("Team @ Work"), "");
}

TEST_F(DisplayNameTest, WhatLiesInOnesOwnNameIsOnesOwn) {
  EXPECT_EQ(rule("Ann Lee Smith", &other_), "");
  EXPECT_EQ(rule("Dr. Ann Lee Smith", &other_), "");
  EXPECT_EQ(rule("Smith, Ann Lee", &other_), "");
  EXPECT_EQ(rule("Ann Lee", &other_), "display-name-protected");
  EXPECT_EQ(rule("Ann Lee Smith and Ann Lee", &other_), "display-name-protected");
  EXPECT_EQ(rule("AnnLeeSmith", &other_), "");
}

TEST_F(DisplayNameTest, NamesAreBounded) {
  EXPECT_EQ(rule(std::string(DisplayNames::name_octets_max + 1, 'x')), "display-name-too-long");
  std::string words;
  for (int i = 0; i < 65; ++i) words += "w ";
  EXPECT_EQ(rule(words), "display-name-too-long");
}

}  // namespace
}  // namespace ringpost::policy
