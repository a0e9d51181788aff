#include "queue/spool_log.h"

#include <gtest/gtest.h>

#include "queue/log_harness.h"

namespace ringpost::test {
namespace {

using queue::IndexItem;
using queue::RecordType;
using Who = FaultyFileSystem::Who;

io::Task<> send_into(LogHarness& site, std::size_t octets, std::uint64_t seed,
                     std::vector<Result<MessageId>>& results) {
  auto sent = co_await send(site, body_of(octets, seed));
  results.push_back(std::move(sent));
}

io::Task<> pause(io::Reactor& reactor, int milliseconds) {
  co_await io::Sleep(reactor, io::Deadline::after(std::chrono::milliseconds(milliseconds)), io::Cancel::never());
}

io::Task<> expect_health(LogHarness& site) {
  for (int i = 0; i < 400 && site.log.unhealthy() != nullptr; ++i) co_await pause(site.reactor, 10);
  EXPECT_EQ(site.log.unhealthy(), nullptr);
}

TEST(SpoolLog, CommittedMessagesOfAnySizeAreFoundAfterLostPower) {
  FaultyFileSystem files;
  std::map<MessageId, std::string> sent;
  on_log(
      files, small_options(),
      [](LogHarness& site, FaultyFileSystem& disk, std::map<MessageId, std::string>& known) -> io::Task<> {
        for (const std::size_t octets : {0UL, 1UL, 7UL, 8UL, 3000UL, 8191UL, 8192UL, 8193UL, 20'000UL, 200'000UL}) {
          auto id = co_await send(site, body_of(octets, octets));
          EXPECT_TRUE(id.has_value());
          if (id) known[*id] = body_of(octets, octets);
        }
        EXPECT_EQ(site.accepts_handed_in(), 10U);
        EXPECT_EQ(site.scheduled.size(), 10U);
        EXPECT_EQ(site.upload_octets, 0U);
        EXPECT_EQ(site.uploads_open, 0U);
        std::mt19937_64 random(1);
        disk.crash(Survives::nothing, random);
      },
      sent);
  EXPECT_EQ(recover(files).messages, sent);
}

TEST(SpoolLog, WhatIsAppendedInOneTurnSharesOneWriteAndOneSync) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    co_await pause(site.reactor, 1);
    const auto before = disk.operations(Who::log);
    std::vector<Result<MessageId>> results;
    io::Scope scope(site.reactor);
    for (std::uint64_t i = 0; i < 20; ++i) scope.spawn(send_into(site, 1000, i, results));
    co_await scope.join();
    EXPECT_EQ(results.size(), 20U);
    EXPECT_EQ(disk.operations(Who::log) - before, 2U);
  });
}

TEST(SpoolLog, DurabilityWrittenDoesNotSync) {
  FaultyFileSystem files;
  queue::Options options = small_options();
  options.durability = queue::Durability::written;
  on_log(files, options, [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    const auto before = disk.operations(Who::log);
    auto id = co_await send(site, "body");
    EXPECT_TRUE(id.has_value());
    EXPECT_EQ(disk.operations(Who::log) - before, 1U);
  });
}

// Two loads of the same size: afterwards the large bodies are out of the page cache, and the small ones still in it;
// and the files that the large ones asked for were not filled with zeros first.
TEST(SpoolLog, SegmentsOfLargeRecordsAreOnlyReservedAndLeaveThePageCache) {
  struct Load {
    std::size_t octets;
    std::size_t count;
    bool large;
  };
  for (Load load : {Load{64'000, 20, true}, Load{1000, 1280, false}}) {
    FaultyFileSystem files;
    queue::Options options;  // chunks and segments of ordinary proportions
    options.segment_octets = 512 << 10;
    on_log(
        files, options,
        [](LogHarness& site, FaultyFileSystem&, Load& what) -> io::Task<> {
          for (std::size_t i = 0; i < what.count; ++i) {
            auto id = co_await send(site, body_of(what.octets, i));
            EXPECT_TRUE(id.has_value());
          }
        },
        load);
    EXPECT_EQ(files.cache_drops() > 0, load.large);
    EXPECT_EQ(files.files_reserved() > 0, load.large);
  }
}

TEST(SpoolLog, AFailedSyncRefusesItsGroupAndTheNextGroupSucceedsInAnotherSegment) {
  FaultyFileSystem files;
  std::vector<Result<MessageId>> refused, taken;
  std::vector<MessageId> ids;
  on_log(
      files, small_options(),
      [](LogHarness& site, FaultyFileSystem& disk, std::vector<Result<MessageId>>& bad,
         std::vector<Result<MessageId>>& good) -> io::Task<> {
        disk.fail_at(Who::log, 2, EIO);
        io::Scope scope(site.reactor);
        for (std::uint64_t i = 0; i < 3; ++i) scope.spawn(send_into(site, 1000, i, bad));
        co_await scope.join();
        EXPECT_EQ(site.log.failures(), 1U);
        EXPECT_EQ(site.accepts_handed_in(), 0U);
        for (std::uint64_t i = 0; i < 3; ++i) scope.spawn(send_into(site, 1000, 10 + i, good));
        co_await scope.join();
        EXPECT_EQ(site.log.unhealthy(), nullptr);
        EXPECT_EQ(site.accepts_handed_in(), 3U);
        if (!site.scheduled.empty()) {
          EXPECT_EQ(site.scheduled[0]->body.at(0).segment, 2U);
        }
      },
      refused, taken);
  ASSERT_EQ(refused.size(), 3U);
  for (const auto& result : refused) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().status.code, 451);
  }
  // kill -9: the refused ones are readable, and cancelled.
  const Recovered found = recover(files);
  EXPECT_EQ(found.cancelled.size(), 3U);
  for (const auto& result : taken) {
    ASSERT_TRUE(result.has_value()) << result.error().reason;
    EXPECT_TRUE(found.messages.contains(*result));
    EXPECT_FALSE(found.cancelled.contains(*result));
  }
}

