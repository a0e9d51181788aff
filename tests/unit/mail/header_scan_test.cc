#include "mail/header_scan.h"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::mail {
namespace {

HeaderScan scan(std::string_view octets) {
  HeaderScan whole;
  whole.feed(octets);
  whole.finish();
  for (std::size_t at = 0; at <= octets.size(); ++at) {
    HeaderScan cut;
    cut.feed(octets.substr(0, at));
    cut.feed(octets.substr(at));
    cut.finish();
    EXPECT_EQ(cut.octets(), whole.octets()) << "cut at " << at;
    EXPECT_EQ(cut.received_fields(), whole.received_fields()) << "cut at " << at;
    EXPECT_EQ(cut.has_date(), whole.has_date()) << "cut at " << at;
    EXPECT_EQ(cut.has_from(), whole.has_from()) << "cut at " << at;
    EXPECT_EQ(cut.has_message_id(), whole.has_message_id()) << "cut at " << at;
    EXPECT_EQ(cut.has_tls_not_required(), whole.has_tls_not_required()) << "cut at " << at;
  }
  return whole;
}

TEST(HeaderScan, EndsBehindTheFirstEmptyLine) {
  EXPECT_EQ(scan("A: b\r\n\r\nC: d\r\n\r\n").octets(), 8U);
}

TEST(HeaderScan, MessageMayBeginWithItsEmptyLine) {
  EXPECT_EQ(scan("\r\nFrom: x\r\n").octets(), 2U);
}

TEST(HeaderScan, MessageWithoutAnEmptyLineIsAllHeader) {
  EXPECT_EQ(scan("A: b\r\nC: d\r\n").octets(), 12U);
  EXPECT_EQ(scan("A: b\r\nC: d").octets(), 10U);
  EXPECT_EQ(scan("").octets(), 0U);
}

TEST(HeaderScan, EndsBeforeALineThatIsNoField) {
  EXPECT_EQ(scan("A: b\r\nhello there\r\nFrom: x\r\n").octets(), 6U);
  EXPECT_EQ(scan("hello\r\n").octets(), 0U);
  EXPECT_EQ(scan("A: b\r\nhello").octets(), 6U);
  EXPECT_EQ(scan("A: b\r\n: x\r\n").octets(), 6U);
  EXPECT_EQ(scan(" folded into nothing\r\nA: b\r\n").octets(), 0U);
}

TEST(HeaderScan, NamesAreFoundInAnyCaseAndOnlyWhole) {
  const HeaderScan found = scan("fRoM: a\r\nDATE:\r\nMessage-ID:<x>\r\n\r\n");
  EXPECT_TRUE(found.has_from() && found.has_date() && found.has_message_id());
  const HeaderScan none = scan("Fro: a\r\nFromm: a\r\nX-Date: a\r\nMessage-IDs: a\r\nResent-From: a\r\n\r\n");
  EXPECT_FALSE(none.has_from() || none.has_date() || none.has_message_id());
}

TEST(HeaderScan, TlsIsNotRequiredWhereOneFieldSaysNo) {
  for (const char* field : {"TLS-Required: No\r\n", "tls-required:NO\r\n", "TLS-Required :\r\n\t no \t\r\n"}) {
    EXPECT_TRUE(scan(std::string("From: a\r\n") + field + "To: b\r\n\r\nbody\r\n").has_tls_not_required()) << field;
    EXPECT_TRUE(scan(field).has_tls_not_required()) << field;
  }
  EXPECT_TRUE(scan("TLS-Required: No").has_tls_not_required());
}

TEST(HeaderScan, AnythingElseAboutTlsSaysNothing) {
  for (const char* header :
       {"A: b\r\n\r\nTLS-Required: No\r\n", "TLS-Required: Yes\r\n", "TLS-Required:\r\n", "TLS-Required: N\r\n",
        "TLS-Required: N o\r\n", "TLS-Required: N\r\n o\r\n", "TLS-Required: No; x\r\n", "TLS-Required: No (x)\r\n",
        "TLS-Required: No\r\n no\r\n", "TLS-Required: No\r\nTLS-Required: No\r\n",
        "TLS-Required: Yes\r\nTLS-Required: No\r\n", "X-TLS-Required: No\r\n", "TLS-Requiredd: No\r\n",
        "Subject: a\r\n TLS-Required: No\r\n"}) {
    EXPECT_FALSE(scan(header).has_tls_not_required()) << header;
  }
  EXPECT_FALSE(scan(std::string_view("TLS-Required: \0No\r\n", 19)).has_tls_not_required());
  std::string many;
  for (int i = 0; i < 300; ++i) many += "TLS-Required: No\r\n";
  EXPECT_FALSE(scan(many.substr(0, 257 * 18)).has_tls_not_required());
}

TEST(HeaderScan, BlanksMayStandBeforeTheColon) {
  EXPECT_TRUE(scan("From \t: a\r\n\r\n").has_from());
}

TEST(HeaderScan, EveryReceivedFieldCounts) {
  EXPECT_EQ(scan("Received: a\r\n by b\r\nSubject: Received: c\r\nreceived:d\r\n\r\nReceived: e\r\n").received_fields(),
            2U);
}

TEST(HeaderScan, ContinuationsAreNotFields) {
  const HeaderScan folded = scan("Subject: a\r\n From: b\r\n\tDate: c\r\n\r\n");
  EXPECT_FALSE(folded.has_from() || folded.has_date());
  EXPECT_EQ(folded.octets(), 34U);
}

TEST(HeaderScan, BareLineEndingsInAValueEndNothing) {
  const HeaderScan bare = scan("Subject: a\nFrom: b\rDate: c\r\r\nMessage-ID: x\r\n\r\n");
  EXPECT_FALSE(bare.has_from() || bare.has_date());
  EXPECT_TRUE(bare.has_message_id());
}

TEST(HeaderScan, FieldNameOfAnyLengthIsAField) {
  const std::string header = std::string(100'000, 'N') + ": v\r\nFrom: a\r\n\r\n";
  HeaderScan long_name;
  long_name.feed(header);
  EXPECT_TRUE(long_name.has_from());
  EXPECT_EQ(long_name.octets(), header.size());
}

TEST(HeaderScan, EightBitNameIsNoField) {
  EXPECT_EQ(scan("Fr\xc3\xb6m: a\r\n\r\n").octets(), 0U);
}

}  // namespace
}  // namespace ringpost::mail
