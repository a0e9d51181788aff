#include "queue/in_flow.h"

#include <gtest/gtest.h>

namespace ringpost::queue {
namespace {

using std::chrono::milliseconds;

constexpr Duration pause = milliseconds(5);

struct InFlowTest : ::testing::Test {
  /// `per_second` messages are delivered for a second.
  void deliver(int per_second) {
    for (int i = 0; i < 10; ++i) {
      for (int message = 0; message < per_second / 10; ++message) flow.finished();
      now += milliseconds(100);
      (void)flow.delay(0, pause, now);
    }
  }
  MonotonicTime now = monotonic_now();
  InFlow flow;
};

TEST_F(InFlowTest, NobodyWaitsWhileDeliveryKeepsUp) {
  deliver(5000);
  EXPECT_EQ(flow.delay(InFlow::few_messages, pause, now), Duration::zero());
}

TEST_F(InFlowTest, ClientsWaitWhileDeliveryIsBehindByLittle) {
  deliver(5000);
  EXPECT_EQ(flow.delay(InFlow::few_messages + 1, pause, now), pause);
  EXPECT_EQ(flow.delay(4900, pause, now), pause);
}

TEST_F(InFlowTest, NobodyWaitsForSlowNextHopsOrALongQueue) {
  deliver(5000);
  EXPECT_EQ(flow.delay(100'000, pause, now), Duration::zero());
  deliver(50);
  EXPECT_EQ(flow.delay(InFlow::few_messages + 1, pause, now), Duration::zero());
}

TEST_F(InFlowTest, NobodyWaitsWhileNothingIsDelivered) {
  EXPECT_EQ(flow.delay(1000, pause, now), Duration::zero());
  deliver(5000);
  now += std::chrono::hours(1);
  EXPECT_EQ(flow.delay(1000, pause, now), Duration::zero());
}

TEST_F(InFlowTest, WithoutAPauseNobodyWaits) {
  deliver(5000);
  EXPECT_EQ(flow.delay(1000, Duration::zero(), now), Duration::zero());
}

}  // namespace
}  // namespace ringpost::queue
