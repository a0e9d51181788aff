#include "tlsrpt/tally.h"

#include <gtest/gtest.h>

namespace ringpost::tlsrpt {
namespace {

Session failed(const std::string& domain, FailureKind kind, const std::string& helo = {}) {
  return {domain, {PolicyType::sts, {"mode: testing"}, {}}, Failure{.kind = kind, .mx_helo = helo}};
}

TEST(Tally, SessionsThatAreAlikeAreCountedTogether) {
  Tally tally;
  for (int i = 0; i < 3; ++i) tally.add(failed("d.example", FailureKind::certificate_expired));
  tally.add(failed("d.example", FailureKind::certificate_host_mismatch));
  tally.add({"d.example", {PolicyType::sts, {"mode: testing"}, {}}, {}});
  tally.add({"d.example", {}, {}});
  const DomainTally& domain = tally.domains().at("d.example");
  ASSERT_EQ(domain.size(), 2U);
  EXPECT_EQ(domain.at(Policy{}).successes, 1U);
  const PolicyTally& sts = domain.at({PolicyType::sts, {"mode: testing"}, {}});
  EXPECT_EQ(sts.successes, 1U);
  EXPECT_EQ(sts.failures, 4U);
  EXPECT_EQ(sts.details.at(Failure{.kind = FailureKind::certificate_expired}), 3U);
}

TEST(Tally, TwoOfThemAddUp) {
  Tally one, two;
  one.add(failed("d.example", FailureKind::certificate_expired));
  two.add(failed("d.example", FailureKind::certificate_expired));
  two.add(failed("e.example", FailureKind::validation_failure));
  one.add(two);
  EXPECT_EQ(one.domains().at("d.example").begin()->second.failures, 2U);
  EXPECT_EQ(one.domains().size(), 2U);
}

TEST(Tally, AHostThatCallsItselfSomethingElseEachTimeFillsNoMemory) {
  Tally tally;
  constexpr std::uint64_t sessions = 1000;
  for (std::uint64_t i = 0; i < sessions; ++i)
    tally.add(failed("d.example", FailureKind::certificate_expired, "host" + std::to_string(i)));
  const PolicyTally& sums = tally.domains().at("d.example").begin()->second;
  EXPECT_EQ(sums.failures, sessions);
  EXPECT_LE(sums.details.size(), PolicyTally::details_max + failure_kind_names.size());
  std::uint64_t sum = 0;
  for (const auto& [failure, count] : sums.details) sum += count;
  EXPECT_EQ(sum, sessions);
}

TEST(Tally, PoliciesDomainsAndTextsAreBounded) {
  Tally tally;
  for (std::size_t i = 0; i < PolicyTally::details_max; ++i)
    tally.add({"d.example", {PolicyType::sts, {std::to_string(i)}, {}}, {}});
  EXPECT_EQ(tally.domains().at("d.example").size(), Tally::policies_max);
  for (std::size_t i = 0; i < Tally::domains_max + 10; ++i) tally.add({"d" + std::to_string(i), {}, {}});
  EXPECT_EQ(tally.domains().size(), Tally::domains_max);
  Tally long_one;
  long_one.add({"d.example", {PolicyType::sts, std::vector<std::string>(1000, std::string(5000, 'x')), {}}, {}});
  const Policy& policy = long_one.domains().at("d.example").begin()->first;
  EXPECT_LE(policy.text.size(), 64U);
  EXPECT_LE(policy.text.front().size(), 310U);
}

}  // namespace
}  // namespace ringpost::tlsrpt
