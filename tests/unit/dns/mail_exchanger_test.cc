#include "dns/mail_exchanger.h"

#include <gtest/gtest.h>

namespace ringpost::dns {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(MailExchanger, IsReadFromItsOctets) {
  const auto found = parse_mail_exchanger("\x01\x02\x02MX\x07"s + "example\x03net\x00"s);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->preference, 0x0102);
  EXPECT_EQ(found->host, "mx.example.net");
}

TEST(MailExchanger, TheRootIsTheNullMx) {
  const auto found = parse_mail_exchanger("\0\0\0"s);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->host, "");
}

TEST(MailExchanger, WhatIsBrokenIsNone) {
  const std::string whole = "\0\x0a\x02mx\x07"s + "example\0"s;
  ASSERT_TRUE(parse_mail_exchanger(whole).has_value());
  for (std::size_t octets = 0; octets < whole.size(); ++octets) {
    EXPECT_FALSE(parse_mail_exchanger(whole.substr(0, octets)).has_value()) << octets;
  }
  EXPECT_FALSE(parse_mail_exchanger(whole + "x").has_value());
  for (const std::string& label : {"a.b"s, "a b"s, "a\n"s, "a\xff"s, "a\0"s, "a@b"s}) {
    EXPECT_FALSE(parse_mail_exchanger("\0\x0a"s + static_cast<char>(label.size()) + label + '\0').has_value()) << label;
  }
  EXPECT_FALSE(parse_mail_exchanger("\0\x0a\xc0\x0c"s).has_value());  // compressed
  std::string longest = "\0\x0a"s;
  for (int i = 0; i < 5; ++i) longest += '\x3f' + std::string(63, 'a');
  EXPECT_FALSE(parse_mail_exchanger(longest + '\0').has_value());
}

TEST(ParseName, IsLowerCaseAndStandsAlone) {
  EXPECT_EQ(parse_name("\2MX\7Example\0"sv), "mx.example");
  EXPECT_EQ(parse_name("\0"sv), "");
  for (const std::string_view broken : {""sv, "\2mx"sv, "\2mx\0y"sv, "\3m x\0"sv, "\300\14"sv})
    EXPECT_FALSE(parse_name(broken).has_value()) << broken;
}

}  // namespace
}  // namespace ringpost::dns
