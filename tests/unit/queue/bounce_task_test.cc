// What the sender is told while a message goes through a whole queue: delays, successes, double bounces.
#include "queue/bounce_task.h"

#include <algorithm>

#include "queue_harness.h"

namespace ringpost::test {
namespace {

using queue::Attempt;
using queue::Shard;

bool has(const std::string& text, const std::string& piece) {
  return text.find(piece) != std::string::npos;
}

mail::Envelope trusted_envelope(std::uint8_t notify) {
  mail::Envelope sent = one_recipient();
  sent.origin.trusted = true;
  sent.recipients[0].notify.bits = notify;
  return sent;
}

void deliver_with(Attempt& attempt, mail::Handover handover) {
  std::vector<mail::DeliveryStatus> statuses;
  for (const std::uint32_t recipient : attempt.recipients())
    statuses.push_back({recipient, mail::Action::delivered, {250, {2, 0, 0}}, "250 ok", "mx[192.0.2.1]:25", handover});
  attempt.finish(std::move(statuses));
}

// The reports that come for the sender within a moment.
io::Task<std::vector<std::string>> reports(Shard& shard, Duration at_most = 300ms) {
  std::vector<std::string> found;
  while (auto report = co_await next(shard, "smtp:example.org", at_most)) {
    found.push_back(co_await read_body(shard, *report));
    deliver(*report);
  }
  co_return found;
}

constexpr mail::Handover ways[] = {mail::Handover::final_delivery, mail::Handover::relayed, mail::Handover::with_dsn};

class ReportTest : public QueueTest {
 protected:
  ReportTest() {
    options_.delay_notice_after = 200ms;
    options_.retry.first = 100ms;
    options_.retry.factor = 1;
  }
};

TEST_F(ReportTest, DelayIsToldOnceAndTheMessageGoesOn) {
  open();
  std::vector<std::string> found;
  on_shard(
      [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
        mail::Envelope sent = trusted_envelope(mail::Notify::unspecified);
        (void)co_await submit(shard, sent, test_body());
        const MonotonicTime until = monotonic_now() + 900ms;
        while (monotonic_now() < until) {
          auto attempt = co_await next(shard, "smtp:example.net", 100ms);
          if (attempt) defer(*attempt);
        }
        into = co_await reports(shard);
        auto last = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(last.has_value());
        if (last) deliver(*last);
      },
      found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(has(found[0], "Action: delayed\r\nStatus: 4.3.0\r\n"));
  EXPECT_TRUE(has(found[0], "Will-Retry-Until: "));
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(ReportTest, DelayIsNotToldAgainAfterARestart) {
  open();
  std::vector<std::string> before, after;
  const auto wait = [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
    const MonotonicTime until = monotonic_now() + 500ms;
    while (monotonic_now() < until) {
      auto attempt = co_await next(shard, "smtp:example.net", 100ms);
      if (attempt) defer(*attempt);
    }
    into = co_await reports(shard);
  };
  on_shard([](Shard& shard) -> io::Task<> {
    mail::Envelope sent = trusted_envelope(mail::Notify::delay);
    (void)co_await submit(shard, sent, test_body());
  });
  close();
  open();
  on_shard(wait, before);
  close();
  open();
  on_shard(wait, after);
  EXPECT_EQ(before.size(), 1U);
  EXPECT_EQ(after.size(), 0U);
  EXPECT_EQ(settled().messages, 1U);
}

TEST_F(ReportTest, StrangersHearOfDelaysOnlyWhereTheyAsked) {
  open();
  std::vector<std::string> found;
  on_shard(
      [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
        mail::Envelope sent = one_recipient();
        (void)co_await submit(shard, sent, test_body());
        const MonotonicTime until = monotonic_now() + 500ms;
        while (monotonic_now() < until) {
          auto attempt = co_await next(shard, "smtp:example.net", 100ms);
          if (attempt) defer(*attempt);
        }
        into = co_await reports(shard);
      },
      found);
  EXPECT_EQ(found.size(), 0U);
}

TEST_F(ReportTest, WhatWaitsBehindADeadNextHopIsToldThoughItWasNotTried) {
  options_.retry.first = 10s;
  options_.retry.max = 10s;
  open();
  std::vector<std::string> found;
  on_shard(
      [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
        mail::Envelope sent = trusted_envelope(mail::Notify::unspecified);
        for (int i = 0; i < 3; ++i) (void)co_await submit(shard, sent, test_body());
        co_await sleep_for(shard.reactor(), 300ms);
        auto probe = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(probe.has_value());
        if (!probe) co_return;
        shard.scheduler().postpone("smtp:example.net", monotonic_now() + 10s, "connection refused");
        defer(*probe);
        into = co_await reports(shard);
      },
      found);
  ASSERT_EQ(found.size(), 3U);
  int untried = 0;
  for (const std::string& report : found) untried += has(report, "x-ringpost; connection refused") ? 1 : 0;
  EXPECT_EQ(untried, 2);
  EXPECT_EQ(settled().messages, 3U);
}

TEST_F(ReportTest, WhoseTimeRanOutHearsWhyTheLastAttemptFailed) {
  options_.delay_notice_after = 0s;
  options_.max_age = 500ms;
  open();
  std::vector<std::string> found;
  on_shard(
      [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
        (void)co_await submit(shard, trusted_envelope(mail::Notify::unspecified), test_body());
        auto attempt = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(attempt.has_value());
        if (!attempt) co_return;
        shard.scheduler().postpone("smtp:example.net", monotonic_now() + 700ms, "connection refused");
        defer(*attempt);
        auto none = co_await next(shard, "smtp:example.net", 1500ms);
        EXPECT_FALSE(none.has_value());
        into = co_await reports(shard);
      },
      found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(has(found[0], "Action: failed\r\nStatus: 4.4.7\r\n")) << found[0];
  EXPECT_TRUE(has(found[0],
                  "Diagnostic-Code: x-ringpost; not delivered in time; the last attempt met: 451 later "
                  "(mx.example.net[192.0.2.1]:25)\r\n"));
  EXPECT_FALSE(has(found[0], "Last-Attempt-Date: "));  // it was not now
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(ReportTest, WhatWasNeverTriedItselfRunsOutOfTimeBehindADeadNextHop) {
  options_.delay_notice_after = 0s;
  options_.max_age = 400ms;
  options_.retry.max = 300ms;
  open();
  std::vector<std::string> found;
  on_shard(
      [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
        for (int i = 0; i < 3; ++i)
          (void)co_await submit(shard, trusted_envelope(mail::Notify::unspecified), test_body());
        auto probe = co_await next(shard, "smtp:example.net");
        EXPECT_TRUE(probe.has_value());
        if (!probe) co_return;
        shard.scheduler().postpone("smtp:example.net", monotonic_now() + 600ms, "connection refused");
        defer(*probe);
        auto none = co_await next(shard, "smtp:example.net", 1200ms);
        EXPECT_FALSE(none.has_value());
        (void)co_await submit(shard, trusted_envelope(mail::Notify::unspecified), test_body());
        auto fresh = co_await next(shard, "smtp:example.net");  // whose time has not run out is the next probe
        EXPECT_TRUE(fresh.has_value());
        if (fresh) deliver(*fresh);
        into = co_await reports(shard);
      },
      found);
  ASSERT_EQ(found.size(), 3U);
  int untried = 0;
  for (const std::string& report : found)
    untried += has(report, "x-ringpost; not delivered in time; its destination: connection refused") ? 1 : 0;
  EXPECT_EQ(untried, 2);
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(ReportTest, SuccessIsToldByWhoHasTheLastWord) {
  open();
  std::vector<std::string> found;
  on_shard(
      [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
        for (const auto handover : ways) {
          mail::Envelope sent = trusted_envelope(mail::Notify::success);
          (void)co_await submit(shard, sent, test_body());
          auto attempt = co_await next(shard, "smtp:example.net");
          EXPECT_TRUE(attempt.has_value());
          if (attempt) deliver_with(*attempt, handover);
        }
        into = co_await reports(shard);
      },
      found);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(has(found[0] + found[1], "Action: delivered\r\n"));
  EXPECT_TRUE(has(found[0] + found[1], "Action: relayed\r\n"));
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(ReportTest, ReturnsTheWholeMessageToWhoWantsIt) {
  open();
  std::vector<std::string> found;
  on_shard(
      [](Shard& shard, std::vector<std::string>& into) -> io::Task<> {
        mail::Envelope sent = one_recipient();
        sent.ret = mail::DsnReturn::full;
        (void)co_await submit(shard, sent, test_body());
        auto attempt = co_await next(shard, "smtp:example.net");
        if (attempt) refuse(*attempt);
        into = co_await reports(shard);
      },
      found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(has(found[0], "message/rfc822\r\n\r\nReceived: by test\r\n" + test_body()));
}

TEST_F(ReportTest, DoubleBounceIsToldToThePostmasterAndEndsThere) {
  options_.double_bounce = queue::DoubleBounce::postmaster;
  options_.double_bounce_to = "postmaster@example.com";
  open();
  std::string body;
  on_shard(
      [](Shard& shard, std::string& received) -> io::Task<> {
        mail::Envelope sent = from_to("", "b@example.net");
        (void)co_await submit(shard, sent, test_body());
        auto attempt = co_await next(shard, "smtp:example.net");
        if (attempt) refuse(*attempt);
        auto notice = co_await next(shard, "smtp:example.com");
        EXPECT_TRUE(notice.has_value());
        if (!notice) co_return;
        received = co_await read_body(shard, *notice);
        refuse(*notice);
        auto another = co_await next(shard, "smtp:example.com", 200ms);
        EXPECT_FALSE(another.has_value());
      },
      body);
  EXPECT_TRUE(has(body, "Final-Recipient: rfc822; b@example.net\r\n"));
  EXPECT_EQ(settled().messages, 0U);
}

TEST_F(ReportTest, VerpGoesToOneRecipientAtATimeAndSoDoItsBounces) {
  options_.verp_senders = {"a@example.org"};
  open();
  std::vector<std::string> senders, told;
  on_shard(
      [](Shard& shard, std::vector<std::string>& from, std::vector<std::string>& to) -> io::Task<> {
        const std::vector<std::string> recipients(1, "b@example.net");
        mail::Envelope sent = envelope("a@example.org", recipients);
        sent.recipients.push_back(sent.recipients[0]);
        sent.recipients[1].address.local = "c";
        (void)co_await submit(shard, sent, test_body());
        for (int i = 0; i < 2; ++i) {
          auto attempt = co_await next(shard, "smtp:example.net");
          EXPECT_TRUE(attempt.has_value());
          if (!attempt) co_return;
          EXPECT_EQ(attempt->recipients().size(), 1U);
          from.push_back(attempt->reverse_path().text());
          refuse(*attempt);
        }
        for (int i = 0; i < 2; ++i) {
          auto bounce = co_await next(shard, "smtp:example.org");
          EXPECT_TRUE(bounce.has_value());
          if (!bounce) co_return;
          to.push_back(bounce->message().envelope.recipients[0].address.text());
          deliver(*bounce);
        }
      },
      senders, told);
  const std::vector<std::string> expected{"a+b=example.net@example.org", "a+c=example.net@example.org"};
  std::ranges::sort(senders);
  std::ranges::sort(told);
  EXPECT_EQ(senders, expected);
  EXPECT_EQ(told, expected);
}

}  // namespace
}  // namespace ringpost::test
