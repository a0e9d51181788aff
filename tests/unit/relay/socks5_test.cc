#include "relay/socks5.h"

#include <gmock/gmock.h>

#include "relay/proxy_header.h"

namespace ringpost::relay {
namespace {

using namespace std::literals;
using testing::HasSubstr;

io::SocketAddress address(const std::string& text) {
  return *io::SocketAddress::parse(text);
}

TEST(Socks5, SaysWhatRfc1928Says) {
  EXPECT_EQ(socks5_greeting(false), "\x05\x01\x00"s);
  EXPECT_EQ(socks5_greeting(true), "\x05\x02\x00\x02"s);
  EXPECT_EQ(socks5_login("us", "secret"), "\x01\x02us\x06secret"s);
  EXPECT_EQ(socks5_connect(address("192.0.2.1:25")), "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x19"s);
  EXPECT_EQ(socks5_connect(address("[2001:db8::1]:465")),
            "\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xd1"s);
}

TEST(Socks5, TheProxyChoosesOneOfTheMethodsThatWereOffered) {
  EXPECT_EQ(parse_socks5_method("", true).value(), std::nullopt);
  EXPECT_EQ(parse_socks5_method("\x05"sv, true).value(), std::nullopt);
  EXPECT_EQ(parse_socks5_method("\x05\x00"sv, false).value(), Socks5Method::none);
  EXPECT_EQ(parse_socks5_method("\x05\x02"sv, true).value(), Socks5Method::login);
  EXPECT_EQ(parse_socks5_method("\x05\x02"sv, false).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parse_socks5_method("\x05\x01"sv, true).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parse_socks5_method("\x05\xff"sv, false).error().reason, "wants a login");
  EXPECT_EQ(parse_socks5_method("\x04\x00"sv, false).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parse_socks5_method("220 hello\r\n", false).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parse_socks5_method("\x05\x00\x05"sv, false).error().kind, ErrorKind::invalid);
}

TEST(Socks5, ALoginIsTakenOrRefused) {
  EXPECT_FALSE(parse_socks5_login_reply("\x01"sv).value());
  EXPECT_TRUE(parse_socks5_login_reply("\x01\x00"sv).value());
  EXPECT_TRUE(parse_socks5_login_reply("\x05\x00"sv).value());
  EXPECT_EQ(parse_socks5_login_reply("\x01\x01"sv).error().kind, ErrorKind::refused);
  EXPECT_EQ(parse_socks5_login_reply("\x02\x00"sv).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parse_socks5_login_reply("\x01\x00\x00"sv).error().kind, ErrorKind::invalid);
}

TEST(Socks5, AReplyEndsWithItsAddressAndWhatFollowsIsThePeers) {
  const std::string v4 = "\x05\x00\x00\x01\xc0\x00\x02\x01\x00\x19"s;
  const std::string v6 = "\x05\x00\x00\x04"s + std::string(18, 'x');
  const std::string named = "\x05\x00\x00\x03\x04host\x00\x19"s;
  const std::string longest = "\x05\x00\x00\x03\xff"s + std::string(257, 'x');
  EXPECT_EQ(longest.size(), socks5_answer_octets_max);
  for (const std::string& whole : {v4, v6, named, longest}) {
    for (std::size_t octets = 0; octets < whole.size(); ++octets)
      EXPECT_EQ(parse_socks5_reply(whole.substr(0, octets)).value().has_value(), false) << octets;
    const auto reply = parse_socks5_reply(whole + "220 hello\r\n");
    ASSERT_TRUE(reply.has_value() && reply->has_value());
    EXPECT_EQ((*reply)->code, 0);
    EXPECT_EQ((*reply)->octets, whole.size());
  }
}

TEST(Socks5, ARefusalNeedsNoAddress) {
  const auto reply = parse_socks5_reply("\x05\x04"sv);
  ASSERT_TRUE(reply.has_value() && reply->has_value());
  EXPECT_EQ((*reply)->code, 4);
  EXPECT_EQ(socks5_reply_text(4), "host unreachable (4)");
  EXPECT_EQ(socks5_reply_text(200), "unknown reply (200)");
  EXPECT_EQ(parse_socks5_reply("\x05\x00\x00\x02\x00"sv).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parse_socks5_reply("HTTP/1.1 400"sv).error().kind, ErrorKind::invalid);
}

TEST(Socks5, OnlySomeRefusalsAreAboutTheDestination) {
  std::string blamed;
  for (int code = 0; code < 256; ++code)
    if (socks5_blames_destination(static_cast<std::uint8_t>(code))) blamed += std::to_string(code) + " ";
  EXPECT_EQ(blamed, "3 4 5 6 ");
}

TEST(ProxyV2Header, NamesSourceAndDestination) {
  const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
  EXPECT_EQ(proxy_v2_header(*io::SocketAddress::from_host_port("192.0.2.1", 0), address("198.51.100.2:25")),
            signature + "\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02\x00\x00\x00\x19"s);
  EXPECT_EQ(proxy_v2_header(*io::SocketAddress::from_host_port("2001:db8::1", 0), address("[2001:db8::2]:587")),
            signature + "\x21\x21\x00\x24"s + "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s +
                "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"s + "\x00\x00\x02\x4b"s);
}

}  // namespace
}  // namespace ringpost::relay
