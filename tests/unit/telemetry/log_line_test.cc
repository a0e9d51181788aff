#include "telemetry/log_line.h"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::telemetry {
namespace {

constexpr WallTime noon{1'795'435'200'123};

std::string json_of(std::string_view name, std::string_view value) {
  LogLine line;
  line.begin(LogFormat::json, EventKind::accept, noon, "mx1.example.com");
  line.text(name, value);
  return std::string(line.finish());
}

std::string value_of(std::string_view value) {
  const std::string line = json_of("from", value);
  const auto start = line.find("\"from\":\"") + 8;
  return line.substr(start, line.size() - 3 - start);
}

TEST(LogLine, StartsWithTimeLevelEventNode) {
  EXPECT_EQ(json_of("from", "a@example.com"),
            R"({"time":"2026-11-23T12:00:00.123Z","level":"info","event":"accept","node":"mx1.example.com",)"
            R"("from":"a@example.com"})"
            "\n");
}

TEST(LogLine, TimeAgreesWithBaseAlsoBeforeTheEpochAndAtYearEnds) {
  for (const std::int64_t ms :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'798'761'599'999}, std::int64_t{951'782'400'007}}) {
    LogLine line;
    line.begin(LogFormat::text, EventKind::accept, WallTime{ms}, "n");
    EXPECT_EQ(std::string(line.finish()).substr(0, 24), rfc3339(WallTime{ms}));
  }
}

TEST(LogLine, QuotesBackslashesAndControlsAreEscaped) {
  EXPECT_EQ(value_of("a\"b\\c\r\nd\te\x7f"), R"(a\"b\\c\r\nd\u0009e\u007f)");
  EXPECT_EQ(value_of(std::string_view("\0x", 2)), R"(\u0000x)");
}

TEST(LogLine, ValidUtf8PassesAndInvalidUtf8IsReplaced) {
  EXPECT_EQ(value_of("grüße€𝄞"), "grüße€𝄞");
  EXPECT_EQ(value_of("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(value_of("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");                  // overlong
  EXPECT_EQ(value_of("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // surrogate
  EXPECT_EQ(value_of("\xf4\x90\x80\x80x"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
  EXPECT_EQ(value_of("a\xe2\x82"), "a\xef\xbf\xbd\xef\xbf\xbd");  // ends inside a sequence
}

TEST(LogLine, C1ControlsDoNotReachATerminal) {
  EXPECT_EQ(value_of("\xc2\x9b"
                     "31m"),
            R"(\u009b31m)");
}

TEST(LogLine, LongValuesAreCutBetweenCharacters) {
  EXPECT_EQ(value_of(std::string(513, 'a')), std::string(512, 'a') + "...");
  EXPECT_EQ(value_of(std::string(511, 'a') + "ü" + std::string(10, 'b')), std::string(511, 'a') + "...");
  EXPECT_EQ(value_of(std::string(512, 'a')), std::string(512, 'a'));
}

TEST(LogLine, ALineNeverExceedsItsBoundAndSaysWhatIsMissing) {
  LogLine line;
  line.begin(LogFormat::json, EventKind::reject, noon, "n");
  for (int i = 0; i < 20; ++i) line.text("reply", std::string(512, '\x01'));
  line.number("size", std::uint64_t{7});
  const std::string text(line.finish());
  EXPECT_LE(text.size(), LogLine::octets_max);
  EXPECT_TRUE(text.ends_with("\"size\":7,\"truncated\":true}\n"));
  EXPECT_EQ(text.find("\"reply\":\""), text.rfind("\"reply\":\""));  // one fitted whole, none was left half
}

TEST(LogLine, ExactlyFullLinesStayWithinTheBound) {
  for (std::size_t size = 300; size <= 512; ++size) {
    LogLine line;
    line.begin(LogFormat::json, EventKind::reject, noon, "n");
    for (int i = 0; i < 20; ++i) line.text("x", std::string(size, 'a'));
    const std::string_view text = line.finish();
    ASSERT_LE(text.size(), LogLine::octets_max);
    ASSERT_TRUE(text.ends_with("}\n"));
  }
}

TEST(LogLine, NumbersKeepTheirExtremes) {
  LogLine line;
  line.begin(LogFormat::text, EventKind::accept, noon, "n");
  line.number("size", std::uint64_t{18446744073709551615U});
  line.number("count", std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(line.finish().ends_with(" size=18446744073709551615 count=-9223372036854775808\n"));
}

TEST(LogLine, TextFormatQuotesOnlyWhatNeedsIt) {
  LogLine line;
  line.begin(LogFormat::text, EventKind::defer, noon, "n");
  line.text("from", "");
  line.text("to", "a@b");
  line.text("reply", "450 4.2.0 try \"later\"\n");
  line.time("next", noon);
  EXPECT_EQ(line.finish(),
            "2026-11-23T12:00:00.123Z info defer from=\"\" to=a@b reply=\"450 4.2.0 try \\\"later\\\"\\n\" "
            "next=2026-11-23T12:00:00.123Z\n");
}

}  // namespace
}  // namespace ringpost::telemetry
