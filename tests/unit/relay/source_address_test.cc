#include "relay/source_address.h"

#include <gtest/gtest.h>

#include <map>

namespace ringpost::relay {
namespace {

TEST(SourceAddress, HasAnAddressAndPerhapsANameAndAWeight) {
  const auto plain = parse_source_address("192.0.2.1");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->address.host(), "192.0.2.1");
  EXPECT_EQ(plain->hostname, "");
  EXPECT_EQ(plain->weight, 1U);
  const auto full = parse_source_address("2001:db8::1  out1.example.com 30");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->address.family(), AF_INET6);
  EXPECT_EQ(full->hostname, "out1.example.com");
  EXPECT_EQ(full->weight, 30U);
}

TEST(SourceAddress, AnythingElseIsRefused) {
  for (const char* bad : {"", "out1.example.com", "192.0.2.1:25", "192.0.2.1 not_a\tname", "192.0.2.1 a.example 0",
                          "192.0.2.1 a.example 1001", "192.0.2.1 a.example 1 x", "192.0.2.1 a.example one"}) {
    EXPECT_FALSE(parse_source_address(bad).has_value()) << bad;
  }
}

TEST(SourceAddress, IsChosenByWeightWithinTheFamily) {
  std::vector<SourceAddress> sources;
  for (const char* text : {"192.0.2.1 a.example 1", "2001:db8::1", "192.0.2.2 b.example 3"}) {
    sources.push_back(*parse_source_address(text));
  }
  const auto v4 = *io::SocketAddress::parse("198.51.100.1:25");
  std::map<std::string, int> chosen;
  for (std::uint64_t dice = 0; dice < 400; ++dice) ++chosen[choose_source(sources, v4, dice)->hostname];
  EXPECT_EQ(chosen, (std::map<std::string, int>{{"a.example", 100}, {"b.example", 300}}));
  EXPECT_EQ(choose_source({sources[0]}, *io::SocketAddress::parse("[2001:db8::2]:25"), 0), nullptr);
  EXPECT_EQ(choose_source({}, v4, 7), nullptr);
}

TEST(SourceAddress, WhatTheRouteSaysItselfHolds) {
  SourceOptions known;
  known.address = "2001:db8::1";
  known.hostname = "out.example";
  known.weight = 7;
  known.warm_up_start = "2026-12-01";
  known.warm_up = {5, 10};
  auto plain = *parse_source_address("2001:0db8::0001");
  complete(plain, {known});
  EXPECT_EQ(plain.hostname, "out.example");
  EXPECT_EQ(plain.weight, 7U);
  ASSERT_NE(plain.warm_up, nullptr);
  EXPECT_EQ(plain.warm_up->steps, (std::vector<std::uint32_t>{5, 10}));
  auto full = *parse_source_address("2001:db8::1 own.example 1");
  complete(full, {known});
  EXPECT_EQ(full.hostname, "own.example");
  EXPECT_EQ(full.weight, 1U);
  auto other = *parse_source_address("2001:db8::2");
  complete(other, {known});
  EXPECT_EQ(other.warm_up, nullptr);
}

TEST(SourceAddress, OneThatMayNotSendLeavesItsShareToTheOthers) {
  std::vector<SourceAddress> sources;
  for (const char* text : {"192.0.2.1 a.example 8", "192.0.2.2 b.example 1"})
    sources.push_back(*parse_source_address(text));
  const auto v4 = *io::SocketAddress::parse("198.51.100.1:25");
  const auto is_b = [](const SourceAddress& source) { return source.hostname == "b.example"; };
  for (std::uint64_t dice = 0; dice < 20; ++dice) EXPECT_EQ(choose_source(sources, v4, dice, is_b), &sources[1]);
  EXPECT_EQ(choose_source(sources, v4, 0, [](const SourceAddress&) { return false; }), nullptr);
}

}  // namespace
}  // namespace ringpost::relay
