#include "queue/retry.h"

#include <gtest/gtest.h>

namespace ringpost::queue {
namespace {

using namespace std::chrono_literals;

mail::Envelope received_at(WallTime time, bool bounce = false) {
  mail::Envelope envelope;
  if (!bounce) envelope.reverse_path = {"a", "example.org"};
  envelope.received = time;
  return envelope;
}

TEST(Retry, WaitsGrowByTheFactorUpToTheCapWithJitter) {
  const Options options;
  const WallTime now{1'790'000'000'000};
  const mail::Envelope envelope = received_at(now);
  double expected_s = 300;
  for (std::uint32_t attempt = 0; attempt < 12; ++attempt) {
    for (int i = 0; i < 50; ++i) {
      const auto next = next_attempt(options, envelope, attempt, now);
      ASSERT_TRUE(next);
      const double wait_s = std::chrono::duration<double>(*next - now).count();
      EXPECT_GE(wait_s, std::min(expected_s, 14'400.0) * (1 - retry_jitter) - 0.01);
      EXPECT_LE(wait_s, std::min(expected_s, 14'400.0) * (1 + retry_jitter) + 0.01);
    }
    expected_s *= 1.7;
  }
}

TEST(Retry, JitterSpreadsWhatFailedTogether) {
  const WallTime now{1'790'000'000'000};
  const auto first = next_attempt({}, received_at(now), 0, now);
  bool differs = false;
  for (int i = 0; i < 100 && !differs; ++i) differs = next_attempt({}, received_at(now), 0, now) != first;
  EXPECT_TRUE(differs);
}

TEST(Retry, LastAttemptIsWhenTheTimeIsUpAndNoneAfterIt) {
  Options options;
  options.max_age = 1h;
  const WallTime now{1'790'000'000'000};
  const mail::Envelope envelope = received_at(now);
  EXPECT_EQ(next_attempt(options, envelope, 20, now + 50min), now + 1h);
  EXPECT_FALSE(next_attempt(options, envelope, 20, now + 1h));
}

TEST(Retry, BouncesHaveLessTime) {
  const Options options;
  const WallTime now{1'790'000'000'000};
  EXPECT_EQ(expiry(options, received_at(now, true)), now + 24h);
  EXPECT_EQ(expiry(options, received_at(now)), now + 120h);
  EXPECT_FALSE(next_attempt(options, received_at(now, true), 3, now + 25h));
  EXPECT_TRUE(next_attempt(options, received_at(now), 3, now + 25h));
}

TEST(Retry, ManyAttemptsDoNotOverflow) {
  const WallTime now{1'790'000'000'000};
  const auto next = next_attempt({}, received_at(now), UINT32_MAX, now);
  ASSERT_TRUE(next);
  EXPECT_GT(*next, now);
  EXPECT_LE(*next, now + 5h);
}

}  // namespace
}  // namespace ringpost::queue
