#include "relay/connection_limit.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringpost::relay {
namespace {

using std::chrono::milliseconds;

TEST(ConnectionLimit, GivesOutNoMoreThanTheMaximumAndTakesBack) {
  ConnectionLimit limit;
  const auto now = monotonic_now();
  std::vector<ConnectionLimit::Place> places;
  for (std::uint32_t i = 0; i < 3; ++i) {
    auto place = limit.try_open("k", 3, i, now);
    ASSERT_TRUE(place.has_value());
    places.push_back(std::move(*place));
  }
  EXPECT_FALSE(limit.try_open("k", 3, 3, now).has_value());
  EXPECT_TRUE(limit.try_open("other", 3, 0, now).has_value());
  places.pop_back();
  EXPECT_EQ(limit.open("k"), 2U);
  EXPECT_TRUE(limit.try_open("k", 3, 2, now).has_value());
}

TEST(ConnectionLimit, TheNextFreePlaceIsForAWorkerThatHasNone) {
  ConnectionLimit limit;
  const auto now = monotonic_now();
  auto first = limit.try_open("k", 1, 0, now);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(limit.try_open("k", 1, 0, now).has_value());  // the other worker
  EXPECT_TRUE(limit.others_wait("k", now));
  first.reset();
  EXPECT_FALSE(limit.try_open("k", 1, 1, now).has_value());  // has another, its connection says QUIT
  EXPECT_TRUE(limit.try_open("k", 1, 0, now + milliseconds(100)).has_value());
  EXPECT_FALSE(limit.others_wait("k", now + milliseconds(100)));
}

TEST(ConnectionLimit, AWorkerThatStoppedAskingIsForgotten) {
  ConnectionLimit limit;
  const auto now = monotonic_now();
  auto first = limit.try_open("k", 2, 0, now);
  auto second = limit.try_open("k", 2, 1, now);
  EXPECT_FALSE(limit.try_open("k", 2, 0, now).has_value());
  second.reset();
  EXPECT_FALSE(limit.try_open("k", 2, 1, now).has_value());
  EXPECT_TRUE(limit.try_open("k", 2, 1, now + ConnectionLimit::remembered).has_value());
}

TEST(ConnectionLimit, AMovedPlaceIsGivenBackOnce) {
  ConnectionLimit limit;
  {
    auto place = limit.try_open("k", 1, 0, monotonic_now());
    ASSERT_TRUE(place.has_value());
    ConnectionLimit::Place moved = std::move(*place);
    EXPECT_TRUE(moved.held());
    EXPECT_EQ(limit.open("k"), 1U);
  }
  EXPECT_EQ(limit.open("k"), 0U);
}

}  // namespace
}  // namespace ringpost::relay
