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

TEST(RouteTable, WhereAnOperatorWantsMailIsTheRouteThatLeadsThereOrAKeyOfItsOwn) {
  RouteOptions secure;
  secure.domain = "secure.example";
  secure.next_hops = {"smtp://relay.example"};
  secure.tls = TlsMode::verified;
  RouteOptions strict;
  strict.domain = "strict.example";
  strict.next_hops = {"mx"};
  strict.tls = TlsMode::required;
  const auto routes = RouteTable::create({secure, strict}, {});
  ASSERT_TRUE(routes);
  EXPECT_EQ(routes->key_to("smtp://relay.example:25").value(), "smtp://relay.example,tls=verified");
  EXPECT_EQ(routes->key_to("smtp://a.example , lmtp://b.example").value(), "smtp://a.example:25,lmtp://b.example:24");
  EXPECT_EQ(routes->key_to("mx:strict.example").value(), "mx:strict.example,tls=required");
  EXPECT_EQ(routes->key_to("mx:other.example").value(), "mx:other.example");
  EXPECT_EQ(routes->key_to("smtp://relay.example", mail::TlsWish::required).value(),
            routes->key_for({"x", "secure.example"}, mail::TlsWish::required));
  EXPECT_EQ(routes->key_to("lmtp://b.example", mail::TlsWish::required).value(), "lmtp://b.example:24");
  for (const char* wrong : {"", "mx", "nonsense", "smtp://a.example,", "discard:,smtp://a.example"})
    EXPECT_FALSE(routes->key_to(wrong)) << wrong;
}

TEST(RouteTable, AnAddressLiteralIsLookedUpAsItself) {
  const auto plan = table().plan_for(table().key_for({"x", "[192.0.2.1]"}));
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->hops[0].mx_domain, "[192.0.2.1]");
}

TEST(RouteTable, AKeyOfNobodyIsAnErrorAndNotAGuess) {
  for (const char* key : {"", "mx:", "mx:a b", "gopher://x", "smtp://a,", "smtp://a,discard:", "maildir:/a,smtp://b",
                          ",tls=required", "tls=required", "smtp://a,tls=off", "smtp://a,tls=required,tls=required"}) {
    EXPECT_FALSE(table().plan_for(key).has_value()) << key;
  }
}

RouteOptions gateway(const std::string& domain, TlsMode mode, const std::string& user = "") {
  RouteOptions route;
  route.domain = domain;
  route.next_hops = {"smtp://gw.example:587"};
  route.tls = mode;
  route.auth.user = user;
  return route;
}

TEST(RouteTable, ADemandForTlsIsPartOfTheKey) {
  const auto made = RouteTable::create({gateway("a.example", TlsMode::verified),
                                        gateway("b.example", TlsMode::required), gateway("*", TlsMode::opportunistic)},
                                       {});
  ASSERT_TRUE(made.has_value()) << made.error().reason;
  const std::string verified = made->key_for({"x", "a.example"});
  EXPECT_EQ(verified, "smtp://gw.example:587,tls=verified");
  EXPECT_EQ(made->key_for({"x", "b.example"}), "smtp://gw.example:587,tls=required");
  EXPECT_EQ(made->key_for({"x", "c.example"}), "smtp://gw.example:587");
  EXPECT_EQ(made->plan_for(verified)->tls, TlsMode::verified);
  EXPECT_EQ(made->plan_for(verified)->hops.size(), 1U);
  EXPECT_EQ(made->plan_for("smtp://gw.example:587,tls=required")->tls, TlsMode::required);
  EXPECT_EQ(made->plan_for("smtp://gw.example:587")->tls, TlsMode::opportunistic);
}

TEST(RouteTable, ARouteHasTheDomainsThatNoEarlierOneTakes) {
  std::vector<RouteOptions> routes(4);
  routes[0].domain = "vip.example.net";
  routes[1].domain = "*.example.net";
  routes[2].domain = "*.example.org";
  const auto made =
      RouteTable::create(routes, {{.name = "home.example.net", .deliver = "maildir:/m/{domain}/{local}"}});
  ASSERT_TRUE(made.has_value()) << made.error().reason;
  const auto scope = made->scope_of("*.Example.Net");
  ASSERT_TRUE(scope.has_value()) << scope.error().reason;
  EXPECT_EQ(scope->others, (std::vector<std::string>{"home.example.net", "vip.example.net"}));
  EXPECT_TRUE(scope->contains("x.example.net"));
  EXPECT_TRUE(made->scope_of("vip.example.net")->others.empty());
  const auto rest = made->scope_of("*");
  for (const char* taken : {"vip.example.net", "x.example.net", "y.example.org", "home.example.net"})
    EXPECT_FALSE(rest->contains(taken)) << taken;
  EXPECT_TRUE(rest->contains("example.net"));
  EXPECT_FALSE(made->scope_of("example.net").has_value());
}

