#include "smtp/data_decoder.h"

#include <gtest/gtest.h>

#include "smtp/data_reference.h"
#include "smtp/pieces.h"

namespace ringpost::smtp {
namespace {

constexpr std::uint64_t no_limit = 1 << 30;

struct Outcome {
  bool finished = false;
  std::string body, rest;
  DataDecoder::Verdict verdict{};
  bool saw_bare = false;
  mail::BodyFacts facts;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(const pieces::Cuts& cuts, BareLineEnding policy = BareLineEnding::refuse,
               std::uint64_t octets_max = no_limit) {
  DataDecoder decoder(policy, octets_max);
  std::vector<io::Slice> out;
  Outcome outcome;
  for (const std::string_view cut : cuts) {
    if (outcome.finished) {
      outcome.rest.append(cut);
    } else if (decoder.feed(io::Slice::copy_of(cut), out) == DataDecoder::Progress::finished) {
      outcome.finished = true;
      outcome.rest.append(decoder.rest().view());
    }
  }
  for (const io::Slice& slice : out) EXPECT_FALSE(slice.empty());
  EXPECT_EQ(outcome.finished, decoder.finished());
  outcome.body = pieces::joined(out);
  outcome.verdict = decoder.verdict();
  outcome.saw_bare = decoder.saw_bare_cr_or_lf();
  if (outcome.finished && outcome.verdict == DataDecoder::Verdict::intact) outcome.facts = decoder.facts();
  outcome.facts.octets = decoder.facts().octets;
  return outcome;
}

Outcome decode(std::string_view input, BareLineEnding policy = BareLineEnding::refuse,
               std::uint64_t octets_max = no_limit) {
  return decode(pieces::whole(input), policy, octets_max);
}

/// What is stored and what is left over; the input must end the message, and every cut must agree.
void expect_stored(std::string_view input, std::string_view body, std::string_view rest,
                   BareLineEnding policy = BareLineEnding::refuse) {
  const Outcome expected = decode(input, policy);
  EXPECT_TRUE(expected.finished);
  EXPECT_EQ(expected.body, body);
  EXPECT_EQ(expected.rest, rest);
  EXPECT_EQ(expected.verdict, DataDecoder::Verdict::intact);
  EXPECT_EQ(expected.facts, reference::facts_of(body));
  for (const pieces::Cuts& cuts : pieces::every_way(input)) EXPECT_EQ(decode(cuts, policy), expected);
}

TEST(DataDecoder, EndsAtADotAloneOnItsLine) {
  expect_stored("a\r\nb\r\n.\r\n", "a\r\nb\r\n", "");
}

TEST(DataDecoder, DotAsTheFirstLineIsAnEmptyMessage) {
  expect_stored(".\r\n", "", "");
  EXPECT_TRUE(decode(".\r\n").facts.ends_with_crlf);
}

TEST(DataDecoder, CommandsBehindTheFinalDotAreLeftOver) {
  expect_stored("a\r\n.\r\nMAIL FROM:<>\r\n", "a\r\n", "MAIL FROM:<>\r\n");
  expect_stored(".\r\n.\r\n", "", ".\r\n");
}

TEST(DataDecoder, StuffedDotsAreRemovedAndOnlyThose) {
  expect_stored("..\r\n.a\r\na.\r\n...\r\n. \r\n.\r\n", ".\r\na\r\na.\r\n..\r\n \r\n", "");
  EXPECT_TRUE(decode("..\r\n.\r\n").facts.dot_at_line_start);
  EXPECT_FALSE(decode(".a\r\n.\r\n").facts.dot_at_line_start);
}

TEST(DataDecoder, PlainSliceComesThroughInOnePieceOfTheSameMemory) {
  DataDecoder decoder(BareLineEnding::refuse, no_limit);
  const io::Slice slice = io::Slice::copy_of(std::string(3000, 'x') + "\r\nline.\r\n");
  std::vector<io::Slice> out;
  EXPECT_EQ(decoder.feed(slice, out), DataDecoder::Progress::need_more);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].data(), slice.data());
  EXPECT_EQ(out[0].size(), slice.size());
  EXPECT_EQ(decoder.copied_octets(), 0U);
}

TEST(DataDecoder, WithoutCrlfDotCrlfTheMessageGoesOn) {
  for (const std::string_view input :
       {"", "a", "a\r\n", "a\r\n.", "a\r\n.\r", "a.\r\n", "a\r\n.\r\r\n", "a\r\n..\r\n"}) {
    for (const pieces::Cuts& cuts : pieces::every_way(input)) EXPECT_FALSE(decode(cuts).finished) << input;
  }
}

TEST(DataDecoder, NoBareLineEndingEndsTheMessage) {
  for (const std::string_view ending : {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n.\r\r\n",
                                        "\n.\r", "\r.\n", "\r\n\n.\r\n", "\r\n\r.\r\n"}) {
    for (const BareLineEnding policy : {BareLineEnding::refuse, BareLineEnding::normalize}) {
      const std::string input = "a" + std::string(ending) + "MAIL FROM:<evil@example.org>\r\n";
      for (const pieces::Cuts& cuts : pieces::every_way(input)) {
        EXPECT_FALSE(decode(cuts, policy).finished) << testing::PrintToString(input);
      }
    }
  }
}

TEST(DataDecoder, RefusedBareLineEndingIsReadToTheTrueEnd) {
  for (const std::string_view input : {"a\nb\r\n.\r\nQUIT\r\n", "a\rb\r\n.\r\nQUIT\r\n", "\n.\r\n\r\n.\r\nQUIT\r\n"}) {
    const Outcome expected = decode(input);
    EXPECT_TRUE(expected.finished);
    EXPECT_EQ(expected.verdict, DataDecoder::Verdict::bare_cr_or_lf);
    EXPECT_EQ(expected.rest, "QUIT\r\n");
    for (const pieces::Cuts& cuts : pieces::every_way(input)) EXPECT_EQ(decode(cuts), expected);
  }
}

TEST(DataDecoder, NothingIsPutOutBehindARefusedLineEnding) {
  EXPECT_EQ(decode("kept\r\ngone\nsecret\r\n.\r\n").body, "kept\r\ngone");
}

TEST(DataDecoder, NormalisedBareLineEndingsBecomeCrlf) {
  expect_stored("a\nb\rc\r\n.\r\n", "a\r\nb\r\nc\r\n", "", BareLineEnding::normalize);
  expect_stored("\n\r\r\n\n\r\n.\r\n", "\r\n\r\n\r\n\r\n\r\n", "", BareLineEnding::normalize);
}

TEST(DataDecoder, LoneDotEndedByABareLineEndingIsStoredAsText) {
  for (const std::string_view input :
       {"a\r\n.\nb\r\n.\r\n", "a\r\n.\rb\r\n.\r\n", "a\n.\nb\r\n.\r\n", "a\n.\r\nb\r\n.\r\n"}) {
    expect_stored(input, "a\r\n.\r\nb\r\n", "", BareLineEnding::normalize);
    EXPECT_TRUE(decode(input, BareLineEnding::normalize).facts.dot_at_line_start);
  }
}

TEST(DataDecoder, DotsBehindABareLineEndingAreNotStuffing) {
  expect_stored("a\n..b\r..c\r\n..d\r\n.\r\n", "a\r\n..b\r\n..c\r\n.d\r\n", "", BareLineEnding::normalize);
}

TEST(DataDecoder, MessageOfExactlyTheLimitIsAccepted) {
  EXPECT_EQ(decode("abcd\r\n.\r\n", BareLineEnding::refuse, 6).verdict, DataDecoder::Verdict::intact);
  EXPECT_EQ(decode(".\r\n", BareLineEnding::refuse, 0).verdict, DataDecoder::Verdict::intact);
}

TEST(DataDecoder, OctetsBeyondTheLimitAreCountedAndDropped) {
  const std::string_view input = "abcd\r\n..ef\r\n.\r\nQUIT\r\n";
  const Outcome expected = decode(input, BareLineEnding::refuse, 5);
  EXPECT_TRUE(expected.finished);
  EXPECT_EQ(expected.verdict, DataDecoder::Verdict::too_large);
  EXPECT_EQ(expected.body, "abcd\r");
  EXPECT_EQ(expected.facts.octets, 11U);
  EXPECT_EQ(expected.rest, "QUIT\r\n");
  for (const pieces::Cuts& cuts : pieces::every_way(input))
    EXPECT_EQ(decode(cuts, BareLineEnding::refuse, 5), expected);
}

TEST(DataDecoder, DiscardedMessageIsReadToItsEndWithoutOutput) {
  DataDecoder decoder(BareLineEnding::refuse, no_limit);
  std::vector<io::Slice> out;
  decoder.feed(io::Slice::borrowed("kept\r\n"), out);
  decoder.discard();
  EXPECT_EQ(decoder.feed(io::Slice::borrowed("gone\r\n.\r\nNOOP\r\n"), out), DataDecoder::Progress::finished);
  EXPECT_EQ(pieces::joined(out), "kept\r\n");
  EXPECT_EQ(decoder.rest().view(), "NOOP\r\n");
}

TEST(DataDecoder, SliceFullOfDotsComesOutInFewPieces) {
  std::string input, body;
  for (int i = 0; i < 4000; ++i) {
    input += "..\r\n";
    body += ".\r\n";
  }
  DataDecoder decoder(BareLineEnding::refuse, no_limit);
  std::vector<io::Slice> out;
  EXPECT_EQ(decoder.feed(io::Slice::copy_of(input + ".\r\nrest"), out), DataDecoder::Progress::finished);
  EXPECT_EQ(pieces::joined(out), body);
  EXPECT_LE(out.size(), DataDecoder::pieces_max + 1);
  EXPECT_GT(decoder.copied_octets(), 0U);
  EXPECT_EQ(decoder.rest().view(), "rest");
}

TEST(DataDecoder, FactsOfAMessage) {
  const std::string body =
      "Received: from a\r\n by b\r\nreceived : again\r\nFrom: x\r\nMESSAGE-ID:<1>\r\n\r\nDate: not in the header\r\n"
      "caf\xc3\xa9 " +
      std::string(100, 'y') + "\r\n";
  const Outcome outcome = decode(body + ".\r\n");
  EXPECT_EQ(outcome.facts.octets, body.size());
  EXPECT_EQ(outcome.facts.header_octets, body.find("Date"));
  EXPECT_EQ(outcome.facts.received_fields, 2U);
  EXPECT_EQ(outcome.facts.line_octets_max, 106U);
  EXPECT_TRUE(outcome.facts.has_from && outcome.facts.has_message_id && outcome.facts.eight_bit);
  EXPECT_FALSE(outcome.facts.has_date || outcome.facts.nul || outcome.facts.bare_cr_or_lf);
  EXPECT_EQ(outcome.facts, reference::facts_of(body));
}

/// Whole input against the line-by-line reference, in both policies.
void expect_as_reference(const std::string& input, const std::vector<pieces::Cuts>& ways) {
  const auto expected = reference::decode_data(input);
  for (const BareLineEnding policy : {BareLineEnding::refuse, BareLineEnding::normalize}) {
    for (const pieces::Cuts& cuts : ways) {
      const Outcome outcome = decode(cuts, policy);
      ASSERT_EQ(outcome.finished, expected.has_value()) << testing::PrintToString(input);
      if (!expected) continue;
      const bool refused = expected->bare && policy == BareLineEnding::refuse;
      ASSERT_EQ(outcome.rest, input.substr(expected->used)) << testing::PrintToString(input);
      ASSERT_EQ(outcome.saw_bare, expected->bare);
      ASSERT_EQ(outcome.verdict == DataDecoder::Verdict::bare_cr_or_lf, refused);
      ASSERT_EQ(outcome.facts.octets, expected->body.size());
      if (refused) continue;
      ASSERT_EQ(outcome.body, expected->body) << testing::PrintToString(input);
      ASSERT_EQ(outcome.facts, reference::facts_of(expected->body)) << testing::PrintToString(input);
    }
  }
}

TEST(DataDecoder, AgreesWithTheReferenceOnEveryShortInput) {
  constexpr std::string_view alphabet = "\r\n.a";
  for (std::size_t length = 0; length <= 7; ++length) {
    for (std::size_t number = 0; number < 1ULL << (2 * length); ++number) {
      std::string input;
      for (std::size_t i = 0; i < length; ++i) input += alphabet[number >> (2 * i) & 3];
      expect_as_reference(input, {pieces::whole(input), pieces::octet_by_octet(input)});
      expect_as_reference(input + "\r\n.\r\n", {pieces::whole(input + "\r\n.\r\n")});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(DataDecoder, AgreesWithTheReferenceOnLongHostileInput) {
  std::mt19937 random(5321);
  for (int round = 0; round < 3000; ++round) {
    const std::string input = pieces::hostile_input(random, random() % 40) + "\r\n.\r\nQUIT";
    expect_as_reference(input, {pieces::whole(input), pieces::octet_by_octet(input),
                                pieces::at_random(input, random, 5), pieces::at_random(input, random, 150)});
    if (HasFatalFailure()) return;
  }
}

TEST(DataDecoder, TooLargeComesOutTheSameHoweverCut) {
  std::mt19937 random(552);
  for (int round = 0; round < 2000; ++round) {
    const std::string input = pieces::hostile_input(random, 20) + "\r\n.\r\n";
    const std::uint64_t limit = random() % 200;
    for (const BareLineEnding policy : {BareLineEnding::refuse, BareLineEnding::normalize}) {
      const Outcome whole = decode(pieces::whole(input), policy, limit);
      ASSERT_LE(whole.body.size(), limit);
      ASSERT_EQ(decode(pieces::octet_by_octet(input), policy, limit), whole) << testing::PrintToString(input);
      ASSERT_EQ(decode(pieces::at_random(input, random, 9), policy, limit), whole) << testing::PrintToString(input);
    }
  }
}

}  // namespace
}  // namespace ringpost::smtp
