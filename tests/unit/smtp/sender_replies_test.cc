#include <gtest/gtest.h>

#include <string>

#include "smtp/replies.h"

namespace ringpost::smtp {
namespace {

std::string wire(const Reply& reply) {
  std::string out;
  reply.append_to(out);
  return out;
}

TEST(SenderReplies, NameTheAddressTheLoginAndTheRule) {
  EXPECT_EQ(wire(replies::sender_not_yours("envelope-not-yours", "boss@example.com", "ann@example.com")),
            "553 5.7.1 <boss@example.com> is not an address of login ann@example.com (rule envelope-not-yours)\r\n");
  EXPECT_EQ(
      wire(replies::header_not_yours("from-not-yours", "boss@example.com", "ann@example.com")),
      "550 5.7.1 <boss@example.com> in From: is not an address of login ann@example.com (rule from-not-yours)\r\n");
  EXPECT_EQ(
      wire(replies::header_not_yours("resent-sender-not-yours", "b@x.example", "ann")),
      "550 5.7.1 <b@x.example> in Resent-Sender: is not an address of login ann (rule resent-sender-not-yours)\r\n");
  EXPECT_EQ(wire(replies::local_domain_needs_auth("local-domain-without-auth", "boss@example.com")),
            "550 5.7.1 <boss@example.com> is an address of this server, log in to send with it (rule "
            "local-domain-without-auth)\r\n");
}

TEST(SenderReplies, EveryRuleHasItsSentence) {
  const auto text = [](std::string_view rule) { return wire(replies::header_not_yours(rule, "why", "ann")); };
  EXPECT_EQ(text("from-missing"), "550 5.7.1 the message has no From: with an address (rule from-missing)\r\n");
  EXPECT_EQ(text("sender-twice"), "550 5.7.1 the message has more than one Sender: field (rule sender-twice)\r\n");
  EXPECT_EQ(text("resent-from-unreadable"),
            "550 5.7.1 Resent-From: cannot be read without doubt: why (rule resent-from-unreadable)\r\n");
  EXPECT_EQ(text("display-name-protected"),
            "550 5.7.1 the display name of the sender belongs to somebody else (rule display-name-protected)\r\n");
  EXPECT_EQ(text("local-domain-without-auth"),
            wire(replies::local_domain_needs_auth("local-domain-without-auth", "why")));
  for (const std::string_view rule :
       {"header-malformed", "header-too-long", "display-name-address", "display-name-direction",
        "display-name-unreadable", "display-name-too-long", "a-rule-of-tomorrow"})
    EXPECT_NE(text(rule).find("(rule " + std::string(rule) + ")\r\n"), std::string::npos) << rule;
}

TEST(SenderReplies, AHostileDetailForgesNothingAndIsBounded) {
  const std::string hostile = "a\r\n250 2.0.0 ok\r\n" + std::string(100'000, '\xff');
  for (const Reply& reply : {replies::sender_not_yours("envelope-not-yours", hostile, hostile),
                             replies::header_not_yours("from-not-yours", hostile, hostile),
                             replies::header_not_yours("from-unreadable", hostile, hostile),
                             replies::header_not_yours("display-name-address", hostile, hostile),
                             replies::local_domain_needs_auth("local-domain-without-auth", hostile)}) {
    const std::string octets = wire(reply);
    EXPECT_LT(octets.size(), 2200U);
    EXPECT_EQ(reply.lines().size(), 1U);
    for (std::size_t at = 0; at < octets.size(); at = octets.find("\r\n", at) + 2)
      EXPECT_TRUE(octets.substr(at).starts_with("55")) << octets.substr(at, 20);
    EXPECT_EQ(octets.find("\n250"), std::string::npos);
  }
}

TEST(SenderReplies, ABlockedClientHearsWhyHowManyAndForHowLong) {
  EXPECT_EQ(wire(replies::auth_blocked("mx.example.com", "192.0.2.1", 10, std::chrono::minutes(10))),
            "421-4.7.0 too many failed logins from 192.0.2.1\r\n"
            "421-4.7.0 10 logins of this client or its network failed\r\n"
            "421-4.7.0 try again in 10m\r\n"
            "421 4.7.0 mx.example.com closing connection\r\n");
}

}  // namespace
}  // namespace ringpost::smtp
