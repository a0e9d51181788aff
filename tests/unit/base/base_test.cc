#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/ids.h"
#include "base/intrusive.h"
#include "base/text.h"
#include "base/units.h"

namespace ringpost {
namespace {

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
}

TEST(Crc32c, ContinuesWhereItStopped) {
  const std::string text = "every octet counts, whatever the pieces are";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), crc32c(text));
  }
}

TEST(MessageId, TextIsReadBackAndSortsByTime) {
  const MessageId early = MessageId::generate({1'000});
  const MessageId late = MessageId::generate({2'000});
  EXPECT_EQ(early.text().size(), MessageId::text_octets);
  EXPECT_EQ(MessageId::parse(early.text()), early);
  EXPECT_EQ(MessageId::parse(to_lower(early.text())), early);
  EXPECT_LT(early.text(), late.text());
  EXPECT_LT(early.octets(), late.octets());
  EXPECT_EQ(MessageId::from_octets(std::string_view(early.octets().data(), 16)), early);
  EXPECT_EQ(early.time().milliseconds, 1'000);
}

TEST(MessageId, OtherTextIsNotAnId) {
  const std::string good = MessageId::generate({1}).text();
  for (const std::string& bad : {std::string(), good.substr(1), good + "0", "8" + good.substr(1), "U" + good.substr(1),
                                 good.substr(0, 25) + "/", good.substr(0, 25) + std::string(1, '\0')}) {
    EXPECT_FALSE(MessageId::parse(bad).has_value()) << bad;
  }
}

TEST(MessageId, ManyOfOneMillisecondDiffer) {
  std::set<MessageId> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(MessageId::generate({5}));
  EXPECT_EQ(ids.size(), 10'000U);
}

TEST(Units, DurationsAreReadAndPrinted) {
  EXPECT_EQ(parse_duration("90s"), std::chrono::seconds(90));
  EXPECT_EQ(parse_duration("1h30m"), std::chrono::minutes(90));
  EXPECT_EQ(parse_duration("5d"), std::chrono::hours(120));
  EXPECT_EQ(parse_duration("250ms"), std::chrono::milliseconds(250));
  for (const char* bad : {"", "5", "s", "5 s", "5m5m", "5s5m", "-5s", "5.5s", "99999999999d", "5S"}) {
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
  }
  for (const char* text : {"0s", "1h30m", "500ms", "5d", "1d1h1m1s1ms"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
}

TEST(Units, SizesAreReadAndPrinted) {
  EXPECT_EQ(parse_size("50MiB"), 50ULL << 20);
  EXPECT_EQ(parse_size("64K"), 64ULL << 10);
  EXPECT_EQ(parse_size("1000"), 1000ULL);
  for (const char* bad : {"", "MiB", "5 MiB", "5mib", "-1", "1e3", "99999999999999999999", "16777216TiB"}) {
    EXPECT_FALSE(parse_size(bad).has_value()) << bad;
  }
  EXPECT_EQ(format_size(50ULL << 20), "50MiB");
  EXPECT_EQ(format_size(1000), "1000");
}

TEST(Text, HostileOctetsBecomeOnePrintableLine) {
  EXPECT_EQ(printable("a\r\n\x01\xff b"), "a\\x0d\\x0a\\x01\\xff b");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

TEST(Text, NumbersAreDigitsAndNothingElse) {
  EXPECT_EQ(parse_unsigned("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "18446744073709551616", "+1", "-1", " 1", "1 ", "0x1", "000000000000000000001"}) {
    EXPECT_FALSE(parse_unsigned(bad).has_value()) << bad;
  }
}

TEST(Clock, DatesAreWrittenAsTheStandardsSay) {
  EXPECT_EQ(rfc5322_date({1'795'471'260'000}), "Mon, 23 Nov 2026 22:01:00 +0000");
  EXPECT_EQ(rfc3339({1'795'471'260'123}), "2026-11-23T22:01:00.123Z");
  EXPECT_EQ(rfc3339({-1}), "1969-12-31T23:59:59.999Z");
}

TEST(Clock, Rfc3339ReadsBackAndRefusesWhatIsNoDate) {
  EXPECT_EQ(parse_rfc3339("2026-11-23T22:01:00.123Z"), (WallTime{1'795'471'260'123}));
  EXPECT_EQ(parse_rfc3339("2026-11-23t23:31:00.1239+01:30"), (WallTime{1'795'471'260'123}));
  EXPECT_EQ(parse_rfc3339("2026-11-23T22:00:60z"), (WallTime{1'795'471'260'000}));
  for (const char* bad :
       {"", "2026-11-23", "2026-11-23T22:01:00", "2026-11-23 22:01:00Z", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T22:60:00Z", "2026-11-23T22:01:61Z", "2026-11-23T22:01:00.Z",
        "2026-11-23T22:01:00+2400", "2026-11-23T22:01:00+24:00", "2026-11-23T22:01:00Zx", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00", "26-11-23T22:01:00Z", "2026-1-23T22:01:00Z", "-026-11-23T22:01:00Z"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

struct Item : ListNode, MpscNode {
  int value = 0;
};

TEST(IntrusiveList, AnItemThatDiesLeavesTheList) {
  IntrusiveList<Item> list;
  Item first, last;
  first.value = 1;
  last.value = 3;
  list.push_back(first);
  {
    Item middle;
    list.push_back(middle);
    list.push_back(last);
  }
  EXPECT_EQ(list.pop_front().value, 1);
  EXPECT_EQ(list.pop_front().value, 3);
  EXPECT_TRUE(list.empty());
}

TEST(MpscStack, GivesBackInTheOrderOfPushing) {
  MpscStack stack;
  Item items[3];
  for (int i = 0; i < 3; ++i) {
    items[i].value = i;
    EXPECT_EQ(stack.push(items[i]), i == 0);
  }
  MpscNode* node = stack.take_all();
  for (int i = 0; i < 3; ++i, node = node->mpsc_next) {
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(static_cast<Item*>(node)->value, i);
  }
  EXPECT_EQ(node, nullptr);
  EXPECT_TRUE(stack.empty());
}

}  // namespace
}  // namespace ringpost
