// PLAIN and LOGIN in detail.
#include "sasl/conversation.h"

namespace ringpost::sasl {
namespace {

using namespace std::string_literals;

TEST(Plain, TakesAnInitialResponseAndALaterOne) {
  const Fixture fixture;
  EXPECT_EQ(fixture.start("PLAIN")->step("\0user\0pencil"s).kind, Step::Kind::succeeded);
  const auto exchange = fixture.start("PLAIN");
  const Step step = exchange->step(std::nullopt);
  EXPECT_EQ(step.kind, Step::Kind::challenge);
  EXPECT_TRUE(step.output.empty());
  EXPECT_EQ(exchange->step("\0user\0pencil"s).identity.login, "user");
}

TEST(Plain, MalformedResponsesAreNamedSo) {
  Fixture fixture;
  for (const std::string& bad :
       {"user"s, "\0user"s, "\0"s, "\0\0"s, "user\0pencil"s, "\0user\0pencil\0"s, "\0us\0er\0pencil"s, ""s})
    expect_failure(fixture.start("PLAIN")->step(bad), bad == "\0\0"s ? Failure::credentials : Failure::malformed);
  EXPECT_EQ(fixture.store.verifications, 0);
}

TEST(Plain, AnEmptyPasswordNeverReachesTheStore) {
  Fixture fixture;
  fixture.store.add("open", "");
  expect_failure(fixture.start("PLAIN")->step("\0open\0"s), Failure::credentials);
  expect_failure(fixture.start("PLAIN")->step("\0\0pencil"s), Failure::credentials);
  EXPECT_EQ(fixture.store.verifications, 0);
}

TEST(Plain, OctetsThatAreNoTextFailAndTellWhoClaimed) {
  Fixture fixture;
  const Step step = fixture.start("PLAIN")->step("\0user\0\xff\xfe"s);
  expect_failure(step, Failure::credentials);
  EXPECT_EQ(step.login, "user");
  expect_failure(fixture.start("PLAIN")->step("\0\xff\xfe\0pencil"s), Failure::credentials);
  expect_failure(fixture.start("PLAIN")->step("\0"s + std::string(600, 'a') + "\0pencil"s), Failure::credentials);
  EXPECT_EQ(fixture.store.verifications, 0);
}

TEST(Plain, APasswordIsTriedAsItWasTypedWhereSaslprepChangesIt) {
  Fixture fixture;
  fixture.store.add("typed", "one\u00a0two\u2026");
  fixture.store.add("prepared", "one two...");
  EXPECT_EQ(fixture.start("PLAIN")->step("\0typed\0one\u00a0two\u2026"s).kind, Step::Kind::succeeded);
  EXPECT_EQ(fixture.start("PLAIN")->step("\0prepared\0one\u00a0two\u2026"s).kind, Step::Kind::succeeded);
  expect_failure(fixture.start("PLAIN")->step("\0user\0one\u00a0two"s), Failure::credentials);
  fixture.store.verifications = 0;
  expect_failure(fixture.start("PLAIN")->step("\0user\0wrong"s), Failure::credentials);
  EXPECT_EQ(fixture.store.verifications, 1);
}

TEST(Login, AsksForNameAndPassword) {
  const Fixture fixture;
  const auto exchange = fixture.start("LOGIN");
  EXPECT_EQ(exchange->step(std::nullopt).output, "Username:");
  EXPECT_EQ(exchange->step("user").output, "Password:");
  const Step step = exchange->step("pencil");
  EXPECT_EQ(step.kind, Step::Kind::succeeded);
  EXPECT_EQ(step.identity.login, "user");
}

TEST(Login, TakesTheNameWithAuth) {
  const Fixture fixture;
  const auto exchange = fixture.start("LOGIN");
  EXPECT_EQ(exchange->step("user").output, "Password:");
  EXPECT_EQ(exchange->step("pencil").kind, Step::Kind::succeeded);
}

TEST(Login, EmptyAndNulLadenAnswersAreMalformed) {
  Fixture fixture;
  expect_failure(fixture.start("LOGIN")->step(""), Failure::malformed);
  expect_failure(fixture.start("LOGIN")->step("us\0er"s), Failure::malformed);
  for (const std::string& bad : {""s, "pen\0cil"s}) {
    const auto exchange = fixture.start("LOGIN");
    EXPECT_EQ(exchange->step("user").kind, Step::Kind::challenge);
    expect_failure(exchange->step(bad), Failure::malformed);
  }
  EXPECT_EQ(fixture.store.verifications, 0);
}

TEST(Login, ALoginThatCannotBeANameIsNotVerified) {
  Fixture fixture;
  const auto exchange = fixture.start("LOGIN");
  EXPECT_EQ(exchange->step("\xff\xfe").kind, Step::Kind::challenge);
  expect_failure(exchange->step("pencil"), Failure::credentials);
  EXPECT_EQ(fixture.store.verifications, 0);
}

}  // namespace
}  // namespace ringpost::sasl
