#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace ringpost {
namespace {

std::uint32_t bit_by_bit(std::string_view octets) {
  std::uint32_t crc = ~0U;
  for (const char octet : octets) {
    crc ^= static_cast<unsigned char>(octet);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

TEST(Crc32c, GivesTheValuesOfTheStandard) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);  // RFC 3720 B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, OfAnyLengthIsWhatTheDefinitionGives) {
  std::mt19937_64 random(1);
  std::string octets(20'000, '\0');
  for (char& c : octets) c = static_cast<char>(random());
  for (const std::size_t n : {1, 7, 8, 63, 383, 384, 385, 768, 3071, 3072, 3073, 3456, 6151, 10'240, 19'999}) {
    const auto part = std::string_view(octets).substr(n % 5, n);
    EXPECT_EQ(crc32c(part), bit_by_bit(part)) << n;
  }
}

TEST(Crc32c, IsContinuedByItsSeed) {
  std::string octets(9000, '\0');
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<char>(i * 7);
  for (const std::size_t cut : {0, 1, 400, 3500, 8999, 9000}) {
    const std::string_view all(octets);
    EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all)) << cut;
  }
}

}  // namespace
}  // namespace ringpost
