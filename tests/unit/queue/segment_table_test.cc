#include "queue/segment_table.h"

#include <gtest/gtest.h>

#include <thread>

#include "queue/log_harness.h"

namespace ringpost::test {
namespace {

using queue::SegmentTable;
using Who = FaultyFileSystem::Who;

constexpr std::uint64_t segment_octets = 64 << 10;

bool soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 300 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

TEST(SegmentTable, NumbersOfALogAscendWithoutGapsAlsoOverRestarts) {
  FaultyFileSystem files;
  std::vector<std::uint64_t> generations;
  for (int life = 0; life < 3; ++life) {
    SegmentTable table(files, "/spool", segment_octets, 0);
    ASSERT_TRUE(table.scan());
    for (int i = 0; i < 3; ++i) {
      auto segment = table.begin(5);
      ASSERT_TRUE(segment.has_value());
      EXPECT_EQ(segment->octets, segment_octets);
      generations.push_back(segment->generation);
    }
    files.kill();
  }
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  EXPECT_EQ(table.logs(), std::vector<std::uint16_t>{5});
  const auto segments = table.segments_of(5);
  ASSERT_GE(segments.size(), 9U);
  for (std::size_t i = 0; i < segments.size(); ++i) EXPECT_EQ(segments[i].key.sequence, i + 1);
  EXPECT_TRUE(std::ranges::is_sorted(generations));
}

TEST(SegmentTable, ASegmentIsRecycledOnlyWhenNothingPinsItAndNothingLivesAndTheWatermarkHasLeftIt) {
  FaultyFileSystem files;
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(table.begin(0).has_value());
  const auto is_there = [&](std::uint64_t sequence) { return table.contains({0, sequence}); };

  table.unpin({0, 1});  // the log has left it
  EXPECT_TRUE(is_there(1));
  table.set_synced_watermark(0, {1, 60'000});
  EXPECT_TRUE(is_there(1));
  table.set_synced_watermark(0, {2, 64});
  EXPECT_FALSE(is_there(1));

  table.unpin({0, 2});
  table.add_live({0, 2}, 100);
  table.set_synced_watermark(0, {3, 64});
  EXPECT_TRUE(is_there(2));
  table.add_live({0, 2}, -60);
  EXPECT_TRUE(is_there(2));
  EXPECT_EQ(table.totals().live_octets, 40U);
  table.add_live({0, 2}, -40);
  EXPECT_FALSE(is_there(2));

  auto reader = table.open_pinned({0, 3});
  ASSERT_TRUE(reader.has_value());
  table.unpin({0, 3});
  table.set_synced_watermark(0, {4, 64});
  EXPECT_TRUE(is_there(3));
  table.unpin({0, 3});
  EXPECT_FALSE(is_there(3));
  EXPECT_FALSE(table.open_pinned({0, 3}).has_value());
}

TEST(SegmentTable, ARecycledFileServesAnyLogUnderANewGenerationAndItsOldRecordsAreNotRead) {
  FaultyFileSystem files;
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  auto first = table.begin(0);
  ASSERT_TRUE(first.has_value());
  std::string record(queue::record_header_octets, '\0');
  queue::encode_record_header(queue::RecordType::cancelled, 0, 0, first->generation, record.data());
  ASSERT_TRUE(first->file->write_now(record, queue::segment_header_octets));
  EXPECT_EQ(recover(table).types.size(), 1U);
  ASSERT_TRUE(table.begin(0).has_value());
  table.unpin({0, 1});
  table.set_synced_watermark(0, {2, 64});

  for (int i = 0; i < 3; ++i) {  // one of them is the file of old
    auto segment = table.begin(9);
    ASSERT_TRUE(segment.has_value());
    EXPECT_GT(segment->generation, first->generation);
  }
  bool reused = false;
  for (const auto& segment : table.segments_of(9)) {
    std::string octets(queue::record_header_octets, '\0');
    ASSERT_TRUE(segment.file->read_now(octets, queue::segment_header_octets));
    reused = reused || octets == record;
  }
  EXPECT_TRUE(reused);
  EXPECT_TRUE(recover(table, {{0, {2, 64}}}).types.empty());
}

TEST(SegmentTable, NothingIsRecycledBeforeTheFirstSegmentIsBegun) {
  FaultyFileSystem files;
  {
    SegmentTable table(files, "/spool", segment_octets, 0);
    ASSERT_TRUE(table.scan());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(table.begin(0).has_value());
    files.kill();
  }
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  table.set_synced_watermark(0, {3, 64});
  EXPECT_TRUE(table.contains({0, 1}));  // an accept in number 3 may refer to it
  table.add_live({0, 1}, 10);           // and does
  ASSERT_TRUE(table.begin(0).has_value());
  EXPECT_TRUE(table.contains({0, 1}));
  EXPECT_FALSE(table.contains({0, 2}));
}

TEST(SegmentTable, OneSegmentIsPreparedAheadAndSparesGoSlowlyUnlessTheDiskIsLow) {
  FaultyFileSystem files;
  SegmentTable table(files, "/spool", segment_octets, segment_octets);
  ASSERT_TRUE(table.scan());
  ASSERT_TRUE(table.begin(0).has_value());
  EXPECT_TRUE(soon([&] { return table.contains({0, 2}); }));
  for (std::uint64_t i = 2; i <= 40; ++i) {
    ASSERT_TRUE(table.begin(0).has_value());
    table.unpin({0, i - 1});
  }
  table.set_synced_watermark(0, {40, 64});
  EXPECT_TRUE(soon([&] { return files.list("/spool")->size() < 41; }));
  EXPECT_GT(files.list("/spool")->size(), 35U);
  files.set_capacity(30 * segment_octets);
  EXPECT_TRUE(soon([&] { return files.list("/spool")->size() <= 4; })) << files.list("/spool")->size();
}

TEST(SegmentTable, AFullDiskIsNoSpaceAndLeavesNoHalfFile) {
  FaultyFileSystem files;
  files.set_capacity(segment_octets);
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  ASSERT_TRUE(table.begin(0).has_value());
  auto refused = table.begin(0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::no_space);
  EXPECT_EQ(refused.error().status.code, 452);
  EXPECT_EQ(files.list("/spool")->size(), 1U);
  files.set_capacity(10 * segment_octets);
  auto again = table.begin(0);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->key.sequence, 2U);
}

TEST(SegmentTable, BelowTheReserveNoFileIsCreatedAndTheDiskIsCalledLow) {
  FaultyFileSystem files;
  files.set_capacity(10 * segment_octets);
  SegmentTable table(files, "/spool", segment_octets, 9 * segment_octets);
  ASSERT_TRUE(table.scan());
  EXPECT_FALSE(table.disk_low());
  ASSERT_TRUE(table.begin(0).has_value());
  EXPECT_FALSE(table.begin(0).has_value());
  files.set_capacity(9 * segment_octets);
  EXPECT_TRUE(soon([&] { return table.disk_low(); }));
}

TEST(SegmentTable, AHeaderThatCannotBeSyncedCostsItsFileAndNoNumber) {
  FaultyFileSystem files;
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  files.fail_at(Who::maker, 5, EIO);  // zeros, sync, directory, header, its sync
  EXPECT_FALSE(table.begin(0).has_value());
  auto segment = table.begin(0);
  ASSERT_TRUE(segment.has_value());
  EXPECT_EQ(segment->key.sequence, 1U);
}

TEST(SegmentTable, OfTwoFilesForOneNumberTheYoungerCounts) {
  FaultyFileSystem files;
  for (const std::uint64_t generation : {7, 4, 9}) {
    auto file = files.open("/spool/0000000" + std::to_string(generation) + ".spool", true);
    ASSERT_TRUE((*file)->fill_with_zeros(segment_octets));
    ASSERT_TRUE(
        (*file)->write_now(queue::encode_segment_header({.log = 0, .sequence = 3, .generation = generation}), 0));
  }
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  ASSERT_EQ(table.segments_of(0).size(), 1U);
  EXPECT_EQ(table.segments_of(0)[0].generation, 9U);
  EXPECT_EQ(table.totals().free, 2U);
}

TEST(SegmentTable, AFileThatWasBeingCreatedIsRemovedAndAForeignOneLeftAlone) {
  FaultyFileSystem files;
  ASSERT_TRUE((*files.open("/spool/00000001.spool", true))->write_now(std::string(4096, '\0'), 0));
  ASSERT_TRUE((*files.open("/spool/00000002.spool", true))->write_now("RPSPOOL1 with a broken header", 0));
  ASSERT_TRUE((*files.open("/spool/README", true))->write_now("hello", 0));
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  EXPECT_EQ(*files.list("/spool"), (std::vector<std::string>{"00000002.spool", "README"}));
  ASSERT_TRUE(table.begin(0).has_value());
  EXPECT_EQ(files.read("/spool/00000002.spool"), "RPSPOOL1 with a broken header");
}

TEST(SegmentTable, FilesOfAnotherSizeAreReadButNotReused) {
  FaultyFileSystem files;
  {
    SegmentTable table(files, "/spool", segment_octets, 0);
    ASSERT_TRUE(table.scan());
    ASSERT_TRUE(table.begin(0).has_value());
    files.kill();
  }
  SegmentTable table(files, "/spool", 2 * segment_octets, 0);
  ASSERT_TRUE(table.scan());
  ASSERT_FALSE(table.segments_of(0).empty());
  EXPECT_EQ(table.segments_of(0)[0].octets, segment_octets);
  table.set_synced_watermark(0, {5, 0});
  auto segment = table.begin(0);
  ASSERT_TRUE(segment.has_value());
  EXPECT_EQ(segment->octets, 2 * segment_octets);
}

TEST(SegmentTable, SparseSegmentsAreNamedOldestFirst) {
  FaultyFileSystem files;
  SegmentTable table(files, "/spool", segment_octets, 0);
  ASSERT_TRUE(table.scan());
  for (std::uint64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(table.begin(0).has_value());
    table.add_live({0, i}, i == 2 ? 60'000 : 1000);
    table.unpin({0, i});
  }
  table.set_synced_watermark(0, {4, 64});
  EXPECT_EQ(table.sparse(0.2), (std::vector<queue::SegmentKey>{{0, 1}, {0, 3}}));
}

}  // namespace
}  // namespace ringpost::test
