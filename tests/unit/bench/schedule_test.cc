#include "bench/schedule.h"

#include <gtest/gtest.h>

#include <set>

namespace ringpost::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Schedule, ThreadsTogetherSendEachMessageOnce) {
  LoadOptions options;
  options.threads = 3;
  options.messages = 100;
  std::set<std::uint64_t> seen;
  const MonotonicTime start = monotonic_now();
  for (std::uint32_t thread = 0; thread < options.threads; ++thread) {
    Schedule schedule(options, thread, start);
    while (auto ticket = schedule.take(start)) EXPECT_TRUE(seen.insert(ticket->message).second);
    EXPECT_TRUE(schedule.over());
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_EQ(*seen.rbegin(), 99U);
}

TEST(Schedule, WithARateMessagesAreDueWhetherOrNotTheyWereSent) {
  LoadOptions options;
  options.messages = 10;
  options.rate = 100;
  const MonotonicTime start = monotonic_now();
  Schedule schedule(options, 0, start);
  for (int i = 0; i < 10; ++i) {
    const auto ticket = schedule.take(start + seconds(5));  // the server stood still for five seconds
    ASSERT_TRUE(ticket && ticket->due);
    EXPECT_EQ(*ticket->due, start + milliseconds(10) * i);
  }
}

TEST(Schedule, NothingIsBegunAfterTheDuration) {
  LoadOptions options;
  options.duration = seconds(1);
  const MonotonicTime start = monotonic_now();
  Schedule schedule(options, 0, start);
  EXPECT_TRUE(schedule.take(start));
  EXPECT_TRUE(schedule.take(start + milliseconds(999)));
  EXPECT_FALSE(schedule.take(start + seconds(1)));
  EXPECT_TRUE(schedule.over());
  EXPECT_EQ(schedule.left(), 0U);
}

TEST(Schedule, WhatWasNotSentIsKnown) {
  LoadOptions options;
  options.messages = 5;
  Schedule schedule(options, 0, monotonic_now());
  EXPECT_TRUE(schedule.take(monotonic_now()));
  schedule.stop();
  EXPECT_FALSE(schedule.take(monotonic_now()));
  EXPECT_EQ(schedule.left(), 4U);
}

TEST(Schedule, OnlyTheTimersOwnMillisecondIsForgiven) {
  const MonotonicTime due = monotonic_now();
  EXPECT_EQ(charged_from(due, due + milliseconds(50), false), due);
  EXPECT_EQ(charged_from(due, due + std::chrono::microseconds(300), true), due + std::chrono::microseconds(300));
  EXPECT_EQ(charged_from(due, due + milliseconds(50), true), due + milliseconds(1));
}

TEST(LoadOptions, SessionsTimesMessagesUnlessToldOtherwise) {
  LoadOptions options;
  options.sessions = 20;
  options.messages_per_session = 50;
  EXPECT_EQ(options.messages_in_all(), 1000U);
  options.messages = 7;
  EXPECT_EQ(options.messages_in_all(), 7U);
  options.sessions = 0;
  EXPECT_EQ(options.messages_in_all(), 0U);
}

TEST(LoadOptions, SessionsWithoutMailAreCountedAsMessagesAre) {
  LoadOptions options;
  options.without_mail = true;
  EXPECT_EQ(options.messages_in_all(), 1000U);
  options.messages = 7;
  EXPECT_EQ(options.messages_in_all(), 7U);
}

TEST(LoadOptions, SourceAddressesAreRangesAndLists) {
  const auto addresses = parse_source_addresses("127.0.0.2-127.0.0.9,192.0.2.7");
  ASSERT_TRUE(addresses);
  ASSERT_EQ(addresses->size(), 9U);
  EXPECT_EQ(addresses->front().host(), "127.0.0.2");
  EXPECT_EQ((*addresses)[7].host(), "127.0.0.9");
  EXPECT_EQ(addresses->back().host(), "192.0.2.7");
  for (const char* text : {"127.0.0.9-127.0.0.2", "1.2.3", "10.0.0.0-10.255.255.255", "a-b"}) {
    EXPECT_FALSE(parse_source_addresses(text)) << text;
  }
}

}  // namespace
}  // namespace ringpost::bench
