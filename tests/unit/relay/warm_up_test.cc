#include "relay/warm_up.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "relay/warm_up_file.h"
#include "relay/warm_up_plan.h"

namespace ringpost::relay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;

WallTime at(const std::string& day, Duration since_midnight = {}) {
  return WallTime{*parse_day(day) * 86'400'000} + since_midnight;
}

SourceAddress warming(const std::string& address, std::vector<std::uint32_t> steps,
                      const std::string& first = "2026-12-01") {
  auto source = *parse_source_address(address);
  source.warm_up = std::make_shared<const WarmUpPlan>(WarmUpPlan{*parse_day(first), std::move(steps)});
  return source;
}

std::uint32_t sent(WarmUp& counts, const SourceAddress& source, const std::string& site, WallTime now) {
  std::uint32_t messages = 0;
  while (messages < 1000 && counts.take(source, site, now)) ++messages;
  return messages;
}

TEST(WarmUpPlan, DaysAreThoseOfTheCalendarInUtc) {
  EXPECT_EQ(parse_day("1970-01-01").value(), 0);
  EXPECT_EQ(parse_day("2026-12-01").value(), 20'788);
  EXPECT_EQ(day_text(20'788), "2026-12-01");
  EXPECT_EQ(day_of({86'399'999}), 0);
  EXPECT_EQ(day_of({86'400'000}), 1);
  EXPECT_EQ(day_of({-1}), -1);
  EXPECT_EQ(next_day({86'399'999}).milliseconds, 86'400'000);
  EXPECT_EQ(next_day({86'400'000}).milliseconds, 2 * 86'400'000);
  for (const char* bad :
       {"", "2026-13-01", "2026-02-29", "2026-2-01", "1969-12-31", "2026-12-01 ", "2026-12-0x", "26-12-01"})
    EXPECT_FALSE(parse_day(bad).has_value()) << bad;
}

TEST(WarmUpPlan, GrowsDayByDayAndEnds) {
  const WarmUpPlan plan{100, {50, 100, 500}};
  EXPECT_EQ(plan.allowed(99), 0U);
  EXPECT_EQ(plan.allowed(100), 50U);
  EXPECT_EQ(plan.allowed(102), 500U);
  EXPECT_EQ(plan.allowed(103), std::nullopt);
}

TEST(WarmUp, CountsForEachSourceAndSiteAndBeginsAgainAtMidnight) {
  WarmUp counts;
  const auto one = warming("192.0.2.1", {3, 5});
  const auto other = warming("192.0.2.2", {2});
  const WallTime evening = at("2026-12-01", hours(24) - milliseconds(1));
  EXPECT_EQ(sent(counts, one, "a", evening), 3U);
  EXPECT_EQ(sent(counts, one, "b", evening), 3U);
  EXPECT_EQ(sent(counts, other, "a", evening), 2U);
  EXPECT_FALSE(counts.may_send(one, "a", evening));
  EXPECT_TRUE(counts.may_send(one, "a", evening + milliseconds(1)));
  EXPECT_EQ(sent(counts, one, "a", evening + milliseconds(1)), 5U);
  EXPECT_EQ(sent(counts, other, "a", evening + milliseconds(1)), 1000U);  // it is warm
  EXPECT_EQ(sent(counts, one, "a", at("2026-11-30")), 0U);
}

TEST(WarmUp, AClockSetBackALittleDoesNotBeginYesterdayAgain) {
  WarmUp counts;
  const auto source = warming("192.0.2.1", {3, 3});
  EXPECT_EQ(sent(counts, source, "a", at("2026-12-02")), 3U);
  EXPECT_EQ(sent(counts, source, "a", at("2026-12-01", hours(23))), 0U);
  EXPECT_EQ(sent(counts, source, "a", at("2026-12-02", hours(1))), 0U);
}

TEST(WarmUp, WhatNobodyTookIsGivenBack) {
  WarmUp counts;
  const auto source = warming("192.0.2.1", {1});
  const WallTime now = at("2026-12-01");
  EXPECT_TRUE(counts.take(source, "a", now));
  EXPECT_FALSE(counts.take(source, "a", now));
  counts.give_back(source, "a", now);
  EXPECT_TRUE(counts.take(source, "a", now));
  counts.give_back(source, "never", now);
  EXPECT_EQ(sent(counts, source, "never", now), 1U);
}

TEST(WarmUp, CountsSurviveAsTextUntilTheDayIsOver) {
  WarmUp before;
  const auto source = warming("192.0.2.1", {3, 3});
  const WallTime now = at("2026-12-01", hours(12));
  EXPECT_TRUE(before.is_empty());
  EXPECT_TRUE(before.take(source, "a", now));
  EXPECT_TRUE(before.take(source, "a", now));
  EXPECT_TRUE(before.take(source, "b", now));
  WarmUp same_day, next;
  EXPECT_TRUE(same_day.restore(before.text(), now));
  EXPECT_EQ(same_day.text().size(), before.text().size());
  EXPECT_EQ(sent(same_day, source, "a", now), 1U);
  EXPECT_EQ(sent(same_day, source, "b", now), 2U);
  EXPECT_TRUE(next.restore(before.text(), at("2026-12-02")));
  EXPECT_EQ(sent(next, source, "a", at("2026-12-02")), 3U);
}

TEST(WarmUp, AFileThatIsNotOursIsNone) {
  WarmUp counts;
  const WallTime now = at("2026-12-01");
  for (const char* bad :
       {"", "ringpost-warm-up 2 20788\n", "ringpost-warm-up 1 x\n", "ringpost-warm-up 1 20788\nx 1\n",
        "ringpost-warm-up 1 20788\n0123456789abcdef -1\n", "ringpost-warm-up 1 20788\n0123456789abcdef"}) {
    EXPECT_FALSE(counts.restore(bad, now)) << bad;
  }
  EXPECT_TRUE(counts.is_empty());
}

TEST(WarmUp, SitesBeyondTheBoundAreNotHeldBack) {
  WarmUp counts;
  const auto source = warming("192.0.2.1", {1});
  const WallTime now = at("2026-12-01");
  std::size_t twice = 0;
  for (std::size_t i = 0; i < WarmUp::pairs_max + 20'000; ++i) {
    const std::string site = std::to_string(i);
    EXPECT_TRUE(counts.take(source, site, now));
    twice += counts.take(source, site, now) ? 1 : 0;
  }
  EXPECT_GE(twice, 20'000U);
  EXPECT_LE(twice, 25'000U);
  EXPECT_LE(counts.text().size(), WarmUp::file_octets_max);
}

TEST(WarmUp, TheReasonNamesTheSourceAndItsNumber) {
  const WallTime now = at("2026-12-02");
  EXPECT_EQ(warm_up_reason({warming("192.0.2.1", {1, 50})}, now),
            "warm-up: source 192.0.2.1 has sent its 50 messages to this site today");
  EXPECT_EQ(warm_up_reason({warming("192.0.2.1", {1, 1}), warming("2001:db8::1", {5}, "2026-12-24")}, now),
            "warm-up: source 192.0.2.1 has sent its 1 message to this site today; source 2001:db8::1 begins on "
            "2026-12-24");
}

TEST(WarmUpFile, KeepsTheCountsOfWhoeverEndsInOrder) {
  const std::string path = ::testing::TempDir() + "ringpost-warm-up-" + std::to_string(::getpid());
  std::filesystem::remove(path);
  auto source = warming("192.0.2.1", {3}, day_text(day_of(WallTime::now())));
  source.warm_up = std::make_shared<const WarmUpPlan>(WarmUpPlan{day_of(WallTime::now()), {3, 3}});
  WarmUp counts;
  WarmUpFile file(counts, path);
  file.load();
  file.save_now_and_then();
  EXPECT_FALSE(std::filesystem::exists(path)) << "nothing has been counted";
  EXPECT_TRUE(counts.take(source, "a", WallTime::now()));
  file.save_now_and_then();
  EXPECT_FALSE(std::filesystem::exists(path)) << "not a minute has passed";
  file.save_and_end();
  WarmUp after;
  WarmUpFile(after, path).load();
  EXPECT_EQ(sent(after, source, "a", WallTime::now()), 2U);
  EXPECT_TRUE(counts.take(source, "a", WallTime::now()));
  file.save_and_end();
  WarmUp again;
  WarmUpFile(again, path).load();
  EXPECT_EQ(sent(again, source, "a", WallTime::now()), 2U) << "whoever has ended writes no more";
  std::ofstream(path) << "rubbish";
  WarmUp none;
  WarmUpFile(none, path).load();
  EXPECT_TRUE(none.is_empty());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace ringpost::relay
