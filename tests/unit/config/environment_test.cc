#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace ringpost::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string path = "/etc/ringpost/ringpost.toml";
const Environment named{{"RINGPOST_HOSTNAME", "mx1.example.com"}};

Configuration good(const std::string& file, Environment environment) {
  environment.insert(environment.end(), named.begin(), named.end());
  auto result = parse(file, path, environment);
  if (result) return std::move(*result);
  for (const Problem& problem : result.error()) ADD_FAILURE() << problem.text();
  return {};
}

std::vector<std::string> problems(const std::string& file, Environment environment) {
  environment.insert(environment.end(), named.begin(), named.end());
  const auto result = parse(file, path, environment);
  std::vector<std::string> out;
  if (result) return out;
  for (const Problem& problem : result.error()) out.push_back(problem.text());
  return out;
}

TEST(Environment, AloneIsAConfiguration) {
  const Configuration c = good("", {});
  EXPECT_EQ(c.hostname, "mx1.example.com");
  EXPECT_THAT(c.server.listeners, SizeIs(1));
}

TEST(Environment, WinsOverTheFile) {
  const Configuration c = good(
      "hostname = \"other.example\"\nworkers = 7\n[queue]\nmax_age = \"1d\"\nretry = { first = \"1m\", max = \"1h\" }",
      {{"RINGPOST_WORKERS", "3"}, {"RINGPOST_QUEUE_MAX_AGE", "5d"}, {"RINGPOST_QUEUE_RETRY_FIRST", "2m"}});
  EXPECT_EQ(c.hostname, "mx1.example.com");
  EXPECT_EQ(c.workers, 3U);
  EXPECT_EQ(c.queue.max_age, std::chrono::hours(120));
  EXPECT_EQ(c.queue.retry.first, std::chrono::minutes(2));
  EXPECT_EQ(c.queue.retry.max, std::chrono::hours(1));
}

TEST(Environment, ReadsEachKindOfValue) {
  const Configuration c = good("", {{"RINGPOST_USER", ""},
                                    {"RINGPOST_RELAY_TRUSTED_NETWORKS", R"(["10.0.0.0/8", "::1/128"])"},
                                    {"RINGPOST_QUEUE_BOUNCE_UNVERIFIED", "false"},
                                    {"RINGPOST_QUEUE_RETRY_FACTOR", "2.5"},
                                    {"RINGPOST_QUEUE_DURABILITY", "written"},
                                    {"RINGPOST_LIMITS_MESSAGE_SIZE_MAX", "10MiB"},
                                    {"RINGPOST_LIMITS_ERRORS_MAX", "9"},
                                    {"RINGPOST_AUTH_CACHE_LIFE", "90s"},
                                    {"RINGPOST_TLS_CERTIFICATES", R"([{ certificate = "/a.pem", key = "/a.key" }])"}});
  EXPECT_EQ(c.user, "");
  ASSERT_THAT(c.relay_access.trusted_networks, SizeIs(2));
  EXPECT_EQ(c.relay_access.trusted_networks[0].text(), "10.0.0.0/8");
  EXPECT_FALSE(c.queue.bounce_unverified);
  EXPECT_EQ(c.queue.retry.factor, 2.5);
  EXPECT_EQ(c.queue.durability, queue::Durability::written);
  EXPECT_EQ(c.server.limits.message_size_max, 10U << 20);
  EXPECT_EQ(c.server.limits.errors_max, 9U);
  EXPECT_EQ(c.accounts.cache.life, std::chrono::seconds(90));
  ASSERT_THAT(c.tls.certificates, SizeIs(1));
  EXPECT_EQ(c.tls.certificates[0].key, "/a.key");
}

TEST(Environment, TextIsTakenAsItStands) {
  const std::string filter = R"((&(uid={login})(note="a\b")))";
  const Configuration c = good("", {{"RINGPOST_LOOKUP_PEOPLE_TYPE", "ldap"},
                                    {"RINGPOST_LOOKUP_PEOPLE_URLS", "ldaps://ldap.example.com"},
                                    {"RINGPOST_LOOKUP_PEOPLE_BASE", "dc=example"},
                                    {"RINGPOST_LOOKUP_PEOPLE_FILTER", filter}});
  ASSERT_TRUE(c.accounts.ldap.contains("people"));
  EXPECT_EQ(c.accounts.ldap.at("people").filter, filter);
}

TEST(Environment, NumbersGoOnFromTheFile) {
  const std::string file = "[[domain]]\nname = \"a.example\"\n[[domain]]\nname = \"b.example\"\n";
  const Configuration c =
      good(file, {{"RINGPOST_DOMAIN_2_NAME", "c.example"}, {"RINGPOST_DOMAIN_1_DELIVER", "discard:"}});
  ASSERT_THAT(c.relay_access.domains, SizeIs(3));
  EXPECT_EQ(c.relay_access.domains[0].deliver, policy::DomainOptions{}.deliver);
  EXPECT_EQ(c.relay_access.domains[1].name, "b.example");
  EXPECT_EQ(c.relay_access.domains[1].deliver, "discard:");
  EXPECT_EQ(c.relay_access.domains[2].name, "c.example");
}

