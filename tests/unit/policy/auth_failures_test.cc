#include "policy/auth_failures.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace ringpost::policy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class AuthFailuresTest : public testing::Test {
 protected:
  static IpAddress ip(std::string_view text) { return *parse_ip(text); }
  void fail_times(int times, std::string_view client, std::string_view login) {
    for (int i = 0; i < times; ++i) failures_->failed(ip(client), login, now_);
  }
  Duration blocked(std::string_view client, std::string_view login) const {
    return failures_->standing(ip(client), login, now_).blocked_for;
  }

  std::unique_ptr<AuthFailures> failures_ = AuthFailures::create({});
  MonotonicTime now_ = monotonic_now();
};

TEST_F(AuthFailuresTest, AClientThatReachesTheLimitIsBlockedForThePenalty) {
  fail_times(9, "192.0.2.1", "ann");
  EXPECT_EQ(blocked("192.0.2.1", "ann"), Duration::zero());
  fail_times(1, "192.0.2.1", "ann");
  EXPECT_EQ(blocked("192.0.2.1", "ann"), minutes(10));
  EXPECT_EQ(failures_->standing(ip("192.0.2.1"), "", now_).failures, 10U);
  now_ += minutes(9);
  EXPECT_EQ(blocked("192.0.2.1", ""), minutes(1));
  now_ += minutes(1);
  EXPECT_EQ(blocked("192.0.2.1", "ann"), Duration::zero());
  EXPECT_EQ(failures_->standing(ip("192.0.2.1"), "ann", now_).failures, 0U);
}

TEST_F(AuthFailuresTest, NobodyLocksSomebodyElseOut) {
  fail_times(50, "192.0.2.1", "ann");
  EXPECT_GT(blocked("192.0.2.1", "ann"), Duration::zero());
  EXPECT_EQ(blocked("192.0.2.2", "ann"), Duration::zero());
  EXPECT_EQ(failures_->standing(ip("192.0.2.2"), "ann", now_).failures, 0U);
}

TEST_F(AuthFailuresTest, ANetworkIsBlockedWhateverLoginsItTries) {
  for (int i = 0; i < 10; ++i) fail_times(1, "192.0.2.1", "user" + std::to_string(i));
  EXPECT_GT(blocked("192.0.2.1", "never tried"), Duration::zero());
}

TEST_F(AuthFailuresTest, AnIpv6NetworkIsASlash64AndAnIpv4NetworkAnAddress) {
  for (int i = 0; i < 10; ++i) fail_times(1, "2001:db8:0:1::" + std::to_string(i), "ann");
  EXPECT_GT(blocked("2001:db8:0:1:ffff::1", ""), Duration::zero());
  EXPECT_EQ(blocked("2001:db8:0:2::1", ""), Duration::zero());
  fail_times(10, "192.0.2.1", "");
  EXPECT_GT(blocked("::ffff:192.0.2.1", ""), Duration::zero());
  EXPECT_EQ(blocked("192.0.2.0", ""), Duration::zero());
}

TEST_F(AuthFailuresTest, FailuresOlderThanTheWindowAreForgotten) {
  fail_times(9, "192.0.2.1", "ann");
  now_ += minutes(10);
  EXPECT_EQ(failures_->standing(ip("192.0.2.1"), "ann", now_).failures, 0U);
  fail_times(9, "192.0.2.1", "ann");
  EXPECT_EQ(blocked("192.0.2.1", "ann"), Duration::zero());
}

TEST_F(AuthFailuresTest, TheDelayDoublesUpToItsMost) {
  const auto next = [&] { return failures_->failed(ip("192.0.2.1"), "ann", now_); };
  EXPECT_EQ(next(), seconds(1));
  EXPECT_EQ(next(), seconds(2));
  EXPECT_EQ(next(), seconds(4));
  EXPECT_EQ(next(), seconds(8));
  EXPECT_EQ(next(), seconds(8));
}

TEST_F(AuthFailuresTest, SuccessForgetsTheLoginButNotTheNetwork) {
  fail_times(5, "192.0.2.1", "ann");
  failures_->succeeded(ip("192.0.2.1"), "ann", now_);
  EXPECT_EQ(failures_->standing(ip("192.0.2.1"), "ann", now_).failures, 5U);
  // A guesser with one good account does not start anew with it.
  for (int i = 0; i < 5; ++i) {
    fail_times(1, "192.0.2.1", "victim");
    failures_->succeeded(ip("192.0.2.1"), "mallory", now_);
  }
  EXPECT_GT(blocked("192.0.2.1", ""), Duration::zero());
}

TEST_F(AuthFailuresTest, FailuresDuringABlockDoNotMakeItLonger) {
  fail_times(10, "192.0.2.1", "ann");
  now_ += minutes(5);
  fail_times(3, "192.0.2.1", "ann");
  EXPECT_EQ(blocked("192.0.2.1", "ann"), minutes(5));
}

TEST_F(AuthFailuresTest, WithoutALimitNobodyIsBlockedButEverybodyWaits) {
  failures_ = AuthFailures::create({.failures_max = 0});
  fail_times(1000, "192.0.2.1", "ann");
  EXPECT_EQ(blocked("192.0.2.1", "ann"), Duration::zero());
  EXPECT_EQ(failures_->failed(ip("192.0.2.1"), "ann", now_), seconds(8));
}

TEST_F(AuthFailuresTest, ALoginOfAnyLengthIsCounted) {
  fail_times(10, "192.0.2.1", std::string(1'000'000, 'x'));
  EXPECT_GT(blocked("192.0.2.1", ""), Duration::zero());
}

TEST_F(AuthFailuresTest, TheOldestEntriesGo) {
  fail_times(10, "192.0.2.1", "");
  for (int i = 0; i < 100'000; ++i) {
    IpAddress client = ip("2001:db8::");
    client.octets[5] = static_cast<std::uint8_t>(i >> 16);
    client.octets[6] = static_cast<std::uint8_t>(i >> 8);
    client.octets[7] = static_cast<std::uint8_t>(i);
    failures_->failed(client, "", now_);
  }
  EXPECT_EQ(blocked("192.0.2.1", ""), Duration::zero());
}

TEST_F(AuthFailuresTest, ManyThreadsLoseNoFailure) {
  failures_ = AuthFailures::create({.failures_max = 1'000'000});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const std::string login = "user" + std::to_string(t);
      for (int i = 0; i < 1000; ++i) {
        failures_->failed(ip("192.0.2.1"), login, now_);
        failures_->standing(ip("192.0.2.1"), login, now_);
        failures_->succeeded(ip("192.0.2.1"), login, now_);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(failures_->standing(ip("192.0.2.1"), "", now_).failures, 4000U);
}

}  // namespace
}  // namespace ringpost::policy
