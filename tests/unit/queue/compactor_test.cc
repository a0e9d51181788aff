#include "queue/compactor.h"

#include <algorithm>
#include <future>
#include <thread>

#include "queue/store.h"
#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Shard;

std::string large_body(char c) {
  return "Subject: x\r\n\r\n" + std::string(60'000, c) + "\r\n";
}

class CompactorTest : public QueueTest {
 protected:
  CompactorTest() {
    options_.segment_octets = 512 << 10;
    options_.compact_after = 0ms;
    options_.retry.first = 1h;
    options_.retry.max = 1h;
  }
  /// Where the bodies lie: the log of each extent.
  std::vector<queue::Extent> extents() {
    std::vector<queue::Extent> all;
    EXPECT_TRUE(queue_->inspector().list({}, [&](const queue::MessageRecord& record) {
      all.insert(all.end(), record.message.body.begin(), record.message.body.end());
      return true;
    }));
    return all;
  }

 public:
  bool wait_for_copy() {
    for (int i = 0; i < 100; ++i) {
      const auto all = extents();
      if (!all.empty() && std::ranges::all_of(all, [](const auto& e) { return e.log == queue::Compactor::log; }))
        return true;
      std::this_thread::sleep_for(100ms);
    }
    return false;
  }
};

TEST_F(CompactorTest, SurvivorOfADeadSegmentIsCopiedAndDelivered) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    // One of eight stays; then the log goes on to other segments.
    for (int i = 0; i < 24; ++i) {
      (void)co_await submit(shard, one_recipient(), large_body('a'));
      auto attempt = co_await next(shard, "smtp:example.net");
      EXPECT_TRUE(attempt.has_value());
      if (!attempt) co_return;
      if (i == 1) defer(*attempt);
      if (i != 1) deliver(*attempt);
    }
  });
  ASSERT_EQ(extents().size(), 1U);
  EXPECT_EQ(extents()[0].log, 0);
  ASSERT_TRUE(wait_for_copy());
  EXPECT_EQ(queue_->gauges().live_octets, large_body('a').size());
  close();
  open();
  std::string body;
  std::vector<MessageId> ids;
  ASSERT_TRUE(queue_->inspector().list({}, [&](const queue::MessageRecord& record) {
    ids.push_back(record.message.id);
    return true;
  }));
  ASSERT_EQ(ids.size(), 1U);
  ASSERT_TRUE(queue_->inspector().body(ids[0], [&](std::string_view piece) {
    body += piece;
    return true;
  }));
  EXPECT_TRUE(body.ends_with(large_body('a')));
}

TEST_F(CompactorTest, LeaseReadsOnAtTheOldPlaceAndTheWindowAtTheNew) {
  options_.segment_octets = 1 << 20;
  options_.retry.first = 1ms;
  options_.retry.max = 1ms;
  open();
  on_shard(
      [](Shard& shard, CompactorTest& test) -> io::Task<> {
        (void)co_await submit(shard, one_recipient(), large_body('l'));
        (void)co_await submit(shard, one_recipient(), large_body('w'));
        for (int i = 0; i < 2; ++i) {
          auto attempt = co_await next(shard, "smtp:example.net");
          if (attempt) defer(*attempt);
        }
        auto lease = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(lease.has_value());
        if (!lease) co_return;
        for (int i = 0; i < 40 && !shard.scheduler().has_ready("smtp:example.net"); ++i)
          co_await sleep_for(shard.reactor(), 10ms);
        for (int i = 0; i < 24; ++i) {  // fills and kills other segments
          (void)co_await submit(shard, from_to("a@example.org", "b@example.com"), large_body('x'));
          auto other = co_await next(shard, "smtp:example.com");
          if (other) deliver(*other);
        }
        bool copied = false;
        auto waiting = std::async(std::launch::async, [&test] { return test.wait_for_copy(); });
        while (waiting.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
          co_await sleep_for(shard.reactor(), 5ms);
        copied = waiting.get();
        EXPECT_TRUE(copied);
        const std::string old_place = co_await read_body(shard, *lease);
        EXPECT_TRUE(old_place == large_body('l') || old_place == large_body('w'));
        deliver(*lease);
        auto second = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(second.has_value());
        if (!second) co_return;
        EXPECT_EQ(second->message().body.at(0).log, queue::Compactor::log);
        const std::string new_place = co_await read_body(shard, *second);
        EXPECT_TRUE(new_place == large_body('l') || new_place == large_body('w'));
        EXPECT_NE(new_place, old_place);
        deliver(*second);
      },
      *this);
  EXPECT_EQ(settled().messages, 0U);
}

}  // namespace
}  // namespace ringpost::test
