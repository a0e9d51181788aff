#include "app/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>

#include "support/run_on_reactor.h"

namespace ringpost::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A worker's thread, of which only the reactor matters here; it stops as a worker does, behind what was posted before.
class Turning {
 public:
  Turning() : thread_([this] { run(); }) { stop_.reactor = made_.get_future().get(); }
  ~Turning() {
    get()->post(stop_);
    thread_.join();
  }
  io::Reactor* get() const noexcept { return stop_.reactor; }

 private:
  void run() {
    auto reactor = io::Reactor::create(test::small_reactor());
    made_.set_value(reactor->get());
    (*reactor)->run();
  }

  struct Stop final : io::Parcel {
    void deliver() noexcept override { reactor->stop(); }
    io::Reactor* reactor = nullptr;
  };
  std::promise<io::Reactor*> made_;
  Stop stop_;
  std::thread thread_;
};

// Holds a reactor's thread until it is released.
struct Block final : io::Parcel {
  void deliver() noexcept override {
    held.count_down();
    released.wait();
  }
  std::latch held{1};
  std::latch released{1};
};

// Released before the reactors are waited for, also when an expectation has ended the test.
struct Release {
  ~Release() {
    if (!done) block.released.count_down();
  }
  void now() {
    done = true;
    block.released.count_down();
  }
  Block& block;
  bool done = false;
};

struct Seen {
  Watchdog::Hooks hooks() {
    return {.ping = [this] { ++pings; },
            .stuck =
                [this](std::size_t worker) {
                  last_stuck = worker;
                  ++complaints;
                }};
  }
  std::atomic<int> pings{0};
  std::atomic<int> complaints{0};
  std::atomic<std::size_t> last_stuck{99};
};

bool comes_true(const std::function<bool()>& condition) {
  const auto end = monotonic_now() + seconds(20);
  while (!condition()) {
    if (monotonic_now() > end) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

TEST(Watchdog, PingsEveryHalfIntervalWhileAllTurn) {
  Turning first, second;
  Seen seen;
  const auto begin = monotonic_now();
  const Watchdog watchdog({first.get(), second.get()}, milliseconds(200), seen.hooks());
  EXPECT_TRUE(comes_true([&] { return seen.pings >= 4; }));
  EXPECT_GE(monotonic_now() - begin, milliseconds(300));  // the first at once, then three halves
}

TEST(Watchdog, StuckReactorIsNamedAndStopsThePings) {
  Block block;  // until the reactor's thread has left it
  Turning first, second;
  Seen seen;
  Release release{block};
  const Watchdog watchdog({first.get(), second.get()}, milliseconds(400), seen.hooks());
  ASSERT_TRUE(comes_true([&] { return seen.pings > 0; }));
  second.get()->post(block);
  block.held.wait();
  ASSERT_TRUE(comes_true([&] { return seen.complaints > 0; }));
  EXPECT_EQ(seen.last_stuck, 1U);
  const int before = seen.pings;
  std::this_thread::sleep_for(milliseconds(1000));
  EXPECT_EQ(seen.pings, before);
  EXPECT_EQ(seen.complaints, 1);  // once, not every round
  release.now();
  EXPECT_TRUE(comes_true([&] { return seen.pings > before; }));
}

TEST(Watchdog, EndsWhileAReactorIsStuck) {
  Block block;
  Turning only;
  Seen seen;
  Release release{block};
  {
    const Watchdog watchdog({only.get()}, milliseconds(100), seen.hooks());
    only.get()->post(block);
    block.held.wait();
    ASSERT_TRUE(comes_true([&] { return seen.complaints > 0; }));
  }
  release.now();  // the question under way comes back to nobody
  SUCCEED();
}

TEST(Watchdog, WithoutAnIntervalNobodyIsAsked) {
  Turning only;
  Seen seen;
  const Watchdog watchdog({only.get()}, Duration::zero(), seen.hooks());
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(seen.pings, 0);
}

}  // namespace
}  // namespace ringpost::app
