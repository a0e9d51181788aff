#include "relay/destination.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

TEST(Destination, TheWaitOfADeadOneDoublesUntilItsMaximum) {
  EXPECT_EQ(Destination::down_for(0), Destination::down_first);
  EXPECT_EQ(Destination::down_for(3), 8 * Destination::down_first);
  EXPECT_EQ(Destination::down_for(20), Destination::down_max);
  EXPECT_EQ(Destination::down_for(4'000'000'000U), Destination::down_max);
}

}  // namespace
}  // namespace ringpost::relay