TEST(SpoolLog, WhileTheDiskRefusesEverythingTheLogIsUnhealthyAndItRecoversByItself) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    disk.fail_at(Who::log, 1, EIO, true);
    auto refused = co_await send(site, "body");
    EXPECT_FALSE(refused.has_value());
    refused = co_await send(site, "body");
    EXPECT_FALSE(refused.has_value());
    EXPECT_NE(site.log.unhealthy(), nullptr);
    disk.clear_faults();
    co_await expect_health(site);
    auto taken = co_await send(site, "body");
    EXPECT_TRUE(taken.has_value());
  });
}

TEST(SpoolLog, AFullDiskIsAnswered452AndOverWhenThereIsSpaceAgain) {
  FaultyFileSystem files;
  files.set_capacity(2 * small_options().segment_octets);
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    Result<MessageId> sent;
    int taken = 0;
    for (int i = 0; i < 100; ++i) {
      sent = co_await send(site, body_of(5000, 1));
      if (!sent) break;
      ++taken;
    }
    EXPECT_FALSE(sent.has_value());
    EXPECT_GE(taken, 20);
    if (!sent) {
      EXPECT_EQ(sent.error().kind, ErrorKind::no_space);
    }
    if (!sent) {
      EXPECT_EQ(sent.error().status, (PublicStatus{452, {4, 3, 1}}));
    }
    EXPECT_NE(site.log.unhealthy(), nullptr);
    disk.set_capacity(1 << 30);
    co_await expect_health(site);
    sent = co_await send(site, "body");
    EXPECT_TRUE(sent.has_value());
  });
}

TEST(SpoolLog, ALargeBodyWhoseChunksFindNoSpaceIsRefusedAsAWhole) {
  FaultyFileSystem files;
  files.set_capacity(2 * small_options().segment_octets);
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    auto sent = co_await send(site, body_of(300'000, 1));
    EXPECT_FALSE(sent.has_value());
    if (!sent) {
      EXPECT_EQ(sent.error().status.code, 452);
    }
    // The end of the body, with room again while the upload is still open, does not make it whole.
    queue::Upload upload = site.begin();
    Result<void> appended;
    for (int i = 0; i < 20; ++i) appended = co_await upload.append(slices_of(body_of(9000, 2), 1000));
    EXPECT_FALSE(appended.has_value());
    disk.set_capacity(1 << 30);
    co_await expect_health(site);
    mail::BodyFacts facts;
    facts.octets = upload.octets();
    auto committed = co_await upload.commit(envelope_for("r"), facts, "");
    EXPECT_FALSE(committed.has_value());
    EXPECT_EQ(site.upload_octets, 0U);
    EXPECT_EQ(site.accepts_handed_in(), 0U);
  });
}

TEST(SpoolLog, AnOutcomeThatCouldNotBeWrittenReachesTheIndexerWithoutAPosition) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    disk.fail_at(Who::log, 1, EIO);
    const std::size_t before = site.items.size();
    site.log.append_unsynced(RecordType::attempt_ended, queue::encode_outcome({}),
                             site.make_item(IndexItem::Kind::outcome));
    co_await pause(site.reactor, 5);
    EXPECT_GT(site.items.size(), before);
    EXPECT_EQ(site.items.at(before)->kind, IndexItem::Kind::outcome);
    EXPECT_EQ(site.items.at(before)->end, queue::LogPosition{});
  });
}

TEST(SpoolLog, UnsyncedRecordsAreDurableOnceTheLogIsClosed) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    for (int i = 0; i < 5; ++i) site.log.append_unsynced(RecordType::attempt_ended, queue::encode_outcome({}));
    co_return;  // and the log is closed
  });
  std::mt19937_64 random(1);
  files.crash(Survives::nothing, random);
  EXPECT_EQ(recover(files).outcomes.size(), 5U);
}

TEST(SpoolLog, ARecordLargerThanASegmentIsRefusedAndHarmsNobody) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    auto refused = co_await site.log.append(RecordType::attempt_ended, std::string(64 << 10, 'x'), true);
    EXPECT_FALSE(refused.has_value());
    auto fits = co_await site.log.append(
        RecordType::attempt_ended,
        std::string((64 << 10) - queue::segment_header_octets - queue::record_header_octets, 'x'), true);
    EXPECT_TRUE(fits.has_value());
    EXPECT_EQ(site.log.unhealthy(), nullptr);
  });
}

TEST(SpoolLog, ARestartContinuesInAFreshSegment) {
  FaultyFileSystem files;
  std::vector<MessageId> ids;
  for (int life = 0; life < 3; ++life) {
    on_log(
        files, small_options(),
        [](LogHarness& site, FaultyFileSystem& disk, std::vector<MessageId>& known) -> io::Task<> {
          auto id = co_await send(site, "body");
          EXPECT_TRUE(id.has_value());
          known.push_back(id.value());
          disk.kill();
        },
        ids);
  }
  const Recovered found = recover(files);
  EXPECT_EQ(found.messages.size(), 3U);
  for (const MessageId& id : ids) EXPECT_TRUE(found.messages.contains(id));
}

}  // namespace
}  // namespace ringpost::test
