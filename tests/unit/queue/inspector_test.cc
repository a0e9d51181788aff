#include <future>
#include <thread>

#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Selector;
using queue::Shard;

class InspectorTest : public QueueTest {
 protected:
  void SetUp() override {
    options_.retry.first = 1h;
    options_.index_lag = 10ms;
    open();
  }

  /// Runs `work` on a thread of its own while the shard's core turns.
  template <class Work>
  static io::Task<> meanwhile(Shard& shard, Work& work) {
    auto done = std::async(std::launch::async, [&work] { work(); });
    while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      co_await sleep_for(shard.reactor(), std::chrono::milliseconds(1));
  }
};

std::vector<MessageId> ids_of(queue::Inspector& inspector, const Selector& selector) {
  std::vector<MessageId> ids;
  EXPECT_TRUE(inspector.list(selector, [&](const queue::MessageRecord& record) {
    ids.push_back(record.message.id);
    return true;
  }));
  return ids;
}

TEST_F(InspectorTest, ListSelectsBySenderRecipientDestinationStateAndAge) {
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, from_to("a@example.org", "b@example.net"), test_body());
    (void)co_await submit(shard, from_to("c@example.com", "d@example.net"), test_body());
    auto attempt = shard.scheduler().take("smtp:example.net", 10);
    EXPECT_TRUE(attempt.has_value());
    if (attempt) defer(*attempt);
    (void)co_await submit(shard, from_to("", "e@example.edu"), test_body());
  });
  queue::Inspector& inspector = queue_->inspector();
  EXPECT_EQ(ids_of(inspector, {}).size(), 3U);
  EXPECT_EQ(ids_of(inspector, {.sender = "a@example.org"}).size(), 1U);
  EXPECT_EQ(ids_of(inspector, {.sender = "@example.com"}).size(), 1U);
  EXPECT_EQ(ids_of(inspector, {.sender = ""}).size(), 1U);
  EXPECT_EQ(ids_of(inspector, {.recipient = "@example.net"}).size(), 2U);
  EXPECT_EQ(ids_of(inspector, {.destination = "smtp:example.edu"}).size(), 1U);
  EXPECT_EQ(ids_of(inspector, {.state = "deferred"}).size(), 1U);
  EXPECT_EQ(ids_of(inspector, {.state = "active"}).size(), 2U);
  EXPECT_EQ(ids_of(inspector, {.older_than = 1h}).size(), 0U);
  EXPECT_EQ(ids_of(inspector, {.ids = {ids_of(inspector, {})[1]}}), std::vector<MessageId>{ids_of(inspector, {})[1]});
  const auto summary = inspector.summary(10);
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->size(), 2U);
  EXPECT_EQ(summary->front().destination, "smtp:example.net");
  EXPECT_EQ(summary->front().messages, 2U);
  EXPECT_EQ(summary->front().deferred, 1U);
}

TEST_F(InspectorTest, ShowAndBodyGiveTheMessageAsItWillLeave) {
  MessageId id;
  on_shard(
      [](Shard& shard, MessageId& made) -> io::Task<> { made = co_await submit(shard, one_recipient(), test_body()); },
      id);
  const auto record = queue_->inspector().show(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->message.envelope.recipients[0].address.text(), "b@example.net");
  std::string octets;
  ASSERT_TRUE(queue_->inspector().body(id, [&](std::string_view piece) {
    octets += piece;
    return true;
  }));
  EXPECT_EQ(octets, "Received: by test\r\n" + test_body());
  const auto unknown = queue_->inspector().show(MessageId::generate(WallTime::now()));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
}

TEST_F(InspectorTest, RetryMakesADeferredMessageDueNow) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        (void)co_await submit(shard, one_recipient(), test_body());
        auto attempt = co_await next(shard, "smtp:example.net");
        if (attempt) defer(*attempt);
        auto early = co_await next(shard, "smtp:example.net", 100ms);
        EXPECT_FALSE(early.has_value());
        auto retry = [&queue] {
          const auto count = queue.inspector().retry({});
          EXPECT_TRUE(count);
          EXPECT_EQ(count.value_or(0), 1U);
        };
        co_await meanwhile(shard, retry);
        auto again = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(again.has_value());
        if (!again) co_return;
        EXPECT_EQ(again->attempts_before(), 1U);
        deliver(*again);
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(InspectorTest, RetryEndsAPostponement) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        (void)co_await submit(shard, one_recipient(), test_body());
        shard.scheduler().postpone("smtp:example.net", monotonic_now() + 1h, "connection refused");
        auto retry = [&queue] {
          const auto summary = queue.inspector().summary(1);
          EXPECT_TRUE(summary && summary->size() == 1 && summary->front().postponed_why == "connection refused");
          EXPECT_TRUE(queue.inspector().retry({}));
        };
        co_await meanwhile(shard, retry);
        auto attempt = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(attempt.has_value());
        if (attempt) deliver(*attempt);
      },
      *queue_);
}

TEST_F(InspectorTest, DroppedMessageLeavesWindowsLeasesAndDiskWithoutABounce) {
  on_shard(
      [](Shard& shard, queue::Queue& queue) -> io::Task<> {
        (void)co_await submit(shard, one_recipient(), test_body());
        (void)co_await submit(shard, one_recipient(), test_body());
        auto deferred = shard.scheduler().take("smtp:example.net", 10);
        EXPECT_TRUE(deferred.has_value());
        if (deferred) defer(*deferred);
        auto leased = shard.scheduler().take("smtp:example.net", 10);
        EXPECT_TRUE(leased.has_value());
        (void)co_await submit(shard, one_recipient(), test_body());  // stays in the window
        auto drop = [&queue] {
          const auto count = queue.inspector().drop({});
          EXPECT_TRUE(count);
          EXPECT_EQ(count.value_or(0), 3U);
        };
        co_await meanwhile(shard, drop);
        EXPECT_FALSE(shard.scheduler().has_ready("smtp:example.net"));
        if (leased) refuse(*leased);
        auto bounce = co_await next(shard, "smtp:example.org", 100ms);
        EXPECT_FALSE(bounce.has_value());
      },
      *queue_);
  EXPECT_EQ(settled().messages, 0U);
  close();
  open();
  EXPECT_EQ(queue_->gauges().messages, 0U);
}

TEST_F(InspectorTest, DropWorksWithoutAShard) {
  on_shard([](Shard& shard) -> io::Task<> { (void)co_await submit(shard, one_recipient(), test_body()); });
  const auto count = queue_->inspector().drop({.sender = "@example.org"});
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 1U);
  EXPECT_EQ(settled().messages, 0U);
}

}  // namespace
}  // namespace ringpost::test
