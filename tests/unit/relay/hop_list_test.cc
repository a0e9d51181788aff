#include "relay/hop_list.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

namespace ringpost::relay {
namespace {

using testing::ElementsAre;

std::vector<Hop> hops(std::initializer_list<const char*> texts) {
  std::vector<Hop> list;
  for (const char* text : texts) {
    const auto hop = parse_listed_hop(text);
    EXPECT_TRUE(hop.has_value()) << text;
    list.push_back({hop->next_hop, {}, hop->weight, hop->rank});
  }
  return list;
}

std::vector<std::string> tried(const std::vector<Hop>& list, const std::string& down = "") {
  static std::mt19937_64 dice(7);  // the same numbers in each run
  std::vector<std::string> names;
  for (const Hop* hop : hops_to_try(list, [&](const Hop& each) { return each.next_hop.host == down; }, std::ref(dice)))
    names.push_back(hop->next_hop.host);
  return names;
}

TEST(HopList, AnEntryIsANextHopAndPerhapsAWeightAndARank) {
  const auto plain = parse_listed_hop("smtp://a.example");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->weight, 0U);
  const auto weighted = parse_listed_hop("smtps://b.example:4465  weight=3");
  ASSERT_TRUE(weighted.has_value());
  EXPECT_EQ(weighted->text, "smtps://b.example:4465");
  EXPECT_EQ(weighted->weight, 3U);
  EXPECT_EQ(weighted->rank, 1U);
  const auto ranked = parse_listed_hop("lmtp+unix:/run/with blank weight=1000 rank=32");
  ASSERT_TRUE(ranked.has_value());
  EXPECT_EQ(ranked->next_hop.path, "/run/with blank");
  EXPECT_EQ(ranked->rank, 32U);
}

TEST(HopList, AnythingElseIsRefused) {
  for (const char* bad : {"", "weight=1", "smtp://a weight=0", "smtp://a weight=1001", "smtp://a weight=",
                          "mx weight=1", "smtp://a weight=x", "smtp://a rank=1", "smtp://a weight=1 rank=0",
                          "smtp://a weight=1 rank=33", "smtp://a rank=1 weight=1", "maildir:/x/{local} weight=1",
                          "discard: weight=2", "smtp://a Weight=1", "smtp://a weight=-1"}) {
    EXPECT_FALSE(parse_listed_hop(bad).has_value()) << bad;
  }
}

TEST(HopList, RanksStandInTheirOrder) {
  const auto list = [](std::initializer_list<const char*> texts) {
    std::vector<ListedHop> parsed;
    for (const char* text : texts) parsed.push_back(*parse_listed_hop(text));
    return parsed;
  };
  EXPECT_TRUE(check_ranks(list({"smtp://a weight=1", "smtp://b weight=1", "smtp://c weight=1 rank=2"})).has_value());
  EXPECT_TRUE(check_ranks(list({"smtp://a weight=1 rank=2", "smtp://b", "smtp://c weight=1"})).has_value());
  EXPECT_FALSE(check_ranks(list({"smtp://a weight=1 rank=2", "smtp://b weight=1"})).has_value());
}

TEST(HopList, WithoutWeightsTheOrderIsThatOfTheList) {
  EXPECT_THAT(tried(hops({"smtp://c", "smtp://a", "smtp://b"}), "c"), ElementsAre("c", "a", "b"));
}

TEST(HopList, NeighboursShareByWeight) {
  const auto list = hops({"smtp://a weight=3", "smtp://b weight=1", "smtp://c"});
  std::map<std::string, int> first;
  for (int i = 0; i < 4000; ++i) {
    const auto order = tried(list);
    ASSERT_EQ(order.size(), 3U);
    EXPECT_EQ(order[2], "c");
    ++first[order[0]];
  }
  EXPECT_NEAR(first["a"], 3000, 150);
  EXPECT_NEAR(first["b"], 1000, 150);
}

TEST(HopList, TheOthersTakeTheShareOfOneThatIsDownByTheirWeights) {
  const auto list = hops({"smtp://a weight=6", "smtp://b weight=3", "smtp://c weight=1", "smtp://d weight=9 rank=2",
                          "smtp://e weight=1 rank=2"});
  std::map<std::string, int> first, fourth;
  for (int i = 0; i < 4000; ++i) {
    const auto order = tried(list, "a");
    ASSERT_EQ(order.size(), 5U);
    EXPECT_EQ(order[2], "a");
    ++first[order[0]];
    ++fourth[order[3]];
  }
  EXPECT_NEAR(first["b"], 3000, 150);
  EXPECT_NEAR(first["c"], 1000, 150);
  EXPECT_NEAR(fourth["d"], 3600, 150);
}

TEST(HopList, FailuresAreForgottenInTime) {
  HopFailures failures;
  const MonotonicTime now{std::chrono::hours(1)};
  failures.note("smtp://a:25", now);
  EXPECT_TRUE(failures.recent("smtp://a:25", now));
  EXPECT_FALSE(failures.recent("smtp://b:25", now));
  EXPECT_FALSE(failures.recent("smtp://a:25", now + HopFailures::remembered));
  failures.forget("smtp://a:25");
  EXPECT_FALSE(failures.recent("smtp://a:25", now));
  for (std::size_t i = 0; i < HopFailures::hops_max + 10; ++i) failures.note(std::to_string(i), now);
  EXPECT_FALSE(failures.recent(std::to_string(HopFailures::hops_max + 5), now));
  failures.note("late", now + HopFailures::remembered);  // the old ones make room
  EXPECT_TRUE(failures.recent("late", now + HopFailures::remembered));
}

}  // namespace
}  // namespace ringpost::relay
