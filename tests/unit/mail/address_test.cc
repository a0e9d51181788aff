#include "mail/address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringpost::mail {
namespace {

Address parsed(std::string_view text, bool smtputf8 = false, bool reverse = false) {
  auto address = parse_address(text, smtputf8, reverse);
  EXPECT_TRUE(address) << text << ": " << (address ? "" : address.error().reason);
  return address ? *address : Address{"PARSE", "ERROR"};
}

PublicStatus refusal(std::string_view text, bool smtputf8 = false, bool reverse = false) {
  const auto address = parse_address(text, smtputf8, reverse);
  EXPECT_FALSE(address) << text;
  return address ? PublicStatus{250, {}} : address.error().status;
}

TEST(Address, DomainIsLowerCaseAndLocalPartIsKept) {
  EXPECT_EQ(parsed("Some.One@EXAMPLE.Net"), (Address{"Some.One", "example.net"}));
}

TEST(Address, EveryAtextCharacterMayStandInALocalPart) {
  EXPECT_EQ(parsed("a!#$%&'*+-/=?^_`{|}~9@b").local, "a!#$%&'*+-/=?^_`{|}~9");
}

TEST(Address, QuotedLocalPartIsTheSameMailboxAsTheBareOne) {
  EXPECT_EQ(parsed(R"("so\me\.one"@example.net)"), parsed("some.one@example.net"));
}

TEST(Address, QuotingReturnsWhereItIsNeeded) {
  for (const char* const text : {R"("a b"@x.y)", R"("a\"b\\c"@x.y)", R"(""@x.y)", R"("a..b"@x.y)", R"(".a"@x.y)",
                                 R"("a@b"@x.y)", R"("a>b"@x.y)", "a.b@x.y", "a@[192.0.2.1]"}) {
    EXPECT_EQ(parsed(text).text(), text);
  }
}

TEST(Address, MalformedMailboxesAreRefusedWithTheCodeOfTheirSide) {
  const std::vector<std::string_view> bad = {
      "a",         "a@",        "@b",         "a@@b",          "a@b@c",         ".a@b",       "a.@b",
      "a..b@c",    "a b@c",     "a@b.",       "a@.b",          "a@b..c",        "a@-b",       "a@b-",
      "a@b_c",     "a@b c",     "\"a@b",      "\"a\"b@c",      "\"a\"",         "\"a\\\"@b",  "a\"b\"@c",
      "<a@b>",     "a@b>",      "a(x)@b",     "a@[1.2.3]",     "a@[1.2.3.4",    "a@1.2.3.4]", "a@[]",
      "a@[b]",     "a@[IPv6:]", "a@[IPv6:x]", "a@[256.1.1.1]", "a@[1.2.3.4.5]", "a@[x:]",     "a@[:y]",
      "a@[x:a b]", "a\r\n@b",   "a@b\n",      "\"a\r\"@b",     "\"\x7f\"@b"};
  for (const std::string_view text : bad) {
    EXPECT_EQ(refusal(text), (PublicStatus{501, {5, 1, 3}})) << text;
    EXPECT_EQ(refusal(text, false, true), (PublicStatus{501, {5, 1, 7}})) << text;
  }
  EXPECT_EQ(refusal(std::string_view("a\0b@c", 5)), (PublicStatus{501, {5, 1, 3}}));
}

TEST(Address, AddressLiteralsOfAllKindsAreTaken) {
  EXPECT_EQ(parsed("a@[192.0.2.1]").domain, "[192.0.2.1]");
  EXPECT_EQ(parsed("a@[001.000.02.1]").domain, "[001.000.02.1]");
  EXPECT_EQ(parsed("a@[ipv6:2001:DB8::1]").domain, "[IPv6:2001:db8::1]");
  EXPECT_EQ(parsed("a@[IPv6:::ffff:192.0.2.1]").domain, "[IPv6:::ffff:192.0.2.1]");
  EXPECT_EQ(parsed("a@[tag-9:anything!]").domain, "[tag-9:anything!]");
  EXPECT_TRUE(parsed("a@[192.0.2.1]").is_literal());
}

