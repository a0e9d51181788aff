#include "mail/body_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "mail/octet_masks.h"

namespace ringpost::mail {
namespace {

BodyFacts facts_of(std::string_view body) {
  BodyScan scan;
  scan.feed(body);
  scan.finish();
  return scan.facts();
}

template <class Look>
void expect_same(const char* block) {
  Look look;
  PortableLook portable;
  look.gather(block);
  portable.gather(block);
  EXPECT_EQ(Look::at(block), PortableLook::at(block));
  EXPECT_EQ(look.any_nul(), portable.any_nul());
  EXPECT_EQ(look.any_high(), portable.any_high());
}

TEST(OctetMasks, VectorUnitsAndArithmeticSeeTheSame) {
  std::mt19937 random(64);
  constexpr std::string_view likely = "\r\n.\x7f\x0b\x0c\x0e\x01\x02 /-az";
  for (int round = 0; round < 20'000; ++round) {
    char block[mask_block_octets];
    const unsigned rare = random() % 400;  // blocks without NUL and without 8-bit octets must occur too
    for (char& c : block) c = random() % 400 < rare ? static_cast<char>(random()) : likely[random() % likely.size()];
    expect_same<BaseLook>(block);
#if defined(__SSE2__)
    if (Avx2Look::possible()) expect_same<Avx2Look>(block);
    if (Avx512Look::possible()) expect_same<Avx512Look>(block);
#endif
    ASSERT_FALSE(HasFailure());
    PortableLook portable;
    portable.gather(block);
    const OctetMasks masks = PortableLook::at(block);
    ASSERT_EQ(portable.any_nul(), std::any_of(block, block + sizeof block, [](char c) { return c == 0; }));
    ASSERT_EQ(portable.any_high(), std::any_of(block, block + sizeof block, [](char c) { return (c & 0x80) != 0; }));
    for (unsigned i = 0; i < mask_block_octets; ++i) {
      ASSERT_EQ(masks.cr >> i & 1, block[i] == '\r');
      ASSERT_EQ(masks.lf >> i & 1, block[i] == '\n');
      ASSERT_EQ(masks.dot >> i & 1, block[i] == '.');
    }
  }
}

TEST(OctetMasks, WhatIsGatheredStays) {
  BaseLook look;
  look.gather(ShortBlock("\0", 1).data());
  look.gather(ShortBlock("\x80", 1).data());
  look.gather(ShortBlock("a", 1).data());
  EXPECT_TRUE(look.any_nul());
  EXPECT_TRUE(look.any_high());
}

TEST(OctetMasks, ShortBlockSaysNothingAboutWhatIsNotThere) {
  EXPECT_EQ(BaseLook::at(ShortBlock(std::string(63, '.').data(), 63).data()).dot, ~0ULL >> 1);
  EXPECT_EQ(BaseLook::at(ShortBlock("\r", 1).data()).cr, 1U);
  BaseLook look;
  look.gather(ShortBlock("\r", 1).data());
  EXPECT_FALSE(look.any_nul());
}

TEST(BodyScan, LongestLineIsMeasuredWithoutItsCrlf) {
  EXPECT_EQ(facts_of("a\r\nbbb\r\ncc\r\n").line_octets_max, 3U);
  EXPECT_EQ(facts_of("a\r\nbbbb").line_octets_max, 4U);
  EXPECT_EQ(facts_of("\r\n").line_octets_max, 0U);
  EXPECT_EQ(facts_of(std::string(1000, 'x') + "\r\ny\r\n").line_octets_max, 1000U);
}

TEST(BodyScan, BareLineFeedDoesNotEndALine) {
  EXPECT_EQ(facts_of("aa\nbb\r\n").line_octets_max, 5U);
}

TEST(BodyScan, DotBehindABareLineEndingIsReportedToBeSafe) {
  EXPECT_TRUE(facts_of("a\n.b\r\n").dot_at_line_start);
  EXPECT_TRUE(facts_of("a\r.b\r\n").dot_at_line_start);
  EXPECT_TRUE(facts_of(".").dot_at_line_start);
  EXPECT_FALSE(facts_of("a.\r\n").dot_at_line_start);
}

TEST(BodyScan, DotBehindACrlfOnABlockBorderIsSeen) {
  for (std::size_t before = 60; before < 70; ++before) {
    const std::string lead(before, 'x');
    EXPECT_TRUE(facts_of(lead + "\r\n.y").dot_at_line_start) << before;
    EXPECT_FALSE(facts_of(lead + "\r\ny.").dot_at_line_start) << before;
    EXPECT_FALSE(facts_of(lead + "\r\n").bare_cr_or_lf) << before;
    EXPECT_TRUE(facts_of(lead + "\r").bare_cr_or_lf) << before;
    EXPECT_TRUE(facts_of(lead + "\n").bare_cr_or_lf) << before;
  }
}

TEST(BodyScan, OnlyCrlfCountsAsAnEnd) {
  EXPECT_TRUE(facts_of("").ends_with_crlf);
  EXPECT_TRUE(facts_of("a\r\n").ends_with_crlf);
  EXPECT_FALSE(facts_of("a\n").ends_with_crlf);
  EXPECT_FALSE(facts_of("a\r\nb").ends_with_crlf);
}

TEST(BodyScan, NulAndEightBitOctetsAreSeenAnywhere) {
  for (std::size_t before = 0; before < 140; ++before) {
    const std::string lead(before, 'x');
    EXPECT_TRUE(facts_of(lead + std::string(1, '\0')).nul);
    EXPECT_TRUE(facts_of(lead + "\xff").eight_bit);
    EXPECT_FALSE(facts_of(lead).nul || facts_of(lead).eight_bit);
  }
}

}  // namespace
}  // namespace ringpost::mail
