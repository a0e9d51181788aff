#include "dns/tlsa.h"

#include <gtest/gtest.h>

namespace ringpost::dns {
namespace {

std::string rdata(int usage, int selector, int matching, std::size_t octets) {
  return std::string{static_cast<char>(usage), static_cast<char>(selector), static_cast<char>(matching)} +
         std::string(octets, 'x');
}

bool usable(int usage, int selector, int matching, std::size_t octets) {
  const auto record = parse_tlsa(rdata(usage, selector, matching, octets));
  return record && record->usable();
}

TEST(Tlsa, IsReadFieldByField) {
  const auto record = parse_tlsa(rdata(3, 1, 2, 64));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(*record, (Tlsa{.usage = 3, .selector = 1, .matching = 2, .data = std::string(64, 'x')}));
}

TEST(Tlsa, WithoutDataOrWithTooMuchIsBroken) {
  EXPECT_FALSE(parse_tlsa("").has_value());
  EXPECT_FALSE(parse_tlsa(rdata(3, 1, 1, 0)).has_value());
  EXPECT_TRUE(parse_tlsa(rdata(3, 0, 0, Tlsa::data_octets_max)).has_value());
  EXPECT_FALSE(parse_tlsa(rdata(3, 0, 0, Tlsa::data_octets_max + 1)).has_value());
}

TEST(Tlsa, OnlyWhatMailCanBeProtectedWithIsUsable) {
  for (const int usage : {2, 3}) {
    for (const int selector : {0, 1}) {
      EXPECT_TRUE(usable(usage, selector, 0, 1));
      EXPECT_TRUE(usable(usage, selector, 1, 32));
      EXPECT_TRUE(usable(usage, selector, 2, 64));
      EXPECT_FALSE(usable(usage, selector, 1, 31));
      EXPECT_FALSE(usable(usage, selector, 2, 32));
      EXPECT_FALSE(usable(usage, selector, 3, 32));
      EXPECT_FALSE(usable(usage, selector, 255, 32));
    }
    EXPECT_FALSE(usable(usage, 2, 1, 32));
  }
  for (const int usage : {0, 1, 4, 255}) EXPECT_FALSE(usable(usage, 1, 1, 32)) << usage;
}

}  // namespace
}  // namespace ringpost::dns
