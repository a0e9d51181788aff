#include "queue/upload.h"

#include <gtest/gtest.h>

#include "queue/log_harness.h"
#include "telemetry/metrics.h"

namespace ringpost::test {
namespace {

using Who = FaultyFileSystem::Who;

io::Task<> pause(io::Reactor& reactor, int milliseconds) {
  co_await io::Sleep(reactor, io::Deadline::after(std::chrono::milliseconds(milliseconds)), io::Cancel::never());
}

mail::BodyFacts facts_of(std::uint64_t octets) {
  mail::BodyFacts facts;
  facts.octets = octets;
  return facts;
}

TEST(Upload, ADroppedUploadLeavesNoCountAndNoPin) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    {
      queue::Upload upload = site.begin();
      auto appended = co_await upload.append(slices_of(body_of(30'000, 1), 1000));
      EXPECT_TRUE(appended.has_value());
      EXPECT_GT(site.upload_octets, 0U);
      EXPECT_EQ(site.uploads_open, 1U);
    }  // with chunks still on their way
    EXPECT_EQ(site.uploads_open, 0U);
    co_await pause(site.reactor, 5);
    EXPECT_EQ(site.upload_octets, 0U);
    EXPECT_EQ(site.accepts_handed_in(), 0U);
    // Everything of segment 1 is dead: it can be recycled once the watermark is past it.
    auto filled = co_await send(site, body_of(60'000, 2));
    EXPECT_TRUE(filled.has_value());
    site.items.clear();
    const auto before = site.table.totals().free;
    site.table.set_synced_watermark(0, {site.last_end.segment, 0});
    EXPECT_GT(site.table.totals().free, before);
  });
}

TEST(Upload, ChunksOfAnOpenUploadPinTheirSegmentUntilItsItemIsGone) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    queue::Upload slow = site.begin();
    auto appended = co_await slow.append(slices_of(body_of(20'000, 1), 1000));
    EXPECT_TRUE(appended.has_value());
    for (int i = 0; i < 40; ++i) EXPECT_TRUE((co_await send(site, body_of(5000, 2))).has_value());
    site.items.clear();
    EXPECT_GT(site.last_end.segment, 2U);
    site.table.set_synced_watermark(0, site.last_end);
    EXPECT_TRUE(site.table.contains({0, 1}));
    EXPECT_FALSE(site.table.contains({0, 2}));

    auto id = co_await slow.commit(envelope_for("r"), facts_of(20'000), "");
    EXPECT_TRUE(id.has_value());
    auto more = co_await send(site, body_of(60'000, 3));
    EXPECT_TRUE(more.has_value());
    site.table.set_synced_watermark(0, site.last_end);
    EXPECT_TRUE(site.table.contains({0, 1}));  // its item was not applied yet
    site.items.clear();
    EXPECT_FALSE(site.table.contains({0, 1}));
  });
}

TEST(Upload, ABodyWhoseUnsyncedChunksMayBeLostIsRefusedThoughALaterSyncSucceeds) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    queue::Upload slow = site.begin();
    auto appended = co_await slow.append(slices_of(body_of(9000, 1), 1000));
    EXPECT_TRUE(appended.has_value());
    co_await pause(site.reactor, 2);  // the chunk is written, and not synced
    disk.fail_at(Who::log, 2, EIO);
    auto other = co_await send(site, "other");
    EXPECT_FALSE(other.has_value());
    other = co_await send(site, "other");
    EXPECT_TRUE(other.has_value());
    auto id = co_await slow.commit(envelope_for("r"), facts_of(9000), "");
    EXPECT_FALSE(id.has_value());
    if (!id) {
      EXPECT_EQ(id.error().status.code, 451);
    }
  });
}

TEST(Upload, AFailureWhileASegmentIsLeftRefusesTheBodyThatLiesInIt) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem& disk) -> io::Task<> {
    queue::Upload slow = site.begin();
    auto appended = co_await slow.append(slices_of(body_of(8 * 7000, 1), 1000));
    EXPECT_TRUE(appended.has_value());
    co_await pause(site.reactor, 2);
    disk.fail_at(Who::log, 1, EIO);  // the sync of segment 1, which has no room for the rest
    appended = co_await slow.append(slices_of(body_of(7000, 1), 1000));
    auto id = co_await slow.commit(envelope_for("r"), facts_of(9 * 7000), "");
    EXPECT_FALSE(id.has_value());
    auto other = co_await send(site, "other");
    EXPECT_TRUE(other.has_value());
  });
}

TEST(Upload, ManySmallSlicesAreHeldTogether) {
  FaultyFileSystem files;
  Recovered found;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    for (const std::size_t piece : {1UL, 3UL, 511UL, 512UL, 600UL}) {
      auto id = co_await send(site, body_of(7000, piece), piece);
      EXPECT_TRUE(id.has_value());
    }
    // Single octets between large pieces.
    queue::Upload upload = site.begin();
    const std::string body = body_of(20'000, 99);
    std::size_t at = 0;
    for (bool small = true; at < body.size(); small = !small) {
      std::vector<io::Slice> one;
      one.push_back(io::Slice::copy_of(std::string_view(body).substr(at, small ? 1 : 700)));
      at += one[0].size();
      EXPECT_TRUE((co_await upload.append(std::move(one))).has_value());
    }
    EXPECT_TRUE((co_await upload.commit(envelope_for("r"), facts_of(body.size()), "")).has_value());
  });
  found = recover(files);
  std::multiset<std::string> bodies;
  for (const auto& [id, body] : found.messages) bodies.insert(body);
  std::multiset<std::string> expected{body_of(20'000, 99)};
  for (const std::size_t piece : {1UL, 3UL, 511UL, 512UL, 600UL}) expected.insert(body_of(7000, piece));
  EXPECT_TRUE(bodies == expected);
}

TEST(Upload, RingBuffersAreReleasedByCopying) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    std::string memory = body_of(4096, 1);
    static int released;
    released = 0;
    io::Block block{
        .references = 0, .capacity = 4096, .data = memory.data(), .release = [](io::Block&) noexcept { ++released; }};
    queue::Upload upload = site.begin();
    std::vector<io::Slice> one;
    one.push_back(io::Slice(block, memory));
    EXPECT_TRUE((co_await upload.append(std::move(one))).has_value());
    one.clear();
    EXPECT_EQ(released, 0);
    const telemetry::Counter& copied = telemetry::counters().octets_copied_total;
    const std::uint64_t copied_before = copied.value();
    upload.release_ring_buffers();
    EXPECT_EQ(released, 1);
    upload.release_ring_buffers();
    EXPECT_EQ(copied.value() - copied_before, 4096U);
    memory.assign(memory.size(), 'x');
    EXPECT_TRUE((co_await upload.commit(envelope_for("r"), facts_of(4096), "")).has_value());
  });
  const Recovered found = recover(files);
  ASSERT_EQ(found.messages.size(), 1U);
  EXPECT_EQ(found.messages.begin()->second, body_of(4096, 1));
}

