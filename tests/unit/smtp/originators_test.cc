// The originator fields travel with the facts, whichever way a message comes.
#include <gtest/gtest.h>

#include "smtp/bdat_decoder.h"
#include "smtp/data_decoder.h"
#include "smtp/pieces.h"

namespace ringpost::smtp {
namespace {

constexpr std::string_view message = "From: Ann\r\n <ann@example.com>\r\nSubject: x\r\nSender: b\r\n\r\n.From: c\r\n";

void expect_both(const mail::OriginatorFields& kept) {
  ASSERT_EQ(kept.fields.size(), 2U);
  EXPECT_EQ(kept.fields[0].value, " Ann\r\n <ann@example.com>");
  EXPECT_EQ(kept.fields[1].value, " b");
  EXPECT_FALSE(kept.malformed || kept.overflow);
}

TEST(Originators, ComeOutOfDataHoweverItIsCut) {
  const std::string wire = std::string(message) + ".\r\n";
  for (const pieces::Cuts& cuts : pieces::every_way(wire)) {
    DataDecoder decoder(BareLineEnding::refuse, 1 << 20);
    decoder.collect_originators(true);
    std::vector<io::Slice> out;
    for (const std::string_view cut : cuts) decoder.feed(io::Slice::copy_of(cut), out);
    ASSERT_TRUE(decoder.finished());
    expect_both(decoder.originators());
  }
}

TEST(Originators, ComeOutOfChunks) {
  BdatDecoder decoder(1 << 20);
  decoder.collect_originators(true);
  std::vector<io::Slice> out;
  decoder.begin_chunk(20, false);
  decoder.feed(io::Slice::copy_of(message.substr(0, 20)), out);
  decoder.begin_chunk(message.size() - 20, true);
  decoder.feed(io::Slice::copy_of(message.substr(20)), out);
  ASSERT_TRUE(decoder.finished());
  expect_both(decoder.originators());
}

TEST(Originators, AFieldThatNormalisingMakesVisibleIsFound) {
  DataDecoder decoder(BareLineEnding::normalize, 1 << 20);
  decoder.collect_originators(true);
  std::vector<io::Slice> out;
  decoder.feed(io::Slice::copy_of("Subject: x\nFrom: boss\r\n\r\n.\r\n"), out);
  ASSERT_TRUE(decoder.finished());
  ASSERT_EQ(decoder.originators().fields.size(), 1U);
  EXPECT_EQ(decoder.originators().fields[0].value, " boss");
  EXPECT_FALSE(decoder.originators().malformed);
}

TEST(Originators, ADottedFieldIsTheFieldItIsStoredAs) {
  DataDecoder decoder(BareLineEnding::refuse, 1 << 20);
  decoder.collect_originators(true);
  std::vector<io::Slice> out;
  decoder.feed(io::Slice::copy_of("Subject: x\r\n.From: boss\r\n\r\n.\r\n"), out);
  ASSERT_EQ(decoder.originators().fields.size(), 1U);
}

TEST(Originators, AreNotKeptUnlessAskedFor) {
  DataDecoder decoder(BareLineEnding::refuse, 1 << 20);
  std::vector<io::Slice> out;
  decoder.feed(io::Slice::copy_of(std::string(message) + ".\r\n"), out);
  EXPECT_TRUE(decoder.facts().has_from);
  EXPECT_TRUE(decoder.originators().fields.empty());
}

}  // namespace
}  // namespace ringpost::smtp
