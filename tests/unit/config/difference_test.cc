#include "config/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringpost::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Configuration read(const std::string& text) {
  auto parsed = parse("hostname = \"mx.example\"\nworkers = 2\n" + text, "/etc/ringpost.toml");
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().front().text());
  return parsed.value_or(Configuration{});
}

std::vector<std::string> texts(const std::string& before, const std::string& after, bool needs_restart = false) {
  std::vector<std::string> found;
  for (const Difference& difference : differences(read(before), read(after))) {
    EXPECT_EQ(difference.needs_restart, needs_restart) << difference.text();
    found.push_back(difference.text());
  }
  return found;
}

TEST(Differences, TheSameFileHasNone) {
  const std::string text = "[[domain]]\nname = \"a.example\"\n[[route]]\ndomain = \"*\"\nrate = \"10/s\"\n";
  EXPECT_THAT(texts(text, text), IsEmpty());
  EXPECT_THAT(texts("", "[limits]\nrecipients_max = 1000\n"), IsEmpty());  // the default
}

TEST(Differences, AChangedKeyIsToldWithBothValues) {
  EXPECT_THAT(texts("", "[limits]\nrecipients_max = 5\n"), ElementsAre("[limits] recipients_max: 5, was 1000"));
}

TEST(Differences, TablesOfAnArrayAreTheSameWhereTheirFirstKeyIs) {
  const std::string a = "[[domain]]\nname = \"a.example\"\ndeliver = \"discard:\"\n";
  const std::string b = "[[domain]]\nname = \"b.example\"\ndeliver = \"discard:\"\n";
  const std::string other_a = "[[domain]]\nname = \"a.example\"\ndeliver = \"lmtp://127.0.0.1:24\"\n";
  EXPECT_THAT(texts(a, b + other_a),
              ElementsAre("[[domain]] \"b.example\": new",
                          "[[domain]] \"a.example\" deliver: \"lmtp://127.0.0.1:24\", was \"discard:\""));
  EXPECT_THAT(texts(a + b, b), ElementsAre("[[domain]] \"a.example\": gone"));
}

TEST(Differences, TwoTablesWithTheSameFirstKeyAreTwo) {
  const std::string route = "[[route]]\ndomain = \"*\"\n";
  EXPECT_THAT(texts(route, route + route + "rate = \"1/s\"\n"), ElementsAre("[[route]] \"*\" (2): new"));
}

TEST(Differences, AnotherOrderIsADifference) {
  const std::string a = "[[route]]\ndomain = \"a.example\"\n";
  const std::string b = "[[route]]\ndomain = \"b.example\"\n";
  EXPECT_EQ(texts(a + b, b + a).size(), 1U);
}

TEST(Differences, WhatTheProcessIsBuiltOnNeedsARestart) {
  EXPECT_THAT(texts("", "[queue]\nmax_age = \"1d\"\n", true), ElementsAre("[queue] max_age: \"1d\", was \"5d\""));
  EXPECT_THAT(texts("data_dir = \"/a\"\n", "data_dir = \"/b\"\n", true), ElementsAre("data_dir: \"/b\", was \"/a\""));
  EXPECT_THAT(texts("", "[log]\nformat = \"text\"\n", true), ElementsAre("[log] format: \"text\", was \"json\""));
  const std::string few = "[limits]\nsessions_max = 100\n";
  EXPECT_THAT(texts(few + "memory_max = \"256MiB\"\n", few + "memory_max = \"512MiB\"\n", true),
              ElementsAre("[limits] memory_max: \"512MiB\", was \"256MiB\""));
  EXPECT_THAT(texts("", "[security]\nsandbox = \"off\"\n", true),
              ElementsAre("[security] sandbox: \"off\", was \"enforce\""));
  EXPECT_THAT(texts("", "[log]\nlevel = \"debug\"\n"), ElementsAre("[log] level: \"debug\", was \"info\""));
}

}  // namespace
}  // namespace ringpost::config
