#include "smtp/input_buffer.h"

#include <gtest/gtest.h>

#include "smtp/pieces.h"

namespace ringpost::smtp {
namespace {

constexpr std::size_t line_octets_max = 40;

void append(InputBuffer& buffer, std::string_view octets) {
  buffer.append(io::Slice::copy_of(octets));
}

/// "=text" for a line, "!" and the enhanced code for an error.
std::string describe(const Result<std::optional<std::string_view>>& line) {
  if (!line) return "!" + std::to_string(line.error().status.enhanced.detail);
  return "=" + std::string(**line);
}

/// All lines of an input that arrives in these cuts, and how many octets wait for the rest of a line.
std::vector<std::string> lines_of(const pieces::Cuts& cuts, InputBuffer& buffer) {
  std::vector<std::string> lines;
  for (const std::string_view cut : cuts) {
    append(buffer, cut);
    for (;;) {
      const bool announced = buffer.has_line();
      const auto line = buffer.next_line(line_octets_max);
      if (line && !*line) {
        EXPECT_FALSE(announced);
        break;
      }
      EXPECT_TRUE(announced);
      lines.push_back(describe(line));
    }
  }
  return lines;
}

std::vector<std::string> reference_lines(std::string_view input) {
  std::vector<std::string> lines;
  for (std::size_t lf; (lf = input.find('\n')) != std::string_view::npos; input.remove_prefix(lf + 1)) {
    const std::string_view line = input.substr(0, lf);
    if (lf + 1 > line_octets_max) {
      lines.push_back("!6");
    } else if (line.find('\r') != lf - 1 || lf == 0) {
      lines.push_back("!2");
    } else {
      lines.push_back("=" + std::string(line.substr(0, lf - 1)));
    }
  }
  return lines;
}

TEST(InputBuffer, LineInOneSliceIsReadInPlace) {
  InputBuffer buffer;
  const io::Slice slice = io::Slice::copy_of("EHLO a\r\nNOOP\r\n");
  buffer.append(slice);
  const auto first = buffer.next_line(line_octets_max);
  EXPECT_EQ(**first, "EHLO a");
  EXPECT_EQ((*first)->data(), slice.data());
  EXPECT_EQ(**buffer.next_line(line_octets_max), "NOOP");
  EXPECT_EQ(buffer.copied_octets(), 0U);
  EXPECT_TRUE(buffer.empty());
}

TEST(InputBuffer, LineAcrossSlicesIsAssembledAndCounted) {
  InputBuffer buffer;
  append(buffer, "EH");
  append(buffer, "LO a\r");
  EXPECT_FALSE(buffer.has_line());
  append(buffer, "\nrest");
  EXPECT_EQ(**buffer.next_line(line_octets_max), "EHLO a");
  EXPECT_EQ(buffer.copied_octets(), 8U);
  EXPECT_EQ(buffer.size(), 4U);
}

TEST(InputBuffer, LineStaysReadableWhenMoreArrives) {
  InputBuffer buffer;
  append(buffer, "NOOP\r\n");
  const std::string_view line = **buffer.next_line(line_octets_max);
  for (int i = 0; i < 20; ++i) append(buffer, "x");
  EXPECT_EQ(line, "NOOP");
}

TEST(InputBuffer, MemoryOfALineIsGivenBackByTheNextCall) {
  InputBuffer buffer;
  const io::Slice slice = io::Slice::copy_of("NOOP\r\n");
  buffer.append(slice);
  ASSERT_TRUE(buffer.next_line(line_octets_max));
  EXPECT_FALSE(*buffer.next_line(line_octets_max));
  EXPECT_FALSE(buffer.holds_ring_buffer());
}

TEST(InputBuffer, BareLineFeedIsAnErrorOfThatLineOnly) {
  InputBuffer buffer;
  EXPECT_EQ(lines_of({"NOOP\nRSET\r\n"}, buffer), (std::vector<std::string>{"!2", "=RSET"}));
}

TEST(InputBuffer, BareCarriageReturnIsAnErrorOfThatLineOnly) {
  InputBuffer buffer;
  EXPECT_EQ(lines_of({"NO\rOP\r\nRSET\r\r\nNOOP\r\n"}, buffer), (std::vector<std::string>{"!2", "!2", "=NOOP"}));
}

TEST(InputBuffer, LineOfExactlyTheLimitPasses) {
  InputBuffer buffer;
  append(buffer, std::string(line_octets_max - 2, 'a') + "\r\n");
  EXPECT_EQ((*buffer.next_line(line_octets_max))->size(), line_octets_max - 2);
  append(buffer, std::string(line_octets_max - 1, 'a') + "\r\n");
  EXPECT_EQ(buffer.next_line(line_octets_max).error().kind, ErrorKind::too_large);
}

TEST(InputBuffer, EndlessLineIsThrownAwayAsItComesAndReportedOnce) {
  InputBuffer buffer;
  for (int i = 0; i < 1000; ++i) {
    append(buffer, std::string(100, 'a'));
    ASSERT_FALSE(*buffer.next_line(line_octets_max));
    ASSERT_TRUE(buffer.empty());
  }
  append(buffer, "\r\nNOOP\r\n");
  const auto line = buffer.next_line(line_octets_max);
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().status, (PublicStatus{500, {5, 5, 6}}));
  EXPECT_EQ(**buffer.next_line(line_octets_max), "NOOP");
}

TEST(InputBuffer, TakeHandsOutSlicesWithoutCopying) {
  InputBuffer buffer;
  const io::Slice slice = io::Slice::copy_of("DATA\r\nbody");
  buffer.append(slice);
  append(buffer, "more");
  ASSERT_TRUE(buffer.next_line(line_octets_max));
  EXPECT_EQ(buffer.take(2).view(), "bo");
  const io::Slice piece = buffer.take(100);
  EXPECT_EQ(piece.view(), "dy");
  EXPECT_EQ(piece.data(), slice.data() + 8);
  EXPECT_EQ(buffer.take(100).view(), "more");
  EXPECT_TRUE(buffer.take(100).empty());
}

TEST(InputBuffer, WhatIsGivenBackComesFirstAgain) {
  InputBuffer buffer;
  append(buffer, "body.\r\nQUIT\r\n");
  append(buffer, "NOOP\r\n");
  append(buffer, "RSET\r\n");
  EXPECT_TRUE(buffer.has_line());
  io::Slice piece = buffer.take(100);
  buffer.push_front(piece.sub(7));
  EXPECT_EQ(**buffer.next_line(line_octets_max), "QUIT");
  io::Slice noop = buffer.take(100);
  buffer.push_front(noop);
  EXPECT_EQ(**buffer.next_line(line_octets_max), "NOOP");
  EXPECT_EQ(**buffer.next_line(line_octets_max), "RSET");
  EXPECT_TRUE(buffer.empty());
}

TEST(InputBuffer, TakingALineEndForgetsIt) {
  InputBuffer buffer;
  append(buffer, "a\r\nb");
  EXPECT_TRUE(buffer.has_line());
  buffer.take(3);
  EXPECT_FALSE(buffer.has_line());
  append(buffer, "\r\n");
  EXPECT_EQ(**buffer.next_line(line_octets_max), "b");
}

TEST(InputBuffer, ClearForgetsPipelinedCommands) {
  InputBuffer buffer;
  append(buffer, "STARTTLS\r\nMAIL FROM:<a@b>\r\n");
  ASSERT_TRUE(buffer.next_line(line_octets_max));
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_FALSE(buffer.has_line());
  append(buffer, "EHLO a\r\n");
  EXPECT_EQ(**buffer.next_line(line_octets_max), "EHLO a");
}

/// A block such as the reactor's buffer ring hands out.
struct RingBuffer {
  io::Block block;
  char octets[64] = {};
  static inline int in_use = 0;
  RingBuffer() {
    block.capacity = sizeof octets;
    block.data = octets;
    block.release = [](io::Block&) noexcept { --in_use; };
  }
  io::Slice lend(std::string_view text) {
    ++in_use;
    text.copy(octets, sizeof octets);
    return io::Slice(block, std::string_view(octets, text.size()));
  }
};

TEST(InputBuffer, PeerWhoSendsSingleOctetsPinsOnlyAHandfulOfBuffers) {
  std::vector<RingBuffer> ring(2000);
  RingBuffer::in_use = 0;
  InputBuffer buffer;
  for (RingBuffer& block : ring) {
    buffer.append(block.lend("x"));
    ASSERT_LE(RingBuffer::in_use, static_cast<int>(InputBuffer::waiting_slices_max) + 1);
  }
  EXPECT_EQ(buffer.size(), ring.size());
}

TEST(InputBuffer, CopyOutGivesTheBuffersBackAndKeepsTheOctets) {
  RingBuffer first, second;
  RingBuffer::in_use = 0;
  InputBuffer buffer;
  buffer.append(first.lend("NO"));
  buffer.append(second.lend("OP\r\n"));
  EXPECT_TRUE(buffer.holds_ring_buffer());
  buffer.copy_out();
  EXPECT_FALSE(buffer.holds_ring_buffer());
  EXPECT_EQ(RingBuffer::in_use, 0);
  EXPECT_EQ(**buffer.next_line(line_octets_max), "NOOP");
}

TEST(InputBuffer, ASessionThatIsAboutToWaitHoldsNoReceiveBufferForItsLastLine) {
  RingBuffer ring_buffer;
  RingBuffer::in_use = 0;
  InputBuffer buffer;
  buffer.append(ring_buffer.lend("EHLO a\r\nNOOP\r\n"));
  EXPECT_EQ(**buffer.next_line(line_octets_max), "EHLO a");
  ASSERT_TRUE(buffer.has_line());
  EXPECT_EQ(**buffer.next_line(line_octets_max), "NOOP");
  EXPECT_EQ(RingBuffer::in_use, 1);
  EXPECT_FALSE(buffer.has_line());
  EXPECT_EQ(RingBuffer::in_use, 0);
}

TEST(InputBuffer, LinesAgreeWithTheReferenceHoweverCut) {
  std::mt19937 random(2038);
  for (int round = 0; round < 5000; ++round) {
    const std::string input = pieces::hostile_input(random, random() % 30);
    const auto expected = reference_lines(input);
    for (const pieces::Cuts& cuts : {pieces::whole(input), pieces::octet_by_octet(input),
                                     pieces::at_random(input, random, 4), pieces::at_random(input, random, 60)}) {
      InputBuffer buffer;
      ASSERT_EQ(lines_of(cuts, buffer), expected) << testing::PrintToString(input);
    }
  }
}

TEST(InputBuffer, TakenAndReturnedOctetsKeepTheirOrder) {
  std::mt19937 random(977);
  for (int round = 0; round < 300; ++round) {
    const std::string input = pieces::hostile_input(random, 60);
    InputBuffer buffer;
    std::string taken;
    pieces::Cuts cuts = pieces::at_random(input, random, 30);
    std::size_t next = 0;
    while (taken.size() < input.size()) {
      if (next < cuts.size() && random() % 2 == 0) append(buffer, cuts[next++]);
      if (random() % 3 == 0) (void)buffer.has_line();
      const io::Slice piece = buffer.take(random() % 20 + 1);
      const std::size_t kept = piece.empty() ? 0 : random() % (piece.size() + 1);
      buffer.push_front(piece.sub(kept));
      taken.append(piece.view().substr(0, kept));
    }
    ASSERT_EQ(taken, input);
  }
}

}  // namespace
}  // namespace ringpost::smtp
