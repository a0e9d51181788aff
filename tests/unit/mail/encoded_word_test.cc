#include "mail/encoded_word.h"

#include <gtest/gtest.h>

#include <string>

#include "mail/address.h"

namespace ringpost::mail {
namespace {

std::string decoded(std::string_view text) {
  return decode_words(text).text;
}

TEST(EncodedWord, PlainTextStaysAsItIs) {
  EXPECT_EQ(decoded("Ann Lee"), "Ann Lee");
  EXPECT_FALSE(decode_words("Ann =? Lee ?=").any_encoded);
  EXPECT_EQ(decoded("=?"), "=?");
  EXPECT_EQ(decoded("=?utf-8?q?open"), "=?utf-8?q?open");
  EXPECT_EQ(decoded("=?utf-8?x?Ann?="), "=?utf-8?x?Ann?=");
  EXPECT_EQ(decoded("=??q?Ann?="), "=??q?Ann?=");
}

TEST(EncodedWord, BothEncodingsAreDecoded) {
  EXPECT_EQ(decoded("=?UTF-8?Q?Ann_L=C3=A9e?="), "Ann Lée");
  EXPECT_EQ(decoded("=?utf-8?B?QW5uIEzDqWU=?="), "Ann Lée");
  EXPECT_EQ(decoded("=?utf-8?b?QW5uIEzDqWU?="), "Ann Lée");
  EXPECT_EQ(decoded("=?utf-8?q?" "?="), "");
  EXPECT_EQ(decoded("=?utf-8?q?=4?="), "=4");
}

TEST(EncodedWord, CharsetsAreConverted) {
  EXPECT_EQ(decoded("=?iso-8859-1?q?J=F6rg?="), "Jörg");
  EXPECT_EQ(decoded("=?windows-1251?b?wO3t?="), "Анн");
  EXPECT_EQ(decoded("=?iso-2022-jp?b?GyRCOzNFRBsoQg==?="), "山田");
  EXPECT_EQ(decoded("=?utf-7?q?+AEE-nn?="), "Ann");
  EXPECT_EQ(decoded("=?us-ascii*en-us?q?Ann?="), "Ann");
}

TEST(EncodedWord, NeighboursAreJoined) {
  EXPECT_EQ(decoded("=?utf-8?q?An?= \r\n =?utf-8?q?n?="), "Ann");
  EXPECT_EQ(decoded("=?utf-8?q?An?==?iso-8859-1?q?n?="), "Ann");
  EXPECT_EQ(decoded("=?utf-8?q?An?= n"), "An n");
  EXPECT_EQ(decoded("=?utf-8?b?w5Y=?= =?utf-8?q?=C3?= =?UTF-8?q?=96?="), "ÖÖ");
}

TEST(EncodedWord, WhatOnlySomeProgramsDecodeIsDecoded) {
  EXPECT_EQ(decoded("x=?utf-8?q?Ann?=y"), "xAnny");
  EXPECT_EQ(decoded("=?utf-8?q?Ann Lee?="), "Ann Lee");
  EXPECT_EQ(decoded("=?utf-8?b?QW5 u\tIEx l-ZQ?="), "Ann Lee");
}

TEST(EncodedWord, UnknownCharsetStaysAndIsMarked) {
  const DecodedText text = decode_words("=?x-nobody-has-it?q?Ann?= Lee");
  EXPECT_TRUE(text.unknown_charset);
  EXPECT_EQ(text.text, "=?x-nobody-has-it?q?Ann?= Lee");
}

TEST(EncodedWord, ACharsetIsNeverThePathOfAFile) {
  for (const std::string_view charset : {"../../tmp/x", "/tmp/x", "utf-8,version=1", "x\\y"})
    EXPECT_TRUE(decode_words("=?" + std::string(charset) + "?q?Ann?=").unknown_charset) << charset;
}

TEST(EncodedWord, DamageIsMarkedAndTheResultIsUtf8) {
  for (const std::string_view text : {"=?utf-8?q?=FF?=", "J\xf6rg", "=?utf-16be?q?=D8?=", "=?x?q?\xff?="}) {
    const DecodedText result = decode_words(text);
    EXPECT_TRUE(result.damaged) << text;
    EXPECT_TRUE(valid_utf8(result.text)) << text;
  }
}

TEST(EncodedWord, TheResultIsBounded) {
  const DecodedText result = decode_words("=?iso-8859-1?q?x" + std::string(60'000, '\xf6') + "?=");
  EXPECT_TRUE(result.damaged);
  EXPECT_LE(result.text.size(), decoded_octets_max);
  EXPECT_TRUE(valid_utf8(result.text));
}

TEST(EncodedWord, NothingIsDecodedTwice) {
  EXPECT_EQ(decoded("=?utf-8?q?=3D=3Futf-8=3Fq=3FAnn=3F=3D?="), "=?utf-8?q?Ann?=");
}

}  // namespace
}  // namespace ringpost::mail
