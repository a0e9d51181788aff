#include "mail/originator_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mail/body_scan.h"
#include "mail/header_scan.h"

namespace ringpost::mail {
namespace {

using Kind = OriginatorField::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

void expect_same(const OriginatorFields& a, const OriginatorFields& b, std::size_t at) {
  ASSERT_EQ(a.fields.size(), b.fields.size()) << "cut at " << at;
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    EXPECT_EQ(a.fields[i].kind, b.fields[i].kind) << "cut at " << at;
    EXPECT_EQ(a.fields[i].value, b.fields[i].value) << "cut at " << at;
  }
  EXPECT_EQ(a.overflow, b.overflow) << "cut at " << at;
  EXPECT_EQ(a.malformed, b.malformed) << "cut at " << at;
}

/// What is kept of `octets`, however they are cut in two.
OriginatorFields collect(std::string_view octets) {
  const auto scan = [&](std::size_t at) {
    BodyScan cut;
    cut.collect_originators(true);
    cut.feed(octets.substr(0, at));
    cut.feed(octets.substr(at));
    cut.finish();
    return cut.originators();
  };
  const OriginatorFields whole = scan(0);
  for (std::size_t at = 1; at <= std::min<std::size_t>(octets.size(), 300); ++at) expect_same(scan(at), whole, at);
  return whole;
}

std::vector<std::string> values(const OriginatorFields& fields) {
  std::vector<std::string> all;
  for (const OriginatorField& field : fields.fields) all.push_back(field.value);
  return all;
}

TEST(OriginatorFields, AllFourKindsAreKeptInTheirOrder) {
  const auto kept =
      collect("Sender: a\r\nFrom: b\r\nSubject: x\r\nRESENT-FROM:c\r\nresent-Sender:\td\r\n\r\nFrom: no\r\n");
  EXPECT_THAT(values(kept), ElementsAre(" a", " b", "c", "\td"));
  EXPECT_EQ(kept.fields[0].kind, Kind::sender);
  EXPECT_EQ(kept.fields[1].kind, Kind::from);
  EXPECT_EQ(kept.fields[2].kind, Kind::resent_from);
  EXPECT_EQ(kept.fields[3].kind, Kind::resent_sender);
  EXPECT_FALSE(kept.overflow || kept.malformed);
}

TEST(OriginatorFields, NothingIsKeptUnlessAskedFor) {
  HeaderScan scan;
  scan.feed("From: a\r\njunk\r\n\r\n");
  scan.finish();
  EXPECT_TRUE(scan.has_from());
  EXPECT_THAT(scan.originators().fields, IsEmpty());
  EXPECT_FALSE(scan.originators().malformed);
}

TEST(OriginatorFields, FoldingIsKeptAndTheLastLineEndIsNot) {
  EXPECT_THAT(values(collect("From: Ann\r\n\t<ann@x>\r\n \r\nTo: y\r\n\r\n")), ElementsAre(" Ann\r\n\t<ann@x>\r\n "));
  EXPECT_THAT(values(collect("From: a\r\n")), ElementsAre(" a"));
  EXPECT_THAT(values(collect("From: a")), ElementsAre(" a"));
  EXPECT_THAT(values(collect("From:\r\n\r\n")), ElementsAre(""));
}

TEST(OriginatorFields, FromInsideAFoldedContinuationIsNoField) {
  EXPECT_THAT(values(collect("Subject: x\r\n From: a\r\n\tFrom: b\r\n\r\n")), IsEmpty());
}

TEST(OriginatorFields, ObsoleteBlanksBeforeTheColonHideNothing) {
  EXPECT_THAT(values(collect("From : a\r\nFrom\t \t: b\r\n\r\n")), ElementsAre(" a", " b"));
}

TEST(OriginatorFields, NamesAreComparedWhole) {
  EXPECT_THAT(values(collect("Fro: a\r\nFromm: b\r\nX-From: c\r\nResent-Senders: d\r\nReply-To: e\r\n\r\n")),
              IsEmpty());
}

TEST(OriginatorFields, SixteenFieldsAreKeptAndMoreAreMarked) {
  std::string header;
  for (int i = 0; i < 16; ++i) header += "From: a\r\n";
  EXPECT_FALSE(collect(header + "\r\n").overflow);
  const auto more = collect(header + "From: b\r\n\r\n");
  EXPECT_TRUE(more.overflow);
  EXPECT_EQ(more.fields.size(), OriginatorFields::fields_max);
}

TEST(OriginatorFields, AValueBeyondTheBoundIsMarkedAndCutOff) {
  const std::string fits = "From:" + std::string(OriginatorFields::octets_max - 2, 'a') + "\r\n\r\n";
  EXPECT_FALSE(collect(fits).overflow);
  std::string folded = "From: a";
  while (folded.size() < 100'000) folded += "\r\n aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  const auto kept = collect(folded + "\r\nSender: b\r\n\r\n");
  EXPECT_TRUE(kept.overflow);
  EXPECT_LE(kept.fields[0].value.size(), OriginatorFields::octets_max);
}

TEST(OriginatorFields, AFromBehindALongHeaderIsStillFound) {
  std::string header;
  while (header.size() < 200'000) header += "X-Filler: " + std::string(60, 'x') + "\r\n";
  EXPECT_THAT(values(collect(header + "From: late\r\n\r\n")), ElementsAre(" late"));
}

TEST(OriginatorFields, AJunkLineMakesTheHeaderMalformed) {
  for (const std::string_view junk :
       {"hello there", "From ann@example.com Mon Nov 23", ">From: x", " : x", "Fr\xc3\xb6m: x", "F\xd0\xbe: x", ": x",
        "From", "From ", "Fr\001m: x", "\rFrom: x", "Na\rme: x"}) {
    const auto kept = collect("Subject: a\r\n" + std::string(junk) + "\r\nFrom: hidden\r\n\r\n");
    if (junk == ">From: x" || junk == " : x") continue;  // a field with an odd name, a continuation
    EXPECT_TRUE(kept.malformed) << junk;
    EXPECT_THAT(kept.fields, IsEmpty()) << junk;
  }
  EXPECT_TRUE(collect("From a@x Mon\r\nFrom: b\r\n\r\n").malformed);
  EXPECT_TRUE(collect(" leading blank\r\nFrom: b\r\n\r\n").malformed);
  EXPECT_TRUE(collect("From: a\r\nSub").malformed);
  EXPECT_TRUE(collect("From: a\r\n\r").malformed);
}

TEST(OriginatorFields, BareCrBareLfAndNulMakeTheHeaderMalformed) {
  using namespace std::string_view_literals;
  for (const auto value : {"a\nFrom: b"sv, "a\rFrom: b"sv, "a\n\nb"sv, "a\r\r\nb: c"sv, "a\0b"sv, "\n"sv, "a\r"sv})
    EXPECT_TRUE(collect("Subject: " + std::string(value) + "\r\n\r\n").malformed) << value;
  EXPECT_FALSE(collect("Subject: a\r\n\r\nbody\nwith bare\rones and \0 NUL"sv).malformed);
}

TEST(OriginatorFields, EveryWayAHeaderMayEndWellIsNotMalformed) {
  for (const std::string_view text :
       {"", "\r\n", "From: a\r\n\r\n", "From: a\r\n", "From: a", "From:", "\r\nFrom: b\r\n"})
    EXPECT_FALSE(collect(text).malformed) << text;
}

}  // namespace
}  // namespace ringpost::mail
