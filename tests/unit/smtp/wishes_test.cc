#include "smtp/wishes.h"

#include <gtest/gtest.h>

namespace ringpost::smtp {
namespace {

using Mode = mail::DeliverBy::Mode;

TEST(Wishes, PriorityIsOneDigitWithAMinusPerhaps) {
  EXPECT_EQ(parse_priority("0"), 0);
  EXPECT_EQ(parse_priority("9"), 9);
  EXPECT_EQ(parse_priority("-9"), -9);
  for (const char* bad : {"", "-", "-0", "+3", "10", "-10", "3a", "x"}) EXPECT_FALSE(parse_priority(bad)) << bad;
}

TEST(Wishes, HoldForIsOneToNineDigitsWithoutALeadingZero) {
  EXPECT_EQ(parse_hold_for("1"), 1U);
  EXPECT_EQ(parse_hold_for("999999999"), 999'999'999U);
  for (const char* bad : {"", "0", "01", "1000000000", "-1", "1.5", "1s"}) EXPECT_FALSE(parse_hold_for(bad)) << bad;
}

TEST(Wishes, HoldUntilIsADateOfRfc3339) {
  EXPECT_EQ(parse_hold_until("2026-11-24T00:00:00Z"), (WallTime{1'795'478'400'000}));
  EXPECT_FALSE(parse_hold_until("tomorrow"));
}

TEST(Wishes, ByHasATimeAndAMode) {
  EXPECT_EQ(parse_by("120;R"), (ByTime{120, Mode::give_back, false}));
  EXPECT_EQ(parse_by("+120;rt"), (ByTime{120, Mode::give_back, true}));
  EXPECT_EQ(parse_by("-30;NT"), (ByTime{-30, Mode::notify, true}));
  EXPECT_EQ(parse_by("0;N"), (ByTime{0, Mode::notify, false}));
  EXPECT_EQ(parse_by("999999999;N"), (ByTime{999'999'999, Mode::notify, false}));
  for (const char* bad : {"", ";", "120", "120;", ";R", "0;R", "-1;R", "120;X", "120;TR", "120;RTT", "1000000000;N",
                          "--1;N", "1 ;N", "120;R;T", "0x1;N"})
    EXPECT_FALSE(parse_by(bad)) << bad;
}

TEST(Wishes, WhatIsWrittenReadsBack) {
  for (const ByTime& by : {ByTime{120, Mode::give_back, true}, ByTime{-5, Mode::notify, false}})
    EXPECT_EQ(parse_by(to_string(by)), by) << to_string(by);
}

TEST(Wishes, TimeLeftIsRoundedTowardsTheDeadlineAndBounded) {
  const mail::DeliverBy wanted{Mode::notify, true, {100'000}};
  EXPECT_EQ(time_left(wanted, {40'500}), (ByTime{59, Mode::notify, true}));
  EXPECT_EQ(time_left(wanted, {160'000}), (ByTime{-60, Mode::notify, true}));
  EXPECT_EQ(time_left({Mode::notify, false, {INT64_MAX}}, {0}).seconds, ByTime::seconds_max);
}

}  // namespace
}  // namespace ringpost::smtp
