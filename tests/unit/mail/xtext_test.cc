#include "mail/xtext.h"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::mail {
namespace {

TEST(Xtext, EveryOctetSurvivesTheRoundTrip) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const std::string encoded = encode_xtext(all);
  EXPECT_TRUE(valid_xtext(encoded));
  EXPECT_EQ(decode_xtext(encoded).value(), all);
}

TEST(Xtext, PlusAndEqualsAreWrittenAsHexCapitals) {
  EXPECT_EQ(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  EXPECT_EQ(encode_xtext("\xff"), "+FF");
}

TEST(Xtext, BrokenEscapesAreRefused) {
  for (const char* const text : {"+", "+2", "a+2b", "+G0", "a=b", "a b", "\x7f", "\xc3\xbc"}) {
    EXPECT_FALSE(valid_xtext(text)) << text;
    EXPECT_EQ(decode_xtext(text).error().status, (PublicStatus{501, {5, 5, 4}}));
  }
}

TEST(Utf8Addr, UnicodeNeedsSmtputf8OrItsEscape) {
  EXPECT_TRUE(valid_utf8_addr("j\\x{FC}rgen@example.net", false));
  EXPECT_FALSE(valid_utf8_addr("j\u00fcrgen@example.net", false));
  EXPECT_TRUE(valid_utf8_addr("j\u00fcrgen@example.net", true));
}

TEST(Utf8Addr, EscapesMustNameACharacter) {
  for (const char* const text : {"", "\\", "\\x{", "\\x{F", "\\x{F}", "\\x{D800}", "\\x{110000}", "\\x{0000041}",
                                 "\\x{fc}", "a\\b", "a=b", "a+b", "a b", "\xfc"}) {
    EXPECT_FALSE(valid_utf8_addr(text, true)) << text;
  }
  EXPECT_TRUE(valid_utf8_addr("\\x{10FFFF}\\x{5C}", false));
}

TEST(Utf8Addr, EveryCharacterSurvivesTheRoundTrip) {
  const std::string address = "a+b=c\\ \u00fc\u20ac\U0001f4e8\U0010ffff@\u00fc.example";
  const std::string encoded = encode_utf8_addr(address);
  EXPECT_EQ(encoded, "a\\x{2B}b\\x{3D}c\\x{5C}\\x{20}\\x{FC}\\x{20AC}\\x{1F4E8}\\x{10FFFF}@\\x{FC}.example");
  EXPECT_TRUE(valid_utf8_addr(encoded, false));
  EXPECT_EQ(decode_utf8_addr(encoded).value(), address);
  EXPECT_EQ(decode_utf8_addr("j\u00fcrgen").value(), "j\u00fcrgen");
}

TEST(Utf8Addr, WhatIsNotUtf8IsWrittenOctetByOctet) {
  EXPECT_EQ(encode_utf8_addr("a\xfc\x01"), "a\\x{FC}\\x{01}");
  EXPECT_EQ(decode_utf8_addr("a\xfc").error().status, (PublicStatus{501, {5, 5, 4}}));
}

}  // namespace
}  // namespace ringpost::mail