TEST(RouteTable, WhatTheSenderWantsOfTlsStandsBehindWhatTheOperatorWants) {
  using mail::TlsWish;
  RouteOptions store;
  store.domain = "store.example";
  store.next_hops = {"lmtp://store.example:24"};
  RouteOptions both;
  both.domain = "both.example";
  both.next_hops = {"lmtp://store.example:24", "smtps://a.example:465"};
  const auto made = RouteTable::create({gateway("a.example", TlsMode::verified), store, both}, {});
  ASSERT_TRUE(made.has_value()) << made.error().reason;
  const std::string key = made->key_for({"x", "a.example"}, TlsWish::required);
  EXPECT_EQ(key, "smtp://gw.example:587,tls=verified,requiretls");
  const auto plan = made->plan_for(key);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->wish, TlsWish::required);
  EXPECT_EQ(plan->tls, TlsMode::verified);
  EXPECT_EQ(plan->hops.size(), 1U);
  EXPECT_EQ(mail::without_wish(key), "smtp://gw.example:587,tls=verified");
  EXPECT_EQ(made->key_for({"x", "b.example"}, TlsWish::optional), "mx:b.example,tls-optional");
  EXPECT_EQ(made->plan_for("mx:b.example,tls-optional")->wish, TlsWish::optional);
  EXPECT_EQ(made->plan_for("mx:b.example")->wish, TlsWish::as_configured);
  EXPECT_EQ(made->key_for({"x", "store.example"}, TlsWish::required), "lmtp://store.example:24");
  EXPECT_TRUE(made->key_for({"x", "both.example"}, TlsWish::required).ends_with(",requiretls"));
  EXPECT_EQ(table().key_for({"x", "home.example"}, TlsWish::required), "maildir:/m/{domain}/{local}");
  for (const char* bad :
       {"mx:b.example,requiretls,tls=required", "requiretls", ",requiretls", "mx:b.example,requiretls,tls-optional"}) {
    EXPECT_FALSE(made->plan_for(bad).has_value()) << bad;
  }
}

TEST(RouteTable, WhatWasDemandedWhenTheMailCameIsKept) {
  const auto relaxed = RouteTable::create({gateway("*", TlsMode::off, "us")}, {});
  const auto plan = relaxed->plan_for("smtp://gw.example:587,tls=verified");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->tls, TlsMode::verified);
  EXPECT_EQ(plan->auth.user, "us");  // the login of whoever goes there
  EXPECT_EQ(RouteTable::create({}, {})->plan_for("mx:a.example,tls=required")->tls, TlsMode::required);
  // And a route that has become stricter holds for what is queued.
  const auto stricter = RouteTable::create({gateway("*", TlsMode::required)}, {});
  EXPECT_EQ(stricter->plan_for("smtp://gw.example:587")->tls, TlsMode::required);
}

TEST(RouteTable, MxRoutesDemandTlsToo) {
  RouteOptions route;
  route.domain = "bank.example";
  route.tls = TlsMode::required;
  const auto made = RouteTable::create({route}, {});
  EXPECT_EQ(made->key_for({"x", "bank.example"}), "mx:bank.example,tls=required");
  EXPECT_EQ(made->plan_for("mx:bank.example,tls=required")->hops[0].mx_domain, "bank.example");
  EXPECT_EQ(made->plan_for("mx:bank.example")->tls, TlsMode::required);
  EXPECT_EQ(made->plan_for("mx:other.example")->tls, TlsMode::opportunistic);
}

TEST(RouteTable, ALoginWantsAVerifiedPeerUnlessTheOperatorSaysOtherwise) {
  EXPECT_EQ(
      RouteTable::create({gateway("*", TlsMode::opportunistic, "us")}, {})->plan_for("smtp://gw.example:587")->tls,
      TlsMode::verified);
  EXPECT_EQ(RouteTable::create({gateway("*", TlsMode::required, "us")}, {})->plan_for("smtp://gw.example:587")->tls,
            TlsMode::required);
  EXPECT_EQ(RouteTable::create({gateway("*", TlsMode::off, "us")}, {})->plan_for("smtp://gw.example:587")->tls,
            TlsMode::off);
}

TEST(RouteTable, RoutesThatShareAKeyAgreeOnTlsAndAuth) {
  const auto two = RouteTable::create(
      {gateway("a.example", TlsMode::required, "us"), gateway("b.example", TlsMode::required, "them")}, {});
  ASSERT_FALSE(two.has_value());
  EXPECT_NE(two.error().reason.find("two routes to smtp://gw.example:587 differ in tls, auth, weights or egress_proxy"),
            std::string::npos);
  EXPECT_FALSE(
      RouteTable::create({gateway("a.example", TlsMode::off), gateway("b.example", TlsMode::opportunistic)}, {}));
  EXPECT_TRUE(RouteTable::create({gateway("a.example", TlsMode::off), gateway("b.example", TlsMode::off)}, {}));
}

TEST(RouteTable, AMistakeInTheConfigurationShowsAtOnce) {
  RouteOptions bad;
  bad.next_hops = {"smtp://a", "maildir:/x"};
  EXPECT_FALSE(RouteTable::create({bad}, {}).has_value());
  bad.next_hops = {};
  EXPECT_FALSE(RouteTable::create({bad}, {}).has_value());
}

TEST(RouteTable, WeightsAreOfTheRouteAndNotOfTheKey) {
  RouteOptions route;
  route.next_hops = {"smtp://a.example weight=3", "smtp://b.example weight=1", "smtp://c.example"};
  const auto made = RouteTable::create({route}, {});
  ASSERT_TRUE(made.has_value()) << made.error().reason;
  const std::string key = made->key_for({"x", "foreign.example"});
  EXPECT_EQ(key, "smtp://a.example,smtp://b.example,smtp://c.example");
  const auto plan = made->plan_for(key);
  ASSERT_EQ(plan->hops.size(), 3U);
  EXPECT_EQ(plan->hops[0].weight, 3U);
  EXPECT_TRUE(plan->hops[0].shares_with(plan->hops[1]));
  EXPECT_FALSE(plan->hops[1].shares_with(plan->hops[2]));
  EXPECT_EQ(RouteTable::create({}, {})->plan_for(key)->hops[0].weight, 0U);

  RouteOptions other = route;
  other.next_hops[0] = "smtp://a.example weight=2";
  EXPECT_FALSE(RouteTable::create({route, other}, {}).has_value());
}

}  // namespace
}  // namespace ringpost::relay
