#include "smtp/bdat_decoder.h"

#include <gtest/gtest.h>

#include <limits>

#include "smtp/data_reference.h"
#include "smtp/pieces.h"

namespace ringpost::smtp {
namespace {

using Progress = BdatDecoder::Progress;
using Verdict = BdatDecoder::Verdict;

/// Feeds one chunk in the given cuts; returns the last progress.
Progress feed_chunk(BdatDecoder& decoder, const pieces::Cuts& cuts, bool last, std::vector<io::Slice>& out) {
  std::size_t octets = 0;
  for (const std::string_view cut : cuts) octets += cut.size();
  Progress progress = decoder.begin_chunk(octets, last);
  for (const std::string_view cut : cuts) progress = decoder.feed(io::Slice::copy_of(cut), out);
  return progress;
}

TEST(BdatDecoder, ChunksPassThroughUnchanged) {
  BdatDecoder decoder(1000);
  std::vector<io::Slice> out;
  EXPECT_EQ(feed_chunk(decoder, {"..a\r\n.\r\n"}, false, out), Progress::chunk_complete);
  EXPECT_EQ(feed_chunk(decoder, {"b\r\n"}, true, out), Progress::finished);
  EXPECT_EQ(pieces::joined(out), "..a\r\n.\r\nb\r\n");
  EXPECT_EQ(decoder.facts(), reference::facts_of("..a\r\n.\r\nb\r\n"));
}

TEST(BdatDecoder, EmptyLastChunkFinishesAtOnce) {
  BdatDecoder decoder(10);
  std::vector<io::Slice> out;
  EXPECT_EQ(feed_chunk(decoder, {"a"}, false, out), Progress::chunk_complete);
  EXPECT_EQ(decoder.begin_chunk(0, true), Progress::finished);
  EXPECT_TRUE(decoder.finished());
  EXPECT_FALSE(decoder.facts().ends_with_crlf);
}

TEST(BdatDecoder, EmptyMessageNeedsNoLineEnd) {
  BdatDecoder decoder(10);
  EXPECT_EQ(decoder.begin_chunk(0, true), Progress::finished);
  EXPECT_EQ(decoder.facts(), reference::facts_of(""));
}

TEST(BdatDecoder, OctetsBehindTheChunkAreLeftOver) {
  BdatDecoder decoder(10);
  std::vector<io::Slice> out;
  decoder.begin_chunk(3, true);
  EXPECT_EQ(decoder.feed(io::Slice::borrowed("ab"), out), Progress::need_more);
  EXPECT_EQ(decoder.chunk_octets_left(), 1U);
  EXPECT_EQ(decoder.feed(io::Slice::borrowed("cQUIT\r\n"), out), Progress::finished);
  EXPECT_EQ(pieces::joined(out), "abc");
  EXPECT_EQ(decoder.rest().view(), "QUIT\r\n");
}

TEST(BdatDecoder, MessageOfExactlyTheLimitIsAccepted) {
  BdatDecoder decoder(6);
  std::vector<io::Slice> out;
  feed_chunk(decoder, {"abc"}, false, out);
  feed_chunk(decoder, {"def"}, true, out);
  EXPECT_EQ(decoder.verdict(), Verdict::intact);
}

TEST(BdatDecoder, ChunkThatCrossesTheLimitIsCountedToItsEndButNotPutOut) {
  BdatDecoder decoder(5);
  std::vector<io::Slice> out;
  feed_chunk(decoder, {"abc"}, false, out);
  EXPECT_EQ(decoder.begin_chunk(3, true), Progress::need_more);
  EXPECT_EQ(decoder.verdict(), Verdict::too_large);
  EXPECT_EQ(decoder.feed(io::Slice::borrowed("de"), out), Progress::need_more);
  EXPECT_EQ(decoder.feed(io::Slice::borrowed("fNOOP"), out), Progress::finished);
  EXPECT_EQ(pieces::joined(out), "abc");
  EXPECT_EQ(decoder.rest().view(), "NOOP");
  EXPECT_EQ(decoder.facts().octets, 6U);
}

TEST(BdatDecoder, SumOfChunkSizesDoesNotWrapRound) {
  BdatDecoder decoder(std::numeric_limits<std::uint64_t>::max());
  std::vector<io::Slice> out;
  feed_chunk(decoder, {"a"}, false, out);
  EXPECT_EQ(decoder.begin_chunk(std::numeric_limits<std::uint64_t>::max(), true), Progress::need_more);
  EXPECT_EQ(decoder.verdict(), Verdict::too_large);
}

TEST(BdatDecoder, DiscardedChunksAreStillCounted) {
  BdatDecoder decoder(100);
  std::vector<io::Slice> out;
  decoder.discard();
  EXPECT_EQ(feed_chunk(decoder, {"ab", "cd"}, false, out), Progress::chunk_complete);
  EXPECT_TRUE(out.empty());
}

TEST(BdatDecoder, BareLineEndingsAreRecorded) {
  for (const std::string_view body : {"a\nb\r\n", "a\rb\r\n", "\n", "\r", "a\r\n\r"}) {
    BdatDecoder decoder(100);
    std::vector<io::Slice> out;
    feed_chunk(decoder, {body}, true, out);
    EXPECT_TRUE(decoder.facts().bare_cr_or_lf) << testing::PrintToString(body);
  }
}

TEST(BdatDecoder, CrlfAcrossTwoChunksIsNotBare) {
  BdatDecoder decoder(100);
  std::vector<io::Slice> out;
  feed_chunk(decoder, {"a\r"}, false, out);
  feed_chunk(decoder, {"\n.b\r\n"}, true, out);
  EXPECT_FALSE(decoder.facts().bare_cr_or_lf);
  EXPECT_TRUE(decoder.facts().dot_at_line_start);
}

TEST(BdatDecoder, FactsAgreeWithTheReferenceHoweverCut) {
  std::mt19937 random(3030);
  for (int round = 0; round < 3000; ++round) {
    const std::string body = pieces::hostile_input(random, random() % 40);
    for (const std::size_t octets_max : {std::size_t{1}, std::size_t{7}, std::size_t{200}}) {
      BdatDecoder decoder(body.size());
      std::vector<io::Slice> out;
      for (const std::string_view chunk : pieces::at_random(body, random, 300)) {
        feed_chunk(decoder, pieces::at_random(chunk, random, octets_max), false, out);
      }
      decoder.begin_chunk(0, true);
      ASSERT_EQ(decoder.verdict(), Verdict::intact);
      ASSERT_EQ(pieces::joined(out), body);
      ASSERT_EQ(decoder.facts(), reference::facts_of(body)) << testing::PrintToString(body);
    }
  }
}

}  // namespace
}  // namespace ringpost::smtp
