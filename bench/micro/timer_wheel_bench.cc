// What a deadline costs: every wait of every session arms a timer and nearly always disarms it before it fires, among
// as many others as there are sessions.
#include <benchmark/benchmark.h>

#include <deque>

#include "io/timer_wheel.h"

namespace {

using namespace ringpost;
using std::chrono::milliseconds;

struct CountingTimer final : io::Timer {
  void on_timer() noexcept override { ++fired; }
  std::uint64_t fired = 0;
};

/// `count` sessions that wait for five minutes, spread over the time.
std::deque<CountingTimer> waiting_sessions(io::TimerWheel& wheel, MonotonicTime start, std::int64_t count) {
  std::deque<CountingTimer> timers;
  for (std::int64_t i = 0; i < count; ++i) {
    wheel.arm(timers.emplace_back(), start + std::chrono::minutes(5) + milliseconds(i % 300'000));
  }
  return timers;
}

void arm_and_disarm(benchmark::State& state) {
  const MonotonicTime start = monotonic_now();
  io::TimerWheel wheel(start);
  const auto others = waiting_sessions(wheel, start, state.range(0));
  CountingTimer timer;
  std::int64_t wait = 0;
  for (auto _ : state) {
    wheel.arm(timer, start + milliseconds(1 + wait));
    benchmark::DoNotOptimize(timer);
    timer.unlink();
    wait = (wait * 31 + 7) % 600'000;
  }
}
BENCHMARK(arm_and_disarm)->Arg(0)->Arg(10'000)->Arg(100'000);

void advance_by_a_millisecond(benchmark::State& state) {
  const MonotonicTime start = monotonic_now();
  io::TimerWheel wheel(start);
  const auto others = waiting_sessions(wheel, start + std::chrono::hours(24 * 30), state.range(0));
  MonotonicTime now = start;
  for (auto _ : state) {
    now += milliseconds(1);
    wheel.advance(now);
  }
}
BENCHMARK(advance_by_a_millisecond)->Arg(0)->Arg(100'000);

void arm_and_fire(benchmark::State& state) {
  MonotonicTime now = monotonic_now();
  io::TimerWheel wheel(now);
  CountingTimer timer;
  for (auto _ : state) {
    wheel.arm(timer, now + milliseconds(1));
    now += milliseconds(2);
    wheel.advance(now);
  }
  if (timer.fired != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("a timer did not fire");
}
BENCHMARK(arm_and_fire);

void next_time_to_wake(benchmark::State& state) {
  const MonotonicTime start = monotonic_now();
  io::TimerWheel wheel(start);
  const auto others = waiting_sessions(wheel, start, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(wheel.next());
}
BENCHMARK(next_time_to_wake)->Arg(0)->Arg(10'000);

}  // namespace
