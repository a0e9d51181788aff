#include "relay/host_places.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

TEST(HostPlaces, GivesOutNoMoreThanTheMaximumAndTakesBack) {
  HostPlaces places;
  auto first = places.take("192.0.2.1:25", 2);
  auto second = places.take("192.0.2.1:25", 2);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(places.take("192.0.2.1:25", 2).has_value());
  EXPECT_TRUE(places.take("192.0.2.2:25", 2).has_value());
  first.reset();
  EXPECT_TRUE(places.take("192.0.2.1:25", 2).has_value());
}

TEST(HostPlaces, ARouteWithoutALimitCountsForThoseWithOne) {
  HostPlaces places;
  const auto first = places.take("192.0.2.1:25", 0);
  EXPECT_TRUE(first.has_value());
  EXPECT_FALSE(places.take("192.0.2.1:25", 1).has_value());
  EXPECT_TRUE(places.take("192.0.2.1:25", 0).has_value());
}

TEST(HostPlaces, AMovedPlaceIsGivenBackOnce) {
  HostPlaces places;
  {
    auto place = places.take("192.0.2.1:25", 1);
    ASSERT_TRUE(place.has_value());
    HostPlaces::Place moved = std::move(*place);
    EXPECT_EQ(places.open("192.0.2.1:25"), 1U);
  }
  EXPECT_EQ(places.open("192.0.2.1:25"), 0U);
}

}  // namespace
}  // namespace ringpost::relay