TEST(Environment, TheTenthElementComesBehindTheSecond) {
  Environment environment;
  for (int i = 0; i < 12; ++i)
    environment.emplace_back("RINGPOST_DOMAIN_" + std::to_string(i) + "_NAME", "d" + std::to_string(i) + ".example");
  const Configuration c = good("", environment);
  ASSERT_THAT(c.relay_access.domains, SizeIs(12));
  EXPECT_EQ(c.relay_access.domains[2].name, "d2.example");
  EXPECT_EQ(c.relay_access.domains[10].name, "d10.example");
}

TEST(Environment, AListenerOfItsOwnHasTheDefaultsOfItsRole) {
  const Configuration c =
      good("", {{"RINGPOST_LISTENER_0_ADDRESS", "[::]:587"}, {"RINGPOST_LISTENER_0_ROLE", "submission"}});
  ASSERT_THAT(c.server.listeners, SizeIs(1));
  EXPECT_EQ(c.server.listeners[0].auth, server::AuthMode::required);
}

TEST(Environment, AGapInTheNumbersIsAnError) {
  EXPECT_THAT(problems("[[domain]]\nname = \"a.example\"\n", {{"RINGPOST_DOMAIN_2_NAME", "c.example"}}),
              ElementsAre("environment: RINGPOST_DOMAIN_2_NAME: there is no number 1: [[domain]] is numbered from 0 "
                          "without a gap, and the file has 1"));
}

TEST(Environment, ALookupOfTheFileKeepsItsName) {
  const std::string file = "[lookup.My-Directory]\ntype = \"ldap\"\nurls = \"ldap://a\"\nbase = \"x\"\n";
  const Configuration c = good(file, {{"RINGPOST_LOOKUP_MY_DIRECTORY_BIND_PASSWORD_FILE", "/run/secrets/ldap"}});
  ASSERT_TRUE(c.accounts.ldap.contains("My-Directory"));
  EXPECT_EQ(c.accounts.ldap.at("My-Directory").server.bind_password_file, "/run/secrets/ldap");
}

TEST(Environment, UnknownVariablesAreErrorsWithTheOneThatWasMeant) {
  EXPECT_THAT(problems("", {{"RINGPOST_QUEUE_MAXAGE", "5d"}}),
              ElementsAre("environment: RINGPOST_QUEUE_MAXAGE: unknown; did you mean RINGPOST_QUEUE_MAX_AGE?"));
  EXPECT_THAT(
      problems("", {{"RINGPOST_LISTENER_0_ADRESS", "x"}}),
      ElementsAre("environment: RINGPOST_LISTENER_0_ADRESS: unknown; did you mean RINGPOST_LISTENER_0_ADDRESS?"));
  EXPECT_THAT(problems("", {{"RINGPOST_DOMAIN_NAME", "x"}}),
              ElementsAre(AllOf(HasSubstr("[[domain]] are numbered"), HasSubstr("RINGPOST_DOMAIN_0_NAME"))));
  EXPECT_THAT(problems("", {{"RINGPOST_DOMAIN_00_NAME", "a.example"}}), SizeIs(1));
  EXPECT_THAT(problems("", {{"RINGPOST_FLUX_CAPACITOR", "x"}}),
              ElementsAre("environment: RINGPOST_FLUX_CAPACITOR: unknown"));
  EXPECT_THAT(problems("", {{"RINGPOST_", "x"}}), SizeIs(1));
}

TEST(Environment, ProblemsComeWithThoseOfTheFile) {
  EXPECT_THAT(problems("workerz = 1\n", {{"RINGPOST_WORKERS", "two"}, {"RINGPOST_QUEUE_MAXAGE", "5d"}}),
              ElementsAre(path + ":1:1: unknown key workerz; did you mean workers?",
                          HasSubstr("environment: RINGPOST_QUEUE_MAXAGE"),
                          "environment: RINGPOST_WORKERS: workers: expected an integer from 0 to 256, not \"two\""));
}

TEST(Environment, WhatFollowsFromAVariableNamesIt) {
  EXPECT_THAT(
      problems("", {{"RINGPOST_QUEUE_RETRY_FIRST", "2h"}, {"RINGPOST_QUEUE_RETRY_MAX", "1h"}}),
      ElementsAre(AllOf(HasSubstr("environment: RINGPOST_QUEUE_RETRY"), HasSubstr("first is longer than max"))));
  EXPECT_THAT(problems("", {{"RINGPOST_DOMAIN_0_DELIVER", "discard:"}}),
              ElementsAre(HasSubstr("environment: RINGPOST_DOMAIN_0: [[domain]] name is required")));
}

