// Who is served first at one destination, in a whole queue with small windows.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "queue/destination.h"
#include "queue/priority_class.h"
#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::class_of;
using queue::PriorityClass;
using queue::Shard;

mail::Envelope with_priority(int priority) {
  mail::Envelope made = one_recipient();
  made.priority = static_cast<std::int8_t>(priority);
  return made;
}

io::Task<> submit_many(Shard& shard, int count, int priority) {
  for (int i = 0; i < count; ++i) {
    mail::Envelope sent = with_priority(priority);
    (void)co_await submit(shard, std::move(sent), test_body());
  }
}

/// The priorities of the next messages in the order in which they are offered; each is delivered.
io::Task<std::vector<int>> take_some(Shard& shard, int count, Duration each = Duration::zero()) {
  std::vector<int> taken;
  for (int i = 0; i < count; ++i) {
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value()) << i;
    if (!attempt) break;
    taken.push_back(attempt->message().envelope.priority);
    deliver(*attempt);
    if (each > Duration::zero()) co_await sleep_for(shard.reactor(), each);
  }
  co_return taken;
}

TEST(PriorityClass, ThereAreThreeAsInMixer) {
  EXPECT_EQ(class_of(with_priority(9)), PriorityClass::urgent);
  EXPECT_EQ(class_of(with_priority(1)), PriorityClass::urgent);
  EXPECT_EQ(class_of(with_priority(0)), PriorityClass::normal);
  EXPECT_EQ(class_of(with_priority(-1)), PriorityClass::low);
  EXPECT_EQ(class_of(with_priority(-9)), PriorityClass::low);
}

class PriorityTest : public QueueTest {
 protected:
  PriorityTest() { options_.window_messages = 20; }
};

// The window is full of what the destination itself has: it goes back to the disk, to a range that is new to it, while
// another one is about to be read.
TEST_F(PriorityTest, AFullWindowMakesRoomForWhatIsUrgent) {
  options_.window_messages = options_.window_messages_total = 4;
  options_.retry.first = options_.retry.max = 1h;
  open();
  std::vector<int> taken;
  on_shard(
      [](Shard& shard, std::vector<int>& into) -> io::Task<> {
        co_await submit_many(shard, 2, 0);
        co_await submit_many(shard, 4, 9);
        auto served = co_await next(shard, "smtp:example.net");
        if (served) deliver(*served);
        co_await sleep_for(shard.reactor(), 7s);  // who takes nothing for five seconds makes room
        into = co_await take_some(shard, 5);
      },
      taken);
  EXPECT_EQ(std::ranges::count(taken, 9), 3);
  EXPECT_EQ(std::ranges::count(taken, 0), 2);
  EXPECT_EQ(settled().messages, 0U);
}

// How many wait: RINGPOST_TEST_QUEUED, for a measurement (docs/scheduler.md).
int queued_before() {
  const char* wanted = std::getenv("RINGPOST_TEST_QUEUED");
  return wanted != nullptr ? std::atoi(wanted) : 20'000;
}

TEST_F(PriorityTest, UrgentOvertakesEverythingThatIsQueued) {
  options_.window_messages = 2000;
  options_.unindexed_messages_max = 10'000'000;
  options_.durability = queue::Durability::written;
  open();
  std::vector<int> taken;
  on_shard(
      [](Shard& shard, std::vector<int>& into) -> io::Task<> {
        co_await submit_many(shard, queued_before(), 0);
        co_await submit_many(shard, 1, 4);
        into = co_await take_some(shard, 2);
        co_await submit_many(shard, 1, 4);
      },
      taken);
  EXPECT_EQ(taken, (std::vector<int>{4, 0}));
  close();
  open();
  on_shard(
      [](Shard& shard, std::vector<int>& into) -> io::Task<> {
        const MonotonicTime began = monotonic_now();
        into = co_await take_some(shard, 1);
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(monotonic_now() - began);
        RecordProperty("first_after_restart_us", static_cast<int>(took.count()));
        std::printf("behind %d messages, first after a restart: %lld us\n", queued_before(),
                    static_cast<long long>(took.count()));
      },
      taken);
  EXPECT_EQ(taken, (std::vector<int>{4}));
}

// Through windows of ten, at a next hop that takes a hundred a second.
TEST_F(PriorityTest, UrgentMailOnTheDiskIsFoundFirstAfterARestart) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    co_await submit_many(shard, 1000, 0);
    co_await submit_many(shard, 30, 6);
  });
  close();
  open();
  std::vector<int> taken;
  on_shard([](Shard& shard, std::vector<int>& into) -> io::Task<> { into = co_await take_some(shard, 60, 10ms); },
           taken);
  ASSERT_EQ(taken.size(), 60U);
  EXPECT_EQ(taken.front(), 6);
  EXPECT_EQ(std::ranges::count(taken, 6), 30);
}

TEST_F(PriorityTest, NobodyStarves) {
  options_.window_messages = 2000;  // all of it in memory: who is next is a matter of the classes alone
  open();
  std::vector<int> taken;
  on_shard(
      [](Shard& shard, std::vector<int>& into) -> io::Task<> {
        co_await submit_many(shard, 300, -5);
        co_await submit_many(shard, 300, 0);
        co_await submit_many(shard, 300, 5);
        into = co_await take_some(shard, 200);
      },
      taken);
  const auto urgent = std::ranges::count(taken, 5), normal = std::ranges::count(taken, 0);
  const auto low = std::ranges::count(taken, -5);
  EXPECT_GE(urgent, 155);
  EXPECT_GE(normal, 15);
  EXPECT_GE(low, 15);
}

TEST_F(PriorityTest, EachOfEveryClassIsDeliveredOnce) {
  options_.window_messages = 4;
  open();
  std::vector<int> taken;
  on_shard(
      [](Shard& shard, std::vector<int>& into) -> io::Task<> {
        for (int i = 0; i < 60; ++i) co_await submit_many(shard, 1, i % 3 - 1);
        into = co_await take_some(shard, 60);
        auto none = co_await next(shard, "smtp:example.net", 200ms);
        EXPECT_FALSE(none.has_value());
      },
      taken);
  for (const int priority : {-1, 0, 1}) EXPECT_EQ(std::ranges::count(taken, priority), 20) << priority;
  close();
  open();
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(PriorityTest, UrgentMailThatWasDeferredIsUrgentStill) {
  open();
  std::vector<int> taken;
  on_shard(
      [](Shard& shard, std::vector<int>& into) -> io::Task<> {
        co_await submit_many(shard, 1, 9);
        auto first = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(first.has_value());
        if (first) defer(*first);
        co_await submit_many(shard, 500, 0);
        co_await sleep_for(shard.reactor(), 200ms);  // it is due again, and read back
        into = co_await take_some(shard, 20);
      },
      taken);
  EXPECT_EQ(std::ranges::count(taken, 9), 1);
}

// The bounce of what was urgent is urgent (RFC 6710).
TEST_F(PriorityTest, BounceHasThePriorityOfItsMessage) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    co_await submit_many(shard, 1, 7);
    auto first = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(first.has_value());
    if (first) refuse(*first);
    auto bounce = co_await next(shard, "smtp:example.org");
    EXPECT_TRUE(bounce.has_value());
    if (!bounce) co_return;
    EXPECT_EQ(bounce->message().envelope.priority, 7);
    deliver(*bounce);
  });
}

}  // namespace
}  // namespace ringpost::test
