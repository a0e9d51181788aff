#include "queue/log_replay.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "queue/log_harness.h"

namespace ringpost::test {
namespace {

using queue::LogPosition;
using queue::RecordType;

constexpr std::uint64_t segment_octets = 4096;

// A log written by hand: segments and their records, as payload texts.
class HandMade : public testing::Test {
 protected:
  void segment(std::uint64_t sequence, const std::vector<std::string>& payloads, std::uint64_t generation = 0) {
    if (generation == 0) generation = sequence;
    std::string octets = queue::encode_segment_header({.log = 0, .sequence = sequence, .generation = generation});
    for (const std::string& payload : payloads) octets += record(payload, generation);
    octets.resize(segment_octets);
    ASSERT_TRUE((*files_.open(path(sequence), true))->write_now(octets, 0));
  }
  static std::string record(const std::string& payload, std::uint64_t generation) {
    std::string octets(queue::record_header_octets, '\0');
    encode_record_header(RecordType::chunk, static_cast<std::uint32_t>(payload.size()), crc32c(payload), generation,
                         octets.data());
    octets += payload;
    octets.resize(queue::record_octets(payload.size()), '\x55');
    return octets;
  }
  static std::string path(std::uint64_t sequence) { return "/spool/0000000" + std::to_string(sequence) + ".spool"; }

  Result<queue::ReplayReport> replay(LogPosition from) {
    queue::SegmentTable table(files_, "/spool", segment_octets, 0);
    EXPECT_TRUE(table.scan());
    seen_.clear();
    return queue::replay_log(table, 0, from, [this](const queue::ReplayedRecord& found) -> Result<void> {
      seen_.emplace_back(found.payload);
      last_ = found.end;
      return {};
    });
  }

  FaultyFileSystem files_;
  std::vector<std::string> seen_;
  LogPosition last_;
};

using Seen = std::vector<std::string>;

TEST_F(HandMade, AllRecordsOfAllSegmentsAreReadInOrder) {
  segment(1, {"a", "bb", "ccc"});
  segment(2, {});
  segment(3, {"d"});
  const auto report = replay({});
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(seen_, (Seen{"a", "bb", "ccc", "d"}));
  EXPECT_EQ(report->end, last_);
  EXPECT_EQ(report->records, 4U);
}

TEST_F(HandMade, ReadingBeginsBehindTheWatermark) {
  segment(1, {"a", "bb", "ccc"});
  segment(2, {"d"});
  ASSERT_TRUE(replay({1, queue::segment_header_octets + 2 * 32}).has_value());
  EXPECT_EQ(seen_, (Seen{"ccc", "d"}));
  ASSERT_TRUE(replay({2, 0}).has_value());
  EXPECT_EQ(seen_, (Seen{"d"}));
}

TEST_F(HandMade, ATornRecordEndsItsSegmentAndReadingGoesOnWithTheNext) {
  segment(1, {"a", "bb", "ccc"});
  segment(2, {"d"});
  files_.overwrite(path(1), queue::segment_header_octets + 32 + queue::record_header_octets, "X");
  ASSERT_TRUE(replay({}).has_value());
  EXPECT_EQ(seen_, (Seen{"a", "d"}));
}

TEST_F(HandMade, WhatAnEarlierLifeOfTheFileLeftBehindIsNotRead) {
  segment(1, {"a", "bb"});
  segment(2, {"new"}, 9);
  files_.overwrite(path(2), queue::segment_header_octets + 32, record("stale", 8));
  ASSERT_TRUE(replay({}).has_value());
  EXPECT_EQ(seen_, (Seen{"a", "bb", "new"}));
}

TEST_F(HandMade, ALengthThatLeadsOutOfTheSegmentEndsIt) {
  segment(1, {"a"});
  files_.overwrite(path(1), queue::segment_header_octets + 32 + 4, "\xff\xff\xff\xff");
  ASSERT_TRUE(replay({}).has_value());
  EXPECT_EQ(seen_, (Seen{"a"}));
}

TEST_F(HandMade, ARecordMayFillItsSegmentToTheLastOctet) {
  const std::string whole(segment_octets - queue::segment_header_octets - queue::record_header_octets, 'x');
  segment(1, {whole});
  segment(2, {"b"});
  ASSERT_TRUE(replay({}).has_value());
  EXPECT_EQ(seen_, (Seen{whole, "b"}));
}

TEST_F(HandMade, AMissingSegmentIsAnError) {
  segment(1, {"a"});
  segment(3, {"c"});
  EXPECT_FALSE(replay({}).has_value());        // number 2
  EXPECT_FALSE(replay({2, 64}).has_value());   // the watermark's own
  EXPECT_FALSE(replay({7, 100}).has_value());  // all from there on
  EXPECT_TRUE(replay({3, 64}).has_value());
  EXPECT_TRUE(replay({4, 0}).has_value());  // never begun
}

TEST(LogReplay, AnAcceptWhoseChunkInFrontOfTheWatermarkIsLostIsPassedOver) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    EXPECT_TRUE((co_await send(site, body_of(9000, 1))).has_value());
    EXPECT_TRUE((co_await send(site, body_of(100, 2))).has_value());
  });
  const LogPosition behind_first_chunk{
      1, 64 + static_cast<std::uint32_t>(queue::record_octets(small_options().chunk_octets_max))};
  const auto accepts_from = [&](LogPosition from) {
    queue::SegmentTable table(files, "/spool", small_options().segment_octets, 0);
    EXPECT_TRUE(table.scan());
    return recover(table, {{0, from}}).messages.size();
  };
  EXPECT_EQ(accepts_from(behind_first_chunk), 2U);
  files.overwrite("/spool/00000001.spool", 5000, "X");
  EXPECT_EQ(accepts_from(behind_first_chunk), 1U);
  EXPECT_EQ(accepts_from({1, 0}), 0U);
}

TEST_F(HandMade, AnErrorOfTheVisitorEndsTheReading) {
  segment(1, {"a", "b"});
  queue::SegmentTable table(files_, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  int seen = 0;
  const auto report = queue::replay_log(table, 0, {}, [&](const queue::ReplayedRecord&) -> Result<void> {
    ++seen;
    return fail(ErrorKind::io, "no more");
  });
  EXPECT_FALSE(report.has_value());
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace ringpost::test
