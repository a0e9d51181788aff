#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Attempt;
using queue::MarkKind;
using queue::Shard;

class OfferEverythingTest : public QueueTest {
 protected:
  void SetUp() override {
    options_.retry.first = 1h;
    options_.retry.max = 1h;
    options_.index_lag = 10ms;
    open();
  }
};

io::Task<bool> exhausted(Shard& shard) {
  for (int i = 0; i < 500; ++i) {
    if (shard.scheduler().is_exhausted()) co_return true;
    co_await sleep_for(shard.reactor(), std::chrono::milliseconds(10));
  }
  co_return false;
}

io::Task<std::size_t> hand_over(Shard& shard, std::string destination) {
  std::size_t messages = 0;
  for (;;) {
    auto attempt = co_await next(shard, destination, std::chrono::milliseconds(500));
    if (!attempt) co_return messages;
    ++messages;
    deliver(*attempt);
  }
}

TEST_F(OfferEverythingTest, WhatIsDeferredPostponedAndInTheWindowComes) {
  on_shard([](Shard& shard) -> io::Task<> {
    for (int i = 0; i < 20; ++i) (void)co_await submit(shard, one_recipient(), test_body());
    for (int i = 0; i < 20; ++i) {
      auto attempt = co_await next(shard, "smtp:example.net");
      if (attempt) defer(*attempt);
    }
    (void)co_await submit(shard, one_recipient(), test_body());
    (void)co_await submit(shard, from_to("a@example.org", "c@example.com"), test_body());
    auto deferred = co_await next(shard, "smtp:example.com");
    if (deferred) defer(*deferred);
    shard.scheduler().postpone("smtp:example.net", monotonic_now() + std::chrono::hours(1), "down");
    EXPECT_FALSE(shard.scheduler().has_ready("smtp:example.net"));
    shard.scheduler().offer_everything();
    EXPECT_FALSE(shard.scheduler().is_exhausted());
    const std::size_t net = co_await hand_over(shard, "smtp:example.net");
    const std::size_t com = co_await hand_over(shard, "smtp:example.com");
    EXPECT_EQ(net, 21U);
    EXPECT_EQ(com, 1U);
    const bool over = co_await exhausted(shard);
    EXPECT_TRUE(over);
  });
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(OfferEverythingTest, WhatAnAttemptUnderWayDefersComesAgain) {
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    shard.scheduler().offer_everything();
    if (attempt) defer(*attempt);
    shard.scheduler().postpone("smtp:example.net", monotonic_now() + std::chrono::hours(1), "down");
    const std::size_t messages = co_await hand_over(shard, "smtp:example.net");
    EXPECT_EQ(messages, 1U);
  });
}

TEST_F(OfferEverythingTest, WhatIsTooOldIsOfferedAndMakesNoBounce) {
  options_.max_age = 200ms;
  close();
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    shard.scheduler().offer_everything();
    if (attempt) defer(*attempt);
    co_await sleep_for(shard.reactor(), std::chrono::milliseconds(300));
    const std::size_t messages = co_await hand_over(shard, "smtp:example.net");
    EXPECT_EQ(messages, 1U);
    EXPECT_FALSE(shard.scheduler().has_ready("smtp:example.org"));  // where its bounce would go
  });
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(OfferEverythingTest, WhatIsSetAsideStaysAndDoesNotComeBack) {
  on_shard([](Shard& shard) -> io::Task<> {
    for (int i = 0; i < 3; ++i) (void)co_await submit(shard, one_recipient(), test_body());
    shard.scheduler().offer_everything();
    for (int i = 0; i < 3; ++i) {
      auto attempt = co_await next(shard, "smtp:example.net");
      if (!attempt) continue;
      attempt->set_aside(attempt->recipients());
      attempt->finish({});
    }
    auto again = co_await next(shard, "smtp:example.net", std::chrono::milliseconds(300));
    EXPECT_FALSE(again);
    const bool over = co_await exhausted(shard);
    EXPECT_TRUE(over);
  });
  EXPECT_EQ(settled().messages, 3U);
  on_shard([](Shard& shard) -> io::Task<> {
    const std::size_t messages = co_await hand_over(shard, "smtp:example.net");
    EXPECT_EQ(messages, 3U);  // the next start offers them
  });
}

TEST_F(OfferEverythingTest, WhatIsHeldStays) {
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, one_recipient(), test_body());
    (void)co_await submit(shard, from_to("x@example.org", "b@example.net"), test_body());
    co_await sleep_for(shard.reactor(), std::chrono::milliseconds(50));
  });
  ASSERT_TRUE(queue_->inspector().mark({.kind = MarkKind::hold, .selector = {.sender = "x@example.org"}}));
  on_shard([](Shard& shard) -> io::Task<> {
    shard.scheduler().offer_everything();
    const std::size_t messages = co_await hand_over(shard, "smtp:example.net");
    EXPECT_EQ(messages, 1U);
    const bool over = co_await exhausted(shard);
    EXPECT_TRUE(over);
  });
  EXPECT_EQ(settled().messages, 1U);
}

TEST_F(OfferEverythingTest, WhoHeardOfTheDelayFromASiblingHearsNoMore) {
  options_.delay_notice_after = 1ms;
  close();
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    for (const bool told : {true, false}) {
      mail::Envelope late = one_recipient();
      late.origin.trusted = true;
      late.recipients[0].delay_told = told;
      (void)co_await submit(shard, late, test_body());
      co_await sleep_for(shard.reactor(), std::chrono::milliseconds(20));
      auto attempt = co_await next(shard, "smtp:example.net");
      if (!attempt) continue;
      EXPECT_EQ(attempt->delay_told(0), told);
      defer(*attempt);
      auto notice = co_await next(shard, "smtp:example.org", std::chrono::milliseconds(500));
      EXPECT_EQ(notice.has_value(), !told);
      if (notice) deliver(*notice);
    }
  });
}

}  // namespace
}  // namespace ringpost::test
