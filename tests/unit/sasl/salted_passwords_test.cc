#include "sasl/salted_passwords.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "sasl/client.h"
#include "sasl/conversation.h"

namespace ringpost::sasl {
namespace {

/// Our client logs in to our server as ann@example.com: true if both are content.
bool logs_in(const Fixture& fixture, const std::string& password, std::shared_ptr<SaltedPasswords> cache) {
  ClientOptions options;
  options.user = "ann@example.com";
  options.password_file = testing::TempDir() + "ringpost-salted-" + std::to_string(::getpid());
  options.salted_passwords = std::move(cache);
  std::ofstream(options.password_file) << password;
  auto client = start_client(options, {"SCRAM-SHA-256"}, "mx.example.com", true);
  if (!client) return false;
  auto server = fixture.start("SCRAM-SHA-256");
  Step step = server->step((*client)->initial_response());
  while (step.kind == Step::Kind::challenge) {
    const auto answer = (*client)->step(step.output);
    if (!answer) return false;
    step = server->step(*answer);
  }
  if (step.kind != Step::Kind::succeeded) return false;
  if (!step.output.empty() && !(*client)->step(step.output)) return false;
  return (*client)->finish().has_value();
}

TEST(SaltedPasswords, SaveTheHashingOfTheNextLogin) {
  const Fixture fixture;
  const auto cache = std::make_shared<SaltedPasswords>();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(logs_in(fixture, "open sesame", cache));
  const auto first = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(logs_in(fixture, "open sesame", cache));
  EXPECT_LT((std::chrono::steady_clock::now() - first) / 3, first - began);
  EXPECT_FALSE(logs_in(fixture, "another", cache));
  EXPECT_TRUE(logs_in(fixture, "open sesame", cache));
}

TEST(SaltedPasswords, AreFoundByEverythingTheyDependOn) {
  SaltedPasswords cache;
  const std::string key = SaltedPasswords::key("SCRAM-SHA-256", "secret", "c2FsdA==", "4096");
  EXPECT_FALSE(cache.find(key));
  cache.keep(key, "6f6e65");
  EXPECT_EQ(cache.find(key), "6f6e65");
  cache.keep(key, "74776f");
  EXPECT_EQ(cache.find(key), "74776f");
}

TEST(SaltedPasswords, WhatDiffersInAnyPartHasAKeyOfItsOwn) {
  const std::set<std::string> keys{
      SaltedPasswords::key("SCRAM-SHA-256", "secret", "salt", "4096"),
      SaltedPasswords::key("SCRAM-SHA-1", "secret", "salt", "4096"),
      SaltedPasswords::key("SCRAM-SHA-256", "secre", "salt", "4096t"),
      SaltedPasswords::key("SCRAM-SHA-256", "secret", "tlas", "4096"),
      SaltedPasswords::key("SCRAM-SHA-256", "secret", "salt4", "096"),
      SaltedPasswords::key("SCRAM-SHA-256", "secret", "salt", "8192"),
  };
  EXPECT_EQ(keys.size(), 6U);
}

TEST(SaltedPasswords, AreNeverMoreThanTheirBound) {
  SaltedPasswords cache;
  for (std::size_t i = 0; i <= SaltedPasswords::entries_max; ++i) cache.keep(std::to_string(i), "x");
  EXPECT_FALSE(cache.find("0"));
  EXPECT_TRUE(cache.find(std::to_string(SaltedPasswords::entries_max)));
}

}  // namespace
}  // namespace ringpost::sasl
