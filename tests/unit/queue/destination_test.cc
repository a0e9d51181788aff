#include "queue/destination.h"

#include <gtest/gtest.h>

namespace ringpost::queue {
namespace {

DuePosition at(std::int64_t due) {
  return {{due}, {0, 1}};
}

LaneRange empty_range() {
  LaneRange range;
  range.head = DuePosition::last();
  return range;
}

TEST(LaneRange, ScanThatBeganBeforeTheItemWasAppliedDoesNotPassIt) {
  LaneRange range = empty_range();
  range.note(at(100), 7, true);
  range.scan_begins(6);  // item 7 is not in RocksDB yet; the scan finds only something later
  EXPECT_TRUE(range.scan_ended(at(105), true));
  EXPECT_EQ(range.head, at(100));
  range.scan_begins(7);
  EXPECT_FALSE(range.scan_ended(at(105), true));
  EXPECT_EQ(range.head, at(105));
  EXPECT_FALSE(range.more);
}

TEST(LaneRange, NoteDuringAScanIsKeptForTheNext) {
  LaneRange range = empty_range();
  range.note(at(100), 1, true);
  range.scan_begins(5);
  range.note(at(50), 9, true);
  EXPECT_FALSE(range.scan_ended(at(200), true));
  EXPECT_EQ(range.head, at(50));
  EXPECT_TRUE(range.more);
  range.scan_begins(8);  // 9 is still not applied
  EXPECT_TRUE(range.scan_ended(at(60), true));
  EXPECT_EQ(range.head, at(50));
}

TEST(LaneRange, ScanCutByItsLimitHasMore) {
  LaneRange range = empty_range();
  range.note(at(1), 1, true);
  range.scan_begins(1);
  EXPECT_FALSE(range.more);
  EXPECT_FALSE(range.scan_ended(at(40), false));
  EXPECT_TRUE(range.more);
  EXPECT_EQ(range.head, at(40));
}

TEST(LaneRange, NoteOfAFutureTimeIsNotMoreNow) {
  LaneRange range = empty_range();
  range.note(at(1'000'000), 3, false);
  EXPECT_FALSE(range.more);
  EXPECT_EQ(range.head, at(1'000'000));
}

TEST(Destination, OneWithATimeToWaitForIsNotIdle) {
  Destination destination("mx:example.org", nullptr, [](Destination&) noexcept {});
  EXPECT_TRUE(destination.is_idle(monotonic_now()));
  destination.next_due = {5};
  EXPECT_FALSE(destination.is_idle(monotonic_now()));
  destination.next_due = {INT64_MAX};
  destination.held = 1;
  EXPECT_FALSE(destination.is_idle(monotonic_now()));
}

}  // namespace
}  // namespace ringpost::queue