TEST(Upload, WhenAllUploadsHoldTooMuchTheyGoToTheDisk) {
  FaultyFileSystem files;
  queue::Options options = small_options();
  options.upload_octets_max = 10'000;
  on_log(files, options, [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    std::vector<queue::Upload> uploads;
    for (std::uint64_t i = 0; i < 10; ++i) {
      uploads.push_back(site.begin());
      EXPECT_TRUE((co_await uploads.back().append(slices_of(body_of(3000, i), 1000))).has_value());
      EXPECT_LE(site.upload_octets, 10'000U);
    }
    for (queue::Upload& upload : uploads) {
      EXPECT_TRUE((co_await upload.commit(envelope_for("r"), facts_of(3000), "")).has_value());
    }
    EXPECT_EQ(site.upload_octets, 0U);
  });
  std::multiset<std::string> bodies, expected;
  for (const auto& [id, body] : recover(files).messages) bodies.insert(body);
  for (std::uint64_t i = 0; i < 10; ++i) expected.insert(body_of(3000, i));
  EXPECT_TRUE(bodies == expected);
}

TEST(BodyReader, ABodyIsReadInPiecesOfAnySizeAndAgain) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    const std::string body = body_of(150'000, 4);
    EXPECT_TRUE((co_await send(site, body)).has_value());
    queue::BodyReader reader(site.reactor, site.table, site.scheduled.at(0));
    for (const std::size_t piece : {1000UL, 16'384UL, 200'000UL}) {
      std::string got, into(piece, '\0');
      for (;;) {
        auto count = co_await reader.read(into);
        EXPECT_TRUE(count.has_value());
        if (!count || *count == 0) break;
        got += into.substr(0, *count);
      }
      EXPECT_TRUE(got == body);
      EXPECT_EQ(reader.octets_left(), 0U);
      reader.rewind();
      EXPECT_EQ(reader.octets_left(), body.size());
    }
  });
}

TEST(BodyReader, AnExtentOutsideItsSegmentIsCorruptAndAMissingSegmentIsNotFound) {
  FaultyFileSystem files;
  on_log(files, small_options(), [](LogHarness& site, FaultyFileSystem&) -> io::Task<> {
    std::string into(100, '\0');
    for (const queue::Extent extent :
         {queue::Extent{0, 1, 65'500, 100}, queue::Extent{0, 1, 10, 100}, queue::Extent{0, 77, 64, 100}}) {
      auto message = std::make_shared<queue::Message>();
      message->facts.octets = 100;
      message->body = {extent};
      queue::BodyReader reader(site.reactor, site.table, message);
      auto got = co_await reader.read(into);
      EXPECT_FALSE(got.has_value());
      if (!got) {
        EXPECT_EQ(got.error().kind, extent.segment == 77 ? ErrorKind::not_found : ErrorKind::corrupt);
      }
    }
  });
}

}  // namespace
}  // namespace ringpost::test
