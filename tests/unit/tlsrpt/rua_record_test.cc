#include "tlsrpt/rua_record.h"

#include <gmock/gmock.h>

namespace ringpost::tlsrpt {
namespace {

using testing::ElementsAre;

// RDATA of a TXT record, in strings of at most 255 octets.
std::string rdata(std::string_view text) {
  std::string octets;
  do {
    const std::string_view piece = text.substr(0, 255);
    octets += static_cast<char>(piece.size());
    octets += piece;
    text.remove_prefix(piece.size());
  } while (!text.empty());
  return octets;
}

std::optional<RuaRecord> parse(const std::string& text) {
  return parse_rua_records({rdata(text)});
}

std::vector<std::string> uris(const std::string& text) {
  std::vector<std::string> found;
  if (const auto record = parse(text))
    for (const ReportTarget& target : record->targets) found.push_back(target.uri);
  return found;
}

TEST(RuaRecord, NamesMailAddressesAndWebServers) {
  const auto record = parse("v=TLSRPTv1; rua=mailto:reports@example.com,https://Reports.example.com:8443/v1?a=b;");
  ASSERT_TRUE(record);
  ASSERT_EQ(record->targets.size(), 2U);
  EXPECT_EQ(record->targets[0].kind, ReportTarget::Kind::mail);
  EXPECT_EQ(record->targets[0].mail, "reports@example.com");
  EXPECT_EQ(record->targets[1].kind, ReportTarget::Kind::https);
  EXPECT_EQ(record->targets[1].host, "reports.example.com");
  EXPECT_EQ(record->targets[1].uri, "https://Reports.example.com:8443/v1?a=b");
}

TEST(RuaRecord, BlanksExtensionsAndTheLastSemicolonMayStandOrNot) {
  EXPECT_THAT(uris("v=TLSRPTv1;rua=mailto:a@b.example"), ElementsAre("mailto:a@b.example"));
  EXPECT_THAT(uris("v=TLSRPTv1 ;\trua=mailto:a@b.example , mailto:c@b.example ; x-y.z=1 ;"),
              ElementsAre("mailto:a@b.example", "mailto:c@b.example"));
}

TEST(RuaRecord, WhatIsNotExactlyOneRecordIsNone) {
  EXPECT_FALSE(parse_rua_records({}));
  EXPECT_FALSE(parse("v=TLSRPTv1"));
  EXPECT_FALSE(parse("v=TLSRPTv1;"));
  EXPECT_FALSE(parse("v=tlsrptv1; rua=mailto:a@b.example"));
  EXPECT_FALSE(parse("v=TLSRPTv12; rua=mailto:a@b.example"));
  EXPECT_FALSE(parse("rua=mailto:a@b.example; v=TLSRPTv1"));
  EXPECT_FALSE(parse("v=TLSRPTv1; rua=mailto:a@b.example; rua=mailto:c@b.example"));
  EXPECT_FALSE(parse("v=TLSRPTv1; rua=mailto:a@b.example; ; x=1"));
  EXPECT_FALSE(parse("v=TLSRPTv1; =x; rua=mailto:a@b.example"));
  const std::string good = rdata("v=TLSRPTv1; rua=mailto:a@b.example");
  EXPECT_FALSE(parse_rua_records({good, good}));
  EXPECT_TRUE(parse_rua_records({rdata("v=spf1 -all"), good}));
  EXPECT_FALSE(parse_rua_records({good.substr(0, good.size() - 1)}));
}

TEST(RuaRecord, AnAddressThatWeWouldNotWriteIsLeftOut) {
  for (const char* uri :
       {"mailto:", "mailto:root", "mailto:a@[192.0.2.1]", "mailto:a%0d%0ab@c.example", "mailto:a%4@b.example",
        "http://b.example/", "https:///x", "https://u@b.example/", "https://192.0.2.1/", "https://localhost/",
        "https://[::1]/", "https://b.example?x", "https://b.example#x", "https://b.example:0/",
        "https://b.example:99999/", "https://b.example/!", "ftp://b.example"})
    EXPECT_THAT(uris(std::string("v=TLSRPTv1; rua=") + uri), ElementsAre()) << uri;
  const auto record = parse("v=TLSRPTv1; rua=mailto:a%2bb@c.example?subject=x");
  ASSERT_TRUE(record && record->targets.size() == 1U);
  EXPECT_EQ(record->targets[0].mail, "a+b@c.example");
  EXPECT_THAT(uris("v=TLSRPTv1; rua=HTTPS://b.example/X"), ElementsAre("https://b.example/X"));
}

TEST(RuaRecord, OfTooMuchTheRestIsLeftOut) {
  std::string many = "v=TLSRPTv1; rua=mailto:a@b.example,mailto:a@b.example";
  for (int i = 0; i < 10; ++i) many += ",mailto:u" + std::to_string(i) + "@b.example";
  EXPECT_EQ(uris(many).size(), RuaRecord::targets_max);
  EXPECT_THAT(uris("v=TLSRPTv1; rua=https://b.example/" + std::string(600, 'x')), ElementsAre());
  EXPECT_FALSE(parse("v=TLSRPTv1; rua=mailto:a@b.example; x=" + std::string(3000, 'x')));
}

}  // namespace
}  // namespace ringpost::tlsrpt
