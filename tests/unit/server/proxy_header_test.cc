#include "server/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::server {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view v2_signature = "\r\n\r\n\0\r\nQUIT\n"sv;

std::string v2(unsigned char version_command, unsigned char family_protocol, std::string_view body) {
  std::string header(v2_signature);
  header += static_cast<char>(version_command);
  header += static_cast<char>(family_protocol);
  header += static_cast<char>(body.size() >> 8);
  header += static_cast<char>(body.size() & 0xff);
  return header.append(body);
}

/// The whole header is understood, with whatever follows it, and every shorter beginning asks for more.
ProxyHeader expect_header(const std::string& text) {
  const auto whole = parse_proxy_header(text);
  if (!whole || !*whole) {
    ADD_FAILURE() << testing::PrintToString(text) << ": " << (whole ? "needs more" : whole.error().reason);
    return {};
  }
  EXPECT_EQ((*whole)->octets, text.size());
  const auto followed = parse_proxy_header(text + "EHLO a\r\n");
  EXPECT_TRUE(followed && *followed && (*followed)->octets == text.size());
  for (std::size_t octets = 0; octets < text.size(); ++octets) {
    const auto part = parse_proxy_header(std::string_view(text).substr(0, octets));
    EXPECT_TRUE(part && !*part) << "of " << octets << " octets";
  }
  return **whole;
}

void expect_error(std::string_view text, ErrorKind kind = ErrorKind::invalid) {
  const auto header = parse_proxy_header(text);
  ASSERT_FALSE(header) << testing::PrintToString(text);
  EXPECT_EQ(header.error().kind, kind) << testing::PrintToString(text);
}

TEST(ProxyHeader, TextHeaderNamesBothEnds) {
  const ProxyHeader v4 = expect_header("PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n");
  EXPECT_EQ(v4.source.text(), "192.0.2.1");
  EXPECT_EQ(v4.destination.text(), "198.51.100.2");
  EXPECT_EQ(v4.source_port, 56324);
  EXPECT_EQ(v4.destination_port, 25);
  EXPECT_FALSE(v4.is_local);
  const ProxyHeader v6 = expect_header("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n");
  EXPECT_EQ(v6.source.text(), "2001:db8::1");
  EXPECT_EQ(v6.destination_port, 65535);
}

TEST(ProxyHeader, UnknownTextHeaderLeavesTheConnectionsOwnAddresses) {
  EXPECT_TRUE(expect_header("PROXY UNKNOWN\r\n").is_local);
  EXPECT_TRUE(expect_header("PROXY UNKNOWN ffff::1 anything 1 2\r\n").is_local);
}

TEST(ProxyHeader, MalformedTextHeaderIsInvalid) {
  for (const std::string_view text :
       {"EHLO a\r\n", "PROXX", "proxy TCP4", "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n", "PROXY UNKNOWNX\r\n",
        "PROXY TCP5 192.0.2.1 198.51.100.2 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n", "PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n",
        "PROXY TCP4 192.0.2.256 198.51.100.2 1 2\r\n", "PROXY TCP4 2001:db8::1 198.51.100.2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 2001:db8::1 1 2\r\n", "PROXY TCP6 2001:db8::1 :: 1 \r\n"}) {
    expect_error(text);
  }
}

TEST(ProxyHeader, TextHeaderOf107OctetsPassesAndNoLongerOne) {
  const std::string longest = "PROXY UNKNOWN " + std::string(proxy_v1_octets_max - 16, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), proxy_v1_octets_max);
  expect_header(longest);
  expect_error("PROXY UNKNOWN " + std::string(proxy_v1_octets_max, 'x') + "\r\n", ErrorKind::too_large);
}

TEST(ProxyHeader, BinaryHeaderNamesBothEnds) {
  const ProxyHeader v4 = expect_header(v2(0x21, 0x11, "\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x00\x19"sv));
  EXPECT_EQ(v4.source.text(), "192.0.2.1");
  EXPECT_TRUE(v4.source.is_v4());
  EXPECT_EQ(v4.destination.text(), "198.51.100.2");
  EXPECT_EQ(v4.source_port, 56324);
  EXPECT_EQ(v4.destination_port, 25);
  const std::string address = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x01";
  const ProxyHeader v6 = expect_header(v2(0x21, 0x21, address + address + "\x01\x02\x03\x04"));
  EXPECT_EQ(v6.source.text(), "2001:db8::1");
  EXPECT_EQ(v6.source_port, 0x0102);
  EXPECT_EQ(v6.destination_port, 0x0304);
}

TEST(ProxyHeader, ExtensionsBehindTheAddressesAreSkipped) {
  const std::string addresses("\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x00\x19", 12);
  EXPECT_EQ(expect_header(v2(0x21, 0x11, addresses + "\x04" + std::string("\0\1x", 3))).source.text(), "192.0.2.1");
}

TEST(ProxyHeader, BinaryHeaderThatNamesNobodyLeavesTheConnectionsOwnAddresses) {
  const std::string addresses(216, 'a');
  EXPECT_TRUE(expect_header(v2(0x20, 0x00, "")).is_local);
  EXPECT_TRUE(expect_header(v2(0x20, 0x11, addresses)).is_local);
  EXPECT_TRUE(expect_header(v2(0x21, 0x00, "")).is_local);
  EXPECT_TRUE(expect_header(v2(0x21, 0x12, addresses)).is_local);
  EXPECT_TRUE(expect_header(v2(0x21, 0x31, addresses)).is_local);
}

TEST(ProxyHeader, MalformedBinaryHeaderIsInvalid) {
  expect_error(v2(0x11, 0x11, std::string(12, 'a')));
  expect_error(v2(0x22, 0x11, std::string(12, 'a')));
  expect_error(v2(0x21, 0x41, std::string(12, 'a')));
  expect_error(v2(0x21, 0x13, std::string(12, 'a')));
  expect_error(v2(0x21, 0x11, std::string(11, 'a')));
  expect_error(v2(0x21, 0x21, std::string(35, 'a')));
  expect_error("\r\n\r\n\0\r\nQUIX"sv);
  expect_error("\r\nEHLO"sv);
}

TEST(ProxyHeader, HugeBinaryHeaderIsRefusedBeforeItArrives) {
  expect_header(v2(0x21, 0x00, std::string(proxy_v2_octets_max - 16, 't')));
  const std::string huge = v2(0x21, 0x00, std::string(proxy_v2_octets_max - 15, 't'));
  expect_error(std::string_view(huge).substr(0, 16), ErrorKind::too_large);
}

}  // namespace
}  // namespace ringpost::server