TEST(Environment, ATableOfAnotherKindInTheFileIsToldAsSuch) {
  EXPECT_THAT(
      problems("queue = 5\ndomain = 6\n", {{"RINGPOST_QUEUE_MAX_AGE", "5d"}, {"RINGPOST_DOMAIN_0_NAME", "a.example"}}),
      ElementsAre(HasSubstr(":1:1: queue: expected a table"), HasSubstr(":2:1: domain: expected tables")));
}

TEST(Environment, AValueIsOneValueAndBoundedInLength) {
  EXPECT_THAT(problems("", {{"RINGPOST_WORKERS", "1\nuser = \"root\""}}),
              ElementsAre(HasSubstr("expected an integer")));
  EXPECT_THAT(problems("", {{"RINGPOST_RELAY_TRUSTED_NETWORKS", std::string(100'000, '[')}}),
              ElementsAre(HasSubstr("is longer than 64 KiB")));
  EXPECT_THAT(problems("", {{"RINGPOST_RELAY_TRUSTED_NETWORKS", std::string(60'000, '[')}}),
              ElementsAre(HasSubstr("expected an array of networks")));
  EXPECT_THAT(problems("", {{"RINGPOST_AUTH_REALM", "\xff"}}),
              ElementsAre("environment: RINGPOST_AUTH_REALM: is not UTF-8"));
}

TEST(Environment, TheFirstOfTwoVariablesOfOneNameCounts) {
  EXPECT_EQ(good("", {{"RINGPOST_WORKERS", "2"}, {"RINGPOST_WORKERS", "9"}}).workers, 2U);
}

TEST(Environment, OtherPeoplesVariablesAreNotLookedAt) {
  EXPECT_THAT(problems("", {{"PATH", "/bin"},
                            {"RINGPOSTAL", "x"},
                            {"RINGPOST_CONFIG", "/x.toml"},
                            {"RINGPOST_UPDATE_DOCS", "1"},
                            {"RINGPOST_SERVICE_HOST", "10.0.0.1"},
                            {"RINGPOST_SERVICE_PORT", "25"},
                            {"RINGPOST_HEADLESS_SERVICE_PORT_SMTP", "25"},
                            {"RINGPOST_PORT", "tcp://10.0.0.1:25"},
                            {"RINGPOST_PORT_25_TCP", "tcp://10.0.0.1:25"},
                            {"RINGPOST_PORT_25_TCP_PROTO", "tcp"},
                            {"RINGPOST_PORT_25_TCP_PORT", "25"},
                            {"RINGPOST_PORT_25_TCP_ADDR", "10.0.0.1"},
                            {"RINGPOST_HEADLESS_PORT_587_TCP_ADDR", "10.0.0.1"}}),
              IsEmpty());
}

TEST(Environment, WhatOnlyLooksLikeAServiceIsUnknown) {
  for (const auto& [name, value] : {std::pair{"RINGPOST_PORT", "25"},
                                    {"RINGPOST_ADMIN_PORT", "8025"},
                                    {"RINGPOST_SERVICE_PORT", "smtp"},
                                    {"RINGPOST_PORT_X_TCP", "tcp://10.0.0.1:25"},
                                    {"RINGPOST_PORT_25_TCP_NAME", "x"},
                                    {"RINGPOST_SERVICE_HOSTNAME", "x"}})
    EXPECT_THAT(problems("", {{name, value}}), SizeIs(1)) << name;
}

TEST(Environment, NoKeyIsTakenForAService) {
  std::set<std::string> names;
  for (const KeyDescription& key : describe()) {
    const std::string_view text = key.key;
    const auto end = text.find(' ');
    const bool top = end == std::string_view::npos;
    const bool repeated = text.starts_with("[[");
    const std::string_view section = top ? "" : text.substr(repeated ? 2 : 1, end - (repeated ? 4 : 2));
    const std::string name = variable_prefix(section, repeated) + variable_suffix(top ? text : text.substr(end + 1));
    EXPECT_FALSE(is_service_variable(name, "tcp://10.0.0.1:25") || is_service_variable(name, "25")) << name;
    // Two tables [lookup.NAME] of different types may share a key; nothing else may share a variable.
    EXPECT_TRUE(names.insert(name).second || section.starts_with("lookup.")) << name;
  }
  EXPECT_TRUE(names.contains("RINGPOST_QUEUE_RETRY_FIRST"));
  EXPECT_TRUE(names.contains("RINGPOST_LISTENER_N_ADDRESS"));
}

TEST(Environment, DoesNotStandInForAFileThatWasAskedFor) {
  const auto elsewhere = load("/nonexistent/ringpost.toml", named);
  ASSERT_FALSE(elsewhere.has_value());
  EXPECT_THAT(elsewhere.error()[0].message, HasSubstr("cannot be opened"));
}

}  // namespace
}  // namespace ringpost::config
