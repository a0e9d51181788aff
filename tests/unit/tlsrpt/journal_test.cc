#include "tlsrpt/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.h"

namespace ringpost::tlsrpt {
namespace {

constexpr Day day{20'783};  // some day

class JournalOf : public testing::Test {
 protected:
  std::string file() const { return folder_ + "/" + day.text() + ".log"; }
  const test::TemporaryDirectory directory_;
  const std::string folder_ = directory_.path() + "/tlsrpt";
};

Tally sample(const std::string& domain = "d.example") {
  Tally tally;
  tally.add({domain,
             {PolicyType::sts, {"version: STSv1", "mode: testing"}, {"*.d.example"}},
             Failure{FailureKind::certificate_host_mismatch, "192.0.2.1", "mx.d.example", "h\xc3\xa4", "192.0.2.2",
                     "made for \"another\" name"}});
  tally.add({domain, {}, {}});
  return tally;
}

TEST_F(JournalOf, ADayAddsUpAndReadsBack) {
  Journal journal(folder_);
  EXPECT_TRUE(journal.read(day).tally.empty());
  ASSERT_TRUE(journal.append(day, sample()));
  EXPECT_EQ(journal.read(day).tally, sample());
  ASSERT_TRUE(journal.append(day, sample()));
  ASSERT_TRUE(journal.append(Day{day.number + 1}, sample("e.example")));
  Tally twice = sample();
  twice.add(sample());
  EXPECT_EQ(Journal(folder_).read(day).tally, twice) << "after a restart";
}

TEST_F(JournalOf, ATornLineSpoilsNothingButItself) {
  Journal journal(folder_);
  ASSERT_TRUE(journal.append(day, sample()));
  const auto whole = std::filesystem::file_size(file());
  for (std::uintmax_t size = whole; size-- > 0;) {
    std::filesystem::resize_file(file(), size);
    ASSERT_TRUE(journal.append(day, sample("after.example")));
    ASSERT_TRUE(journal.read(day).tally.domains().contains("after.example")) << "torn at " << size;
    std::filesystem::resize_file(file(), size);
  }
}

TEST_F(JournalOf, WhatWasSentStaysSo) {
  Journal journal(folder_);
  ASSERT_TRUE(journal.append(day, sample()));
  ASSERT_TRUE(journal.settle(day, "d.example", "mailto:a@d.example"));
  const DayNotes notes = Journal(folder_).read(day);
  EXPECT_TRUE(notes.is_settled("d.example", "mailto:a@d.example"));
  EXPECT_FALSE(notes.is_settled("d.example", Journal::everything));
  EXPECT_FALSE(notes.is_settled("e.example", "mailto:a@d.example"));
}

TEST_F(JournalOf, AFileThatGrowsIsWrittenAnewWithItsSums) {
  constexpr std::uint64_t octets = 8'000;
  Journal journal(folder_, octets);
  ASSERT_TRUE(journal.settle(day, "d.example", "x"));
  constexpr std::uint64_t times = 200;
  for (std::uint64_t i = 0; i < times; ++i) {
    ASSERT_TRUE(journal.append(day, sample()));
    ASSERT_LT(std::filesystem::file_size(file()), octets + 1'000);
  }
  const DayNotes notes = journal.read(day);
  EXPECT_EQ(notes.tally.domains().at("d.example").at(Policy{}).successes, times);
  EXPECT_TRUE(notes.is_settled("d.example", "x"));
}

TEST_F(JournalOf, ADayHasNoMoreThanItMay) {
  constexpr std::uint64_t octets = 8'000;
  Journal journal(folder_, octets);
  Result<void> last;
  for (int i = 0; i < 100; ++i) last = journal.append(day, sample("d" + std::to_string(i) + ".example"));
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().kind, ErrorKind::no_space);
  EXPECT_LT(std::filesystem::file_size(file()), octets + 1'000);
}

TEST_F(JournalOf, OldDaysAreForgotten) {
  Journal journal(folder_);
  EXPECT_TRUE(journal.days(day).empty());
  for (std::int64_t ago : {0, 1, 8, 9, 100}) ASSERT_TRUE(journal.append(Day{day.number - ago}, sample()));
  std::ofstream(folder_ + "/something-else.log") << "x";
  EXPECT_EQ(journal.days(day), (std::vector<Day>{{day.number - 8}, {day.number - 1}, day}));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/" + Day{day.number - 9}.text() + ".log"));
}

TEST(JournalLines, WhatIsNoLineOfOursIsPassedOver) {
  const std::string good = journal_lines(sample());
  for (const char* bad :
       {"", "x", "[]", "{}", "{\"domain\":7}", R"({"domain":"d.example","type":"odd"})", "\"\\ud800\""}) {
    EXPECT_EQ(parse_journal(std::string(bad) + "\n" + good + bad).tally, sample()) << bad;
  }
}

TEST(Day, IsReadAsItIsWritten) {
  const auto parsed = Day::parse("2026-02-28");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->text(), "2026-02-28");
  EXPECT_EQ(Day{parsed->number + 1}.text(), "2026-03-01");
  EXPECT_EQ(Day::of({parsed->end().milliseconds - 1}), *parsed);
  EXPECT_EQ(Day::of(parsed->end()).text(), "2026-03-01");
  for (const char* bad : {"", "2026-02-29", "2026-13-01", "2026-2-280", "20260228", "2026-02-2x", "-026-02-02"})
    EXPECT_FALSE(Day::parse(bad)) << bad;
}

}  // namespace
}  // namespace ringpost::tlsrpt
