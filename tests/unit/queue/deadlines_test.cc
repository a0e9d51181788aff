// Times that a sender gives: not before (RFC 4865), and by when (RFC 2852).
#include <thread>

#include "queue_harness.h"

namespace ringpost::test {
namespace {

using Mode = mail::DeliverBy::Mode;
using queue::Shard;

bool has(const std::string& text, const std::string& piece) {
  return text.find(piece) != std::string::npos;
}

mail::Envelope by(Mode mode, Duration from_now) {
  mail::Envelope made = one_recipient();
  made.origin.trusted = true;
  made.deliver_by = {mode, false, WallTime::now() + from_now};
  return made;
}

/// The report that comes for the sender, empty: none within `at_most`.
io::Task<std::string> report(Shard& shard, Duration at_most) {
  std::string text;
  auto attempt = co_await next(shard, "smtp:example.org", at_most);
  if (!attempt) co_return text;
  text = co_await read_body(shard, *attempt);
  deliver(*attempt);
  co_return text;
}

io::Task<> expect_no_report(Shard& shard, Duration at_most) {
  const std::string none = co_await report(shard, at_most);
  EXPECT_TRUE(none.empty()) << none;
}

/// The sender hears that it came too late, with `reason` in the report.
io::Task<> expect_given_back(Shard& shard, std::string reason = {}) {
  const std::string bounce = co_await report(shard, 3s);
  EXPECT_TRUE(has(bounce, "Action: failed")) << bounce;
  EXPECT_TRUE(has(bounce, "Status: 5.4.7")) << bounce;
  EXPECT_TRUE(has(bounce, "Deliver-By-Date: ")) << bounce;
  EXPECT_TRUE(has(bounce, reason)) << bounce;
}

/// A message is offered within `at_most`, and delivered.
io::Task<> expect_delivered(Shard& shard, Duration at_most = 5s, std::string destination = "smtp:example.net") {
  auto attempt = co_await next(shard, std::move(destination), at_most);
  EXPECT_TRUE(attempt.has_value());
  if (attempt) deliver(*attempt);
}

class DeadlineTest : public QueueTest {
 protected:
  DeadlineTest() {
    options_.retry.first = std::chrono::hours(1);
    options_.retry.max = std::chrono::hours(1);
  }
  std::uint64_t queued() { return settled().messages; }
};

TEST_F(DeadlineTest, HeldMailLeavesAtItsTimeAndNotBefore) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    mail::Envelope sent = one_recipient();
    sent.not_before = WallTime::now() + 400ms;
    const WallTime release = sent.not_before;
    (void)co_await submit(shard, std::move(sent), test_body());
    auto early = co_await next(shard, "smtp:example.net", 200ms);
    EXPECT_FALSE(early.has_value());
    co_await expect_delivered(shard, 2s);
    EXPECT_GE(WallTime::now(), release);
  });
}

TEST_F(DeadlineTest, HoldSurvivesARestartAndARetryOfTheOperator) {
  open();
  WallTime release;
  on_shard(
      [](Shard& shard, WallTime& until) -> io::Task<> {
        mail::Envelope sent = one_recipient();
        sent.not_before = until = WallTime::now() + 700ms;
        (void)co_await submit(shard, std::move(sent), test_body());
      },
      release);
  close();
  open();
  EXPECT_TRUE(queue_->inspector().retry({}));
  on_shard(
      [](Shard& shard, WallTime& until) -> io::Task<> {
        co_await expect_delivered(shard, 3s);
        EXPECT_GE(WallTime::now(), until);
      },
      release);
}

TEST_F(DeadlineTest, DeferredMailIsGivenBackAtItsDeadline) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, by(Mode::give_back, 300ms), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (attempt) defer(*attempt);
    co_await expect_given_back(shard, "451 later");
  });
  EXPECT_EQ(queued(), 0U);
}

TEST_F(DeadlineTest, MailOfADestinationThatIsDownIsGivenBackAtItsDeadline) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    shard.scheduler().postpone("smtp:example.net", monotonic_now() + 1h, "no route to host");
    (void)co_await submit(shard, by(Mode::give_back, 300ms), test_body());
    co_await expect_given_back(shard, "no route to host");
  });
  EXPECT_EQ(queued(), 0U);
}

TEST_F(DeadlineTest, MailInTheWindowAndBehindItIsGivenBackAtItsDeadline) {
  options_.window_messages = 4;
  open();
  int bounces = 0;
  on_shard(
      [](Shard& shard, int& count) -> io::Task<> {
        for (int i = 0; i < 20; ++i) {
          (void)co_await submit(shard, by(Mode::give_back, 500ms), test_body());
        }
        for (; count < 20; ++count) {
          const std::string bounce = co_await report(shard, 3s);
          if (!has(bounce, "Status: 5.4.7")) break;
        }
        auto none = co_await next(shard, "smtp:example.net", 50ms);
        EXPECT_FALSE(none.has_value());
      },
      bounces);
  EXPECT_EQ(bounces, 20);
  EXPECT_EQ(queued(), 0U);
}

