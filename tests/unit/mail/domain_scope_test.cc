#include "mail/domain_scope.h"

#include <gtest/gtest.h>

namespace ringpost::mail {
namespace {

TEST(DomainScopeTest, AStarStandsForOneOrMoreLabelsInFrontAndAloneForAll) {
  EXPECT_TRUE(matches_domain("example.net", "example.net"));
  EXPECT_TRUE(matches_domain("*.example.net", "a.b.example.net"));
  EXPECT_TRUE(matches_domain("*", "anything.example"));
  for (const char* other : {"example.net", ".example.net", "notexample.net", "example.net.org", ""})
    EXPECT_FALSE(matches_domain("*.example.net", other)) << other;
  EXPECT_FALSE(matches_domain("example.net", "a.example.net"));
}

TEST(DomainScopeTest, PatternsThatShareADomainOverlap) {
  for (const char* other : {"*", "*.net", "*.example.net", "a.example.net", "*.a.example.net"})
    EXPECT_TRUE(may_overlap("*.example.net", other) && may_overlap(other, "*.example.net")) << other;
  for (const char* other : {"*.org", "a.example.org", "*.other.net", "xexample.net"})
    EXPECT_FALSE(may_overlap("*.example.net", other) || may_overlap(other, "*.example.net")) << other;
}

TEST(DomainScopeTest, WhatComesFirstIsLeftOut) {
  const DomainScope rest{"*", {"*.a.example", "b.example"}};
  for (const char* domain : {"a.example", "c.example", "x.b.example", "example", ".a.example"})
    EXPECT_TRUE(rest.contains(domain)) << domain;
  for (const char* domain : {"x.a.example", "x.y.a.example", "b.example"})
    EXPECT_FALSE(rest.contains(domain)) << domain;
  EXPECT_FALSE((DomainScope{"*.example", {"*"}}).contains("a.example"));
  EXPECT_FALSE((DomainScope{"b.example", {}}).contains("c.example"));
  EXPECT_EQ(rest, DomainScope{"*"});
}

}  // namespace
}  // namespace ringpost::mail
