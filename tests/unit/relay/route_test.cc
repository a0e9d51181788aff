#include "relay/route.h"

#include <gtest/gtest.h>

namespace ringpost::relay {
namespace {

RouteTable table() {
  RouteOptions partner;
  partner.domain = "*.partner.example";
  partner.next_hops = {"smtp://a.example:2525", "smtp://b.example"};
  partner.connections_max = 3;
  RouteOptions mixed;
  mixed.domain = "mixed.example";
  mixed.next_hops = {"mx", "smtp://[2001:db8::1]:25"};
  mixed.recipients_max = 7;
  auto made = RouteTable::create(
      {partner, mixed}, {{.name = "Home.example", .deliver = "maildir:/m/{domain}/{local}", .recipients = "*"}});
  EXPECT_TRUE(made.has_value());
  return std::move(*made);
}

TEST(RouteTable, TheKeyNamesEveryNextHopInOrder) {
  EXPECT_EQ(table().key_for({"x", "sub.partner.example"}), "smtp://a.example:2525,smtp://b.example");
  EXPECT_EQ(table().key_for({"x", "mixed.example"}), "mx:mixed.example,smtp://[2001:db8::1]:25");
  EXPECT_EQ(table().key_for({"x", "home.example"}), "maildir:/m/{domain}/{local}");
}

TEST(RouteTable, AStarDotPatternMatchesSubdomainsOnly) {
  EXPECT_EQ(table().key_for({"x", "partner.example"}), "mx:partner.example");
  EXPECT_EQ(table().key_for({"x", "notpartner.example"}), "mx:notpartner.example");
}

TEST(RouteTable, TheKeyBringsBackHopsAndLimits) {
  const auto partner = table().plan_for("smtp://a.example:2525,smtp://b.example");
  ASSERT_TRUE(partner.has_value());
  ASSERT_EQ(partner->hops.size(), 2U);
  EXPECT_EQ(partner->hops[0].next_hop.port, 2525);
  EXPECT_EQ(partner->hops[1].next_hop.host, "b.example");
  EXPECT_EQ(partner->connections_max, 3U);
  const auto mixed = table().plan_for("mx:mixed.example,smtp://[2001:db8::1]:25");
  ASSERT_TRUE(mixed.has_value());
  EXPECT_EQ(mixed->hops[0].mx_domain, "mixed.example");
  EXPECT_EQ(mixed->recipients_max, 7U);
}

TEST(RouteTable, AKeyOutlivesItsRoute) {
  const auto plan = RouteTable::create({}, {})->plan_for("smtp://a.example:2525,smtp://b.example");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->hops[0].next_hop.host, "a.example");
  EXPECT_EQ(plan->connections_max, RouteOptions{}.connections_max);
}

TEST(RouteTable, AnAddressLiteralIsLookedUpAsItself) {
  const auto plan = table().plan_for(table().key_for({"x", "[192.0.2.1]"}));
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->hops[0].mx_domain, "[192.0.2.1]");
}

TEST(RouteTable, AKeyOfNobodyIsAnErrorAndNotAGuess) {
  for (const char* key : {"", "mx:", "mx:a b", "gopher://x", "smtp://a,", "smtp://a,discard:", "maildir:/a,smtp://b"}) {
    EXPECT_FALSE(table().plan_for(key).has_value()) << key;
  }
}

TEST(RouteTable, AMistakeInTheConfigurationShowsAtOnce) {
  RouteOptions bad;
  bad.next_hops = {"smtp://a", "maildir:/x"};
  EXPECT_FALSE(RouteTable::create({bad}, {}).has_value());
  bad.next_hops = {};
  EXPECT_FALSE(RouteTable::create({bad}, {}).has_value());
}

}  // namespace
}  // namespace ringpost::relay