TEST_F(DeadlineTest, RecipientsOfOneDestinationAreReportedTogether) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    shard.scheduler().postpone("smtp:example.net", monotonic_now() + 1h, "no route to host");
    const std::vector<std::string> to{"b@example.net", "c@example.net", "d@example.com"};
    mail::Envelope sent = envelope("a@example.org", to);
    sent.deliver_by = {Mode::give_back, false, WallTime::now() + 200ms};
    (void)co_await submit(shard, std::move(sent), test_body());
    co_await expect_delivered(shard, 5s, "smtp:example.com");
    const std::string bounce = co_await report(shard, 3s);
    EXPECT_TRUE(has(bounce, "rfc822; b@example.net") && has(bounce, "rfc822; c@example.net")) << bounce;
    EXPECT_FALSE(has(bounce, "rfc822; d@example.com")) << bounce;
    co_await expect_no_report(shard, 300ms);
  });
  EXPECT_EQ(queued(), 0U);
}

TEST_F(DeadlineTest, NoticeThatNobodyWantsIsNotGiven) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    mail::Envelope sent = by(Mode::notify, 100ms);
    sent.recipients[0].notify.bits = mail::Notify::never;
    (void)co_await submit(shard, std::move(sent), test_body());
    co_await expect_no_report(shard, 400ms);
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (!attempt) co_return;
    EXPECT_EQ(attempt->attempts_before(), 0U);
    deliver(*attempt);
  });
}

TEST_F(DeadlineTest, DeadlineThatPassesWhileWeAreDownIsKeptAtTheStart) {
  open();
  on_shard([](Shard& shard) -> io::Task<> { (void)co_await submit(shard, by(Mode::give_back, 100ms), test_body()); });
  close();
  std::this_thread::sleep_for(150ms);
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    auto late = co_await next(shard, "smtp:example.net", 300ms);
    EXPECT_FALSE(late.has_value());
    co_await expect_given_back(shard);
  });
  EXPECT_EQ(queued(), 0U);
}

TEST_F(DeadlineTest, NoticeIsGivenOnceAtTheTimeTheSenderNamed) {
  options_.delay_notice_after = Duration::zero();  // ours are off: this one was asked for
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    shard.scheduler().postpone("smtp:example.net", monotonic_now() + 1200ms, "no route to host");
    mail::Envelope sent = by(Mode::notify, 300ms);
    sent.origin.trusted = false;
    (void)co_await submit(shard, std::move(sent), test_body());
    const std::string notice = co_await report(shard, 1s);
    EXPECT_TRUE(has(notice, "Action: delayed")) << notice;
    EXPECT_TRUE(has(notice, "Deliver-By-Date: ")) << notice;
    co_await expect_no_report(shard, 300ms);
    co_await expect_delivered(shard, 3s);  // it goes on where it stood
  });
  EXPECT_EQ(queued(), 0U);
}

TEST_F(DeadlineTest, WhatIsDeliveredInTimeIsNotHeardOfAgain) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, by(Mode::give_back, 200ms), test_body());
    co_await expect_delivered(shard);
    co_await expect_no_report(shard, 500ms);
  });
  EXPECT_EQ(queued(), 0U);
}

// An attempt under way at the deadline decides: here it fails for now, which is then the end.
TEST_F(DeadlineTest, AttemptUnderWayIsNotBrokenOff) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, by(Mode::give_back, 200ms), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    co_await expect_no_report(shard, 500ms);
    if (attempt) defer(*attempt);
    co_await expect_given_back(shard);
  });
  EXPECT_EQ(queued(), 0U);
}

TEST_F(DeadlineTest, RelayingIsToldWhereASenderAsksForATrace) {
  open();
  on_shard([](Shard& shard) -> io::Task<> {
    (void)co_await submit(shard, by(Mode::notify, 1h), test_body());
    auto attempt = co_await next(shard, "smtp:example.net");
    EXPECT_TRUE(attempt.has_value());
    if (!attempt) co_return;
    std::vector<mail::DeliveryStatus> statuses;
    statuses.push_back(
        {0, mail::Action::delivered, {250, {2, 0, 0}}, "250 ok", "mx[192.0.2.1]:25", mail::Handover::traced});
    attempt->finish(std::move(statuses));
    const std::string told = co_await report(shard, 2s);
    EXPECT_TRUE(has(told, "Action: relayed")) << told;
  });
}

}  // namespace
}  // namespace ringpost::test
