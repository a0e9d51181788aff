#include "io/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace ringpost::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct Recorder final : Timer {
  void on_timer() noexcept override { ++fired; }
  int fired = 0;
};

TEST(TimerWheel, FiresAtItsTimeAndNotBefore) {
  const MonotonicTime start{};
  TimerWheel wheel(start);
  Recorder timer;
  wheel.arm(timer, start + milliseconds(700));
  wheel.advance(start + milliseconds(699));
  EXPECT_EQ(timer.fired, 0);
  wheel.advance(start + milliseconds(701));
  EXPECT_EQ(timer.fired, 1);
  wheel.advance(start + hours(1));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, ATimerThatDiesNeverFires) {
  const MonotonicTime start{};
  TimerWheel wheel(start);
  {
    Recorder timer;
    wheel.arm(timer, start + milliseconds(5));
  }
  wheel.advance(start + milliseconds(10));
  EXPECT_EQ(wheel.next(), MonotonicTime::max());
}

TEST(TimerWheel, ATimeInThePastFiresOnTheNextTick) {
  const MonotonicTime start{};
  TimerWheel wheel(start);
  wheel.advance(start + milliseconds(100));
  Recorder timer;
  wheel.arm(timer, start);
  wheel.advance(start + milliseconds(101));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, NextIsNeverLaterThanTheFirstTimer) {
  std::mt19937_64 random(7);
  const MonotonicTime start{};
  TimerWheel wheel(start);
  MonotonicTime now = start;
  for (int round = 0; round < 2000; ++round) {
    Recorder timer;
    const auto wait = milliseconds(1 + random() % (1ULL << (random() % 25)));
    const MonotonicTime at = now + wait;
    wheel.arm(timer, at);
    // Sleeping until next() again and again reaches the timer, never passes it unfired.
    int wakeups = 0;
    while (timer.fired == 0) {
      const MonotonicTime next = wheel.next();
      ASSERT_LE(next, at + milliseconds(1)) << wait.count();
      ASSERT_GT(next, now - milliseconds(1));
      now = next;
      wheel.advance(now);
      ASSERT_LT(++wakeups, 400);
    }
    EXPECT_GE(now, at) << wait.count();
    EXPECT_EQ(timer.fired, 1);
  }
}

TEST(TimerWheel, ManyTimersFireInTheMillisecondTheyAreDue) {
  std::mt19937_64 random(1);
  const MonotonicTime start{};
  TimerWheel wheel(start);
  struct Timed final : Timer {
    void on_timer() noexcept override { fired_at = *now; }
    MonotonicTime due, fired_at;
    const MonotonicTime* now = nullptr;
  };
  MonotonicTime now = start;
  std::vector<std::unique_ptr<Timed>> timers;
  for (int i = 0; i < 5000; ++i) {
    timers.push_back(std::make_unique<Timed>());
    timers.back()->due = start + milliseconds(1 + random() % 300'000);
    timers.back()->now = &now;
    wheel.arm(*timers.back(), timers.back()->due);
  }
  for (; now < start + milliseconds(300'002); now += milliseconds(1)) wheel.advance(now);
  for (const auto& timer : timers) {
    EXPECT_EQ(timer->fired_at, timer->due);
  }
}

}  // namespace
}  // namespace ringpost::io
