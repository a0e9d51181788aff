#include "bench/dot_finder.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

namespace ringpost::bench {
namespace {

// Octet by octet, from the words of RFC 5321 alone.
std::optional<std::size_t> reference(const std::string& octets) {
  const std::string seen = "\r\n" + octets;
  const auto at = seen.find("\r\n.\r\n");
  if (at == std::string::npos) return std::nullopt;
  return at + 5 - 2;
}

std::optional<std::size_t> in_pieces(const std::string& octets, std::mt19937& random, std::size_t piece_max) {
  DotFinder finder;
  std::size_t at = 0;
  while (at < octets.size()) {
    const std::size_t count = std::min(octets.size() - at, random() % piece_max + 1);
    const auto end = finder.feed(std::string_view(octets).substr(at, count));
    if (end) return at + *end;
    at += count;
  }
  return std::nullopt;
}

TEST(DotFinder, ADotOnTheFirstLineIsAnEmptyMessage) {
  DotFinder finder;
  EXPECT_EQ(finder.feed(".\r\nQUIT\r\n"), 3U);
}

TEST(DotFinder, NothingButCrlfDotCrlfEndsAMessage) {
  for (const std::string octets : {"a\n.\n", "a\r\n.\n", "a\n.\r\n", "a\r.\r", "a\r\n.\r", "a\r\n..\r\n", "a.\r\n",
                                   "a\r\n.a\r\n", "a\r\n.\r\r\n", "\r.\r\n"}) {
    DotFinder finder;
    EXPECT_EQ(finder.feed(octets), std::nullopt) << testing::PrintToString(octets);
  }
}

TEST(DotFinder, IsReadyForTheNextMessageAfterEachEnd) {
  DotFinder finder;
  EXPECT_EQ(finder.feed("a\r\n.\r\n"), 6U);
  EXPECT_EQ(finder.feed(".\r\n"), 3U);
  EXPECT_EQ(finder.feed("a\r\n."), std::nullopt);
  EXPECT_EQ(finder.feed("\r"), std::nullopt);
  EXPECT_EQ(finder.feed("\nb"), 1U);
}

TEST(DotFinder, AgreesWithTheReferenceHoweverCut) {
  std::mt19937 random(5321);
  for (int round = 0; round < 20'000; ++round) {
    std::string octets;
    const std::size_t length = random() % 24;
    for (std::size_t i = 0; i < length; ++i) octets += "\r\n.a\r\n."[random() % 7];
    const auto expected = reference(octets);
    DotFinder whole;
    ASSERT_EQ(whole.feed(octets), expected) << testing::PrintToString(octets);
    ASSERT_EQ(in_pieces(octets, random, 1), expected) << testing::PrintToString(octets);
    ASSERT_EQ(in_pieces(octets, random, 5), expected) << testing::PrintToString(octets);
  }
}

}  // namespace
}  // namespace ringpost::bench
