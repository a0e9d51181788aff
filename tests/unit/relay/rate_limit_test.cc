#include "relay/rate_limit.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(RateLimit, ASecondsWorthAtOnceAndThenOneByOne) {
  RateLimit limit;
  const Rate rate{10, seconds(1)};
  auto now = monotonic_now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.take("site", rate, now), Duration::zero());
  EXPECT_EQ(limit.take("site", rate, now), milliseconds(100));
  EXPECT_EQ(limit.take("other", rate, now), Duration::zero());
  now += milliseconds(100);
  EXPECT_EQ(limit.take("site", rate, now), Duration::zero());
  EXPECT_GT(limit.take("site", rate, now), Duration::zero());
}

TEST(RateLimit, ASlowRateHoldsOneAndNoMore) {
  RateLimit limit;
  const Rate rate{2, minutes(1)};
  auto now = monotonic_now();
  EXPECT_EQ(limit.take("site", rate, now), Duration::zero());
  EXPECT_EQ(limit.take("site", rate, now), seconds(30));
  EXPECT_EQ(limit.take("site", rate, now + seconds(20)), seconds(10));
  now += minutes(60);
  EXPECT_EQ(limit.take("site", rate, now), Duration::zero());
  EXPECT_EQ(limit.take("site", rate, now), seconds(30));  // an idle hour saves nothing up
}

TEST(RateLimit, ManyWaitersOfAFastRateAreWokenInBatches) {
  RateLimit limit;
  const Rate rate{100'000, seconds(1)};
  const auto now = monotonic_now();
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(limit.take("site", rate, now), Duration::zero());
  EXPECT_GE(limit.take("site", rate, now), milliseconds(1));
}

TEST(Rate, IsReadAsAnOperatorWritesIt) {
  EXPECT_EQ(parse_rate("1000/min"), (Rate{1000, minutes(1)}));
  EXPECT_EQ(parse_rate("5/s"), (Rate{5, seconds(1)}));
  EXPECT_EQ(parse_rate(""), Rate{});
  for (const char* bad : {"1000", "/min", "0/s", "-1/s", "1/week", "1 /s", "99999999999/s", "1/s "}) {
    EXPECT_FALSE(parse_rate(bad).has_value()) << bad;
  }
  for (const char* text : {"", "1000/min", "5/s", "7/h", "9/d"}) EXPECT_EQ(format_rate(*parse_rate(text)), text);
}

}  // namespace
}  // namespace ringpost::relay