TEST(Address, SourceRouteOfDomainsIsDropped) {
  EXPECT_EQ(parsed("@a.example,@b.example:someone@example.net"), (Address{"someone", "example.net"}));
  EXPECT_EQ(parsed("@a:\"x y\"@example.net", false, true), (Address{"x y", "example.net"}));
  for (const char* const text : {"@a", "@a:", "@:b@c", "@a,:b@c", "@a,b:c@d", "@a,,@b:c@d", "@-a:b@c", "@a;@b:c@d"}) {
    EXPECT_EQ(refusal(text), (PublicStatus{501, {5, 1, 3}})) << text;
  }
}

TEST(Address, OnlyAReversePathMayBeNull) {
  EXPECT_TRUE(parsed("", false, true).is_null());
  EXPECT_EQ(parsed("", false, true).text(), "");
  EXPECT_EQ(refusal(""), (PublicStatus{501, {5, 1, 3}}));
}

TEST(Address, OnlyAForwardPathMayBePostmasterAlone) {
  EXPECT_EQ(parsed("PostMaster"), (Address{"postmaster", ""}));
  EXPECT_EQ(parsed("PostMaster").text(), "postmaster");
  EXPECT_FALSE(parsed("postmaster").is_null());
  EXPECT_EQ(refusal("postmaster", false, true), (PublicStatus{501, {5, 1, 7}}));
  EXPECT_EQ(refusal("hostmaster"), (PublicStatus{501, {5, 1, 3}}));
}

TEST(Address, Utf8NeedsSmtputf8) {
  EXPECT_EQ(refusal("j\u00fcrgen@example.net"), (PublicStatus{553, {5, 6, 7}}));
  EXPECT_EQ(refusal("a@b\u00fccher.example", false, true), (PublicStatus{553, {5, 6, 7}}));
  EXPECT_TRUE(parsed("j\u00fcrgen@example.net", true).needs_utf8());
  EXPECT_TRUE(parsed("\"j\u00fc rgen\"@example.net", true).needs_utf8());
  EXPECT_TRUE(parsed("a@b\u00fccher.example", true).needs_utf8());
  EXPECT_FALSE(parsed("a@b", true).needs_utf8());
}

TEST(Address, OctetsThatAreNotUtf8AreNoAddress) {
  for (const char* const text :
       {"j\xfc@b", "\xc0\x80@b", "\xed\xa0\x80@b", "\xf4\x90\x80\x80@b", "\xe2\x82@b", "\x80@b"}) {
    EXPECT_EQ(refusal(text, true), (PublicStatus{501, {5, 1, 3}}));
  }
}

TEST(Address, PathOf256OctetsIsTakenAndOneMoreIsNot) {
  const std::string domain = std::string(60, 'd') + "." + std::string(60, 'e');
  const std::string local(256 - 2 - 1 - domain.size(), 'l');
  EXPECT_EQ(parsed(local + "@" + domain).local, local);
  EXPECT_EQ(refusal(local + "l@" + domain), (PublicStatus{501, {5, 1, 3}}));
}

TEST(Address, LocalPartOfAVerpAddressMayPass64Octets) {
  const std::string local = "bounces+12345-" + std::string(80, 'x') + "=example.com";
  EXPECT_EQ(parsed(local + "@example.net").local, local);
}

TEST(ValidDomain, KeepsTheLimitsOfLabelAndName) {
  const std::string label(63, 'a');
  EXPECT_TRUE(valid_domain(label, false));
  EXPECT_FALSE(valid_domain(label + "a", false));
  EXPECT_FALSE(valid_domain(label + "a", true));
  const std::string name = label + "." + label + "." + label + "." + label;
  EXPECT_TRUE(valid_domain(name, false)) << "255 octets";
  EXPECT_FALSE(valid_domain(name + ".a", false));
  EXPECT_FALSE(valid_domain("", false));
  EXPECT_TRUE(valid_domain("1.2.3.4", false));
}

TEST(ValidUtf8, TakesTheFirstAndLastCharacterOfEachLength) {
  EXPECT_TRUE(valid_utf8(
      "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
  EXPECT_FALSE(valid_utf8("\xe0\x9f\xbf"));
  EXPECT_FALSE(valid_utf8("\xf0\x8f\xbf\xbf"));
  EXPECT_FALSE(valid_utf8("\xc2"));
  EXPECT_FALSE(valid_utf8("\xc2\x41"));
}

}  // namespace
}  // namespace ringpost::mail
