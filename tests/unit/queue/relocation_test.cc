#include "queue/relocation.h"

#include "queue/store.h"
#include "steering_harness.h"

namespace ringpost::test {
namespace {

class RelocationTest : public SteeringTest {};

TEST_F(RelocationTest, ReroutedMailLeavesByItsNewWayOnlyAndStaysThere) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        for (int i = 0; i < 20; ++i) (void)co_await submit(shard, one_recipient(), test_body());
        (void)co_await submit(shard, from_to("x@example.org", "other@example.net"), test_body());
        auto deferred = co_await next(shard, destination);
        if (deferred) defer(*deferred);
        co_await reroute(shard, queue, sender("a@example.org"), "smtp:elsewhere");
        auto other = co_await next(shard, destination);
        EXPECT_TRUE(other && other->message().envelope.recipients[0].address.local == "other");
        if (other) deliver(*other);
        EXPECT_FALSE(shard.scheduler().has_ready(destination));
        auto moved = co_await next(shard, "smtp:elsewhere", std::chrono::seconds(8));
        EXPECT_TRUE(moved.has_value());
        if (moved) defer(*moved);  // comes back where it stood, not where its route leads
        co_await wait_until_done(shard, queue);
        for (int i = 0; i < 19; ++i) {
          auto each = co_await next(shard, "smtp:elsewhere");
          EXPECT_TRUE(each.has_value());
          if (each) deliver(*each);
        }
        EXPECT_FALSE(shard.scheduler().has_ready(destination));
      },
      *queue_);
  EXPECT_EQ(settled().messages, 1U);
  close();
  open();
  const auto left = queue_->inspector().summary(10);
  ASSERT_TRUE(left && left->size() == 1);
  EXPECT_EQ(left->front().destination, "smtp:elsewhere");
}

TEST_F(RelocationTest, WhatIsBeingDeliveredIsNotMovedBehindItsBack) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        (void)co_await submit(shard, one_recipient(), test_body());
        auto leased = co_await next(shard, destination);
        EXPECT_TRUE(leased.has_value());
        co_await reroute(shard, queue, {}, "smtp:elsewhere");
        auto none = co_await next(shard, "smtp:elsewhere", std::chrono::seconds(5));
        EXPECT_FALSE(none.has_value());
        EXPECT_EQ(queue.inspector().marks().size(), 1U);
        if (leased) defer(*leased);
        auto moved = co_await next(shard, "smtp:elsewhere", std::chrono::seconds(8));
        EXPECT_TRUE(moved.has_value());
        if (moved) deliver(*moved);
        co_await wait_until_done(shard, queue);
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(RelocationTest, AnInterruptedRerouteGoesOnAfterARestart) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        for (int i = 0; i < 5; ++i) (void)co_await submit(shard, one_recipient(), test_body());
        co_await reroute(shard, queue, {}, "smtp:elsewhere");
      },
      *queue_);
  close();
  open();
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        for (int i = 0; i < 5; ++i) {
          auto moved = co_await next(shard, "smtp:elsewhere", std::chrono::seconds(8));
          EXPECT_TRUE(moved.has_value());
          if (moved) deliver(*moved);
        }
        EXPECT_FALSE(shard.scheduler().has_ready(destination));
        co_await wait_until_done(shard, queue);
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
}

// A lot has moved and the rest has not: each leaves once, by the new way.
TEST_F(RelocationTest, ARerouteThatHasMovedAPartGoesOnAfterARestart) {
  close();
  options_.reaped_at_a_time = 3;
  open();
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        for (int i = 0; i < 10; ++i) (void)co_await submit(shard, one_recipient(), test_body());
        auto leased = co_await next(shard, destination);  // so that the mark stays until after the restart
        co_await reroute(shard, queue, {}, "smtp:elsewhere");
        auto moved = co_await next(shard, "smtp:elsewhere", std::chrono::seconds(8));
        EXPECT_TRUE(moved.has_value());
        if (moved) deliver(*moved);
      },
      *queue_);
  close();
  EXPECT_FALSE(queue::Store::open(options_.data_dir + "/db").value()->marks().value().marks.empty());
  open();
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        for (int i = 0; i < 9; ++i) {
          auto moved = co_await next(shard, "smtp:elsewhere", std::chrono::seconds(8));
          EXPECT_TRUE(moved.has_value()) << i;
          if (moved) deliver(*moved);
        }
        co_await wait_until_done(shard, queue);
        EXPECT_FALSE(shard.scheduler().has_ready(destination));
        EXPECT_FALSE(shard.scheduler().has_ready("smtp:elsewhere"));
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(RelocationTest, OneRecipientIsDroppedAndTheOtherTriedAgain) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        std::vector<std::string> two{"b@example.net", "c@example.net"};
        (void)co_await submit(shard, envelope("a@example.org", two), test_body());
        auto attempt = co_await next(shard, destination);
        if (attempt) finish(*attempt, mail::Action::deferred, {451, {4, 3, 0}}, "451 later");
        Selector one;
        one.recipient = "b@example.net";
        co_await mark(shard, queue, MarkKind::drop, one);
        co_await mark(shard, queue, MarkKind::retry, sender("a@example.org"));
        auto other = co_await next(shard, destination, std::chrono::seconds(8));
        EXPECT_TRUE(other && other->recipients() == std::vector<std::uint32_t>(1, 1));
        if (other) deliver(*other);
        co_await wait_until_done(shard, queue);
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(RelocationTest, RetryMakesDueWhatItSelectsOnceAndTheOthersWait) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        for (const char* from : {"a@example.org", "x@example.org"}) {
          (void)co_await submit(shard, from_to(from, "b@example.net"), test_body());
          auto attempt = co_await next(shard, destination);
          EXPECT_TRUE(attempt.has_value());
          if (attempt) defer(*attempt);
        }
        shard.scheduler().postpone(destination, monotonic_now() + std::chrono::hours(2), "connection refused");
        co_await mark(shard, queue, MarkKind::retry, sender("a@example.org"));
        auto again = co_await next(shard, destination, std::chrono::seconds(8));
        EXPECT_TRUE(again && again->message().envelope.reverse_path.local == "a");
        if (again) defer(*again);
        co_await wait_until_done(shard, queue);
        auto none = co_await next(shard, destination, std::chrono::seconds(2));
        EXPECT_FALSE(none.has_value());
      },
      *queue_);
  EXPECT_EQ(settled().messages_deferred, 2U);
}

}  // namespace
}  // namespace ringpost::test
