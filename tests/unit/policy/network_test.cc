#include "policy/network.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringpost::policy {
namespace {

IpAddress ip(std::string_view text) {
  auto address = parse_ip(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(IpAddress{});
}

Network network(std::string_view text) {
  auto parsed = parse_network(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Network{});
}

TEST(IpAddress, PrintsWhatItRead) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::1"})
    EXPECT_EQ(ip(text).text(), text);
}

TEST(IpAddress, MappedIpv4IsTheIpv4Address) {
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_EQ(ip("::ffff:c000:201").text(), "192.0.2.1");
  EXPECT_FALSE(ip("::192.0.2.1").is_v4());  // the deprecated compatible form is something else
}

TEST(IpAddress, RefusesWhatIsNotExactlyAnAddress) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("127.1"), std::string_view("010.0.0.1"), std::string_view("1.2.3.4 "),
        std::string_view("fe80::1%eth0"), std::string_view("[::1]"), std::string_view("1.2.3.4\0", 8),
        std::string_view("::1::"), std::string_view("1.2.3.256"), std::string_view("localhost"),
        std::string_view("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000")})
    EXPECT_FALSE(parse_ip(text).has_value()) << text;
}

TEST(Network, ContainsExactlyItsRange) {
  const Network net = network("192.0.2.64/26");
  EXPECT_TRUE(net.contains(ip("192.0.2.64")));
  EXPECT_TRUE(net.contains(ip("192.0.2.127")));
  EXPECT_FALSE(net.contains(ip("192.0.2.63")));
  EXPECT_FALSE(net.contains(ip("192.0.2.128")));
  EXPECT_TRUE(net.contains(ip("::ffff:192.0.2.100")));
  EXPECT_TRUE(network("2001:db8::/33").contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(network("2001:db8::/33").contains(ip("2001:db8:8000::1")));
}

TEST(Network, ABareAddressIsThatAddressOnly) {
  EXPECT_TRUE(network("127.0.0.1").contains(ip("127.0.0.1")));
  EXPECT_FALSE(network("127.0.0.1").contains(ip("127.0.0.2")));
  EXPECT_EQ(network("127.0.0.1").text(), "127.0.0.1/32");
}

TEST(Network, ZeroPrefixIsAllOfItsOwnFamilyOnly) {
  EXPECT_TRUE(network("0.0.0.0/0").contains(ip("198.51.100.7")));
  EXPECT_FALSE(network("0.0.0.0/0").contains(ip("2001:db8::1")));
  EXPECT_TRUE(network("::/0").contains(ip("2001:db8::1")));
  EXPECT_FALSE(network("::/0").contains(ip("198.51.100.7")));
}

TEST(Network, PrintsWhatItReadsBack) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "::1/128"}) {
    EXPECT_EQ(network(text).text(), text);
    EXPECT_EQ(network(network(text).text()), network(text));
  }
}

TEST(Network, RefusesBitsBehindThePrefixAndBadLengths) {
  for (const char* text : {"192.0.2.1/24", "2001:db8::1/32", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8",
                           "10.0.0.0/-1", "10.0.0.0/ 8", "/8", "10.0.0/8"})
    EXPECT_FALSE(parse_network(text).has_value()) << text;
}

TEST(Network, AnyContainsOfNothingIsFalse) {
  EXPECT_FALSE(any_contains({}, ip("127.0.0.1")));
  const std::vector nets{network("10.0.0.0/8"), network("::1")};
  EXPECT_TRUE(any_contains(nets, ip("::1")));
}

}  // namespace
}  // namespace ringpost::policy
