#include "queue/keys.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ringpost::queue {
namespace {

TEST(Keys, OrderOfDueKeysIsLaneDestinationTimeId) {
  const std::vector<DueKey> ordered = {
      {0, "a", {{5}, {1, 1}}},     {0, "a", {{5}, {1, 2}}}, {0, "a", {{256}, {0, 0}}}, {0, "a.b", {{1}, {0, 0}}},
      {0, "a\xff", {{1}, {0, 0}}}, {0, "b", {{1}, {0, 0}}}, {1, "a", {{1}, {0, 0}}},   {256, "", {{1}, {0, 0}}},
  };
  std::vector<std::string> keys;
  for (const DueKey& key : ordered) keys.push_back(due_key(key.lane, key.destination, key.position));
  EXPECT_TRUE(std::ranges::is_sorted(keys));
}

TEST(Keys, DueKeyReadsBack) {
  const DueKey key{513, "smtp://[2001:db8::1]:25", {{1'790'000'000'123}, {0x0123456789abcdef, 0xfedcba9876543210}}};
  const auto parsed = parse_due_key(due_key(key.lane, key.destination, key.position));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, key);
}

TEST(Keys, ClassesOfPriorityAreRangesOfTheirOwnAndReadBack) {
  std::vector<std::string> keys;
  for (const PriorityClass priority : {PriorityClass::normal, PriorityClass::urgent, PriorityClass::low}) {
    const DueKey first{3, "mx:a", {{1'790'000'000'123}, {1, 2}}, priority};
    for (const DuePosition& position : {DuePosition::first(), first.position, DuePosition::last()})
      keys.push_back(due_key(3, "mx:a", position, priority));
    EXPECT_EQ(parse_due_key(due_key(3, "mx:a", first.position, priority)), first);
    EXPECT_LT(keys.back(), class_end(3, "mx:a", priority));
    keys.push_back(class_end(3, "mx:a", priority));
  }
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  EXPECT_LT(keys.back(), destination_end(3, "mx:a"));
  std::string foreign = due_key(3, "mx:a", DuePosition::first());
  foreign[foreign.size() - 24] = '\x03';
  EXPECT_FALSE(parse_due_key(foreign));
}

TEST(Keys, RangeOfADestinationHoldsItsKeysAndNoOthers) {
  const std::string begin = destination_begin(3, "mx:example.org");
  const std::string end = destination_end(3, "mx:example.org");
  const auto inside = [&](const std::string& key) { return begin <= key && key < end; };
  EXPECT_TRUE(inside(due_key(3, "mx:example.org", DuePosition::first())));
  EXPECT_TRUE(inside(due_key(3, "mx:example.org", DuePosition::last())));
  EXPECT_FALSE(inside(due_key(3, "mx:example.or", DuePosition::last())));
  EXPECT_FALSE(inside(due_key(3, "mx:example.orga", DuePosition::first())));
  EXPECT_FALSE(inside(due_key(2, "mx:example.org", DuePosition::first())));
}

TEST(Keys, ForeignKeysAreRefused) {
  EXPECT_FALSE(parse_due_key("short"));
  EXPECT_FALSE(parse_due_key(std::string(40, 'x')));  // no NUL where it must be
  EXPECT_FALSE(parse_message_key("fifteen octets!"));
  EXPECT_FALSE(parse_segment_key(""));
  EXPECT_FALSE(parse_watermark_key("watermark/"));
  EXPECT_FALSE(parse_watermark_key("count/messages"));
}

TEST(Keys, ValuesReadBack) {
  EXPECT_EQ(parse_position(encode_position({0x123456789, 77})), (LogPosition{0x123456789, 77}));
  EXPECT_EQ(parse_count(encode_count(-5)), -5);
  const DueValue due{true, {0, 1, 127, 128, 4'000'000'000}};
  EXPECT_EQ(parse_due(encode_due(due)), due);
  EXPECT_FALSE(parse_due(""));
  EXPECT_FALSE(parse_due("\x01\xff"));
}

TEST(Keys, PositionAfterTheLastOfATimeIsTheNextTime) {
  const DuePosition last{{7}, {UINT64_MAX, UINT64_MAX}};
  EXPECT_EQ(last.after(), (DuePosition{{8}, {0, 0}}));
  EXPECT_LT((DuePosition{{7}, {1, UINT64_MAX}}), (DuePosition{{7}, {1, UINT64_MAX}}).after());
}

}  // namespace
}  // namespace ringpost::queue
