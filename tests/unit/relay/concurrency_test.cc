#include "relay/concurrency.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

TEST(Concurrency, BeginsSmallAndDoublesARound) {
  Concurrency site;
  EXPECT_EQ(site.allowed(100), Concurrency::first);
  EXPECT_EQ(site.allowed(2), 2U);
  site.succeeded(5, 100);
  EXPECT_EQ(site.allowed(100), 10U);
  site.succeeded(10, 100);
  EXPECT_EQ(site.allowed(100), 20U);
  site.succeeded(1'000'000, 100);
  EXPECT_EQ(site.allowed(1000), 100U);
  EXPECT_TRUE(site.is_at(100));
  EXPECT_FALSE(site.has_had_trouble());
}

TEST(Concurrency, TroubleHalvesAndThenItGrowsByOneARound) {
  Concurrency site;
  const auto now = monotonic_now();
  site.succeeded(15, 100);
  ASSERT_EQ(site.allowed(100), 20U);
  EXPECT_TRUE(site.troubled(now));
  EXPECT_FALSE(site.troubled(now + Concurrency::rest_first / 2));  // the same, seen by another connection
  EXPECT_EQ(site.allowed(100), 10U);
  site.succeeded(9, 100);
  EXPECT_EQ(site.allowed(100), 10U);
  site.succeeded(1, 100);
  EXPECT_EQ(site.allowed(100), 11U);
  site.succeeded(11, 100);
  EXPECT_EQ(site.allowed(100), 12U);
}

TEST(Concurrency, NeverBelowOne) {
  Concurrency site;
  auto now = monotonic_now();
  for (int i = 0; i < 10; ++i) site.troubled(now += Concurrency::rest_max);
  EXPECT_EQ(site.allowed(100), 1U);
  site.succeeded(1, 100);
  EXPECT_EQ(site.allowed(100), 2U);
}

TEST(Concurrency, RestsAfterTroubleAndLongerWhenItComesBackSoon) {
  Concurrency site;
  const auto now = monotonic_now();
  EXPECT_FALSE(site.is_resting(now));
  site.troubled(now);
  EXPECT_TRUE(site.is_resting(now + Concurrency::rest_first / 2));
  EXPECT_FALSE(site.is_resting(now + Concurrency::rest_first));
  const auto again = now + Concurrency::rest_first;
  site.troubled(again);
  EXPECT_TRUE(site.is_resting(again + Concurrency::rest_first));
  EXPECT_FALSE(site.is_resting(again + 2 * Concurrency::rest_first));
  const auto late = again + std::chrono::minutes(10);
  site.troubled(late);
  EXPECT_FALSE(site.is_resting(late + Concurrency::rest_first));
}

TEST(Concurrency, ARouteWithALowerMaximumToTheSameSiteTakesNothingBack) {
  Concurrency site;
  site.succeeded(5, 100);
  site.succeeded(1, 1);
  EXPECT_EQ(site.allowed(100), 10U);
}

}  // namespace
}  // namespace ringpost::relay
