// The client: what it chooses, where its secrets come from, and servers that lie to it.
#include "sasl/client.h"

#include <fstream>

#include "crypto/hmac.h"
#include "sasl/client_mechanism.h"
#include "sasl/conversation.h"

namespace ringpost::sasl {
namespace {

using namespace std::string_literals;

std::string secret_file(const std::string& content, const std::string& name = "ringpost-secret") {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  return path;
}

ClientOptions as_user(const std::string& mechanism = "", const std::string& password = "pencil\n") {
  ClientOptions options;
  options.user = "user";
  options.password_file = secret_file(password);
  options.mechanism = mechanism;
  return options;
}

std::unique_ptr<ClientExchange> start(const ClientOptions& options, const std::vector<std::string>& offered,
                                      bool encrypted = true) {
  auto exchange = start_client(options, offered, "smarthost.example", encrypted);
  EXPECT_TRUE(exchange.has_value()) << exchange.error().reason;
  return std::move(*exchange);
}

ErrorKind refusal(const ClientOptions& options, const std::vector<std::string>& offered, bool encrypted = true) {
  const auto exchange = start_client(options, offered, "smarthost.example", encrypted);
  EXPECT_FALSE(exchange.has_value());
  return exchange ? ErrorKind::io : exchange.error().kind;
}

TEST(Client, TakesTheStrongestMechanismThatIsOffered) {
  const std::vector<std::string> all{"LOGIN", "PLAIN", "NTLM", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"};
  EXPECT_EQ(start(as_user(), all)->mechanism(), "SCRAM-SHA-256");
  EXPECT_EQ(start(as_user(), {"PLAIN", "SCRAM-SHA-1", "CRAM-MD5"})->mechanism(), "SCRAM-SHA-1");
  EXPECT_EQ(start(as_user(), {"PLAIN", "LOGIN", "CRAM-MD5"})->mechanism(), "CRAM-MD5");
  EXPECT_EQ(start(as_user(), {"LOGIN", "PLAIN"})->mechanism(), "PLAIN");
  EXPECT_EQ(start(as_user(), {"login"})->mechanism(), "LOGIN");
  EXPECT_EQ(start(as_user("plain"), all)->mechanism(), "PLAIN");
  EXPECT_EQ(refusal(as_user(), {"NTLM", "GSSAPI"}), ErrorKind::refused);
  EXPECT_EQ(refusal(as_user(), {}), ErrorKind::refused);
  EXPECT_EQ(refusal(as_user("SCRAM-SHA-256"), {"PLAIN"}), ErrorKind::refused);
  EXPECT_EQ(refusal(as_user("NTLM"), {"NTLM"}), ErrorKind::refused);
}

TEST(Client, ShowsNoPasswordWithoutEncryption) {
  EXPECT_EQ(refusal(as_user(), {"PLAIN", "LOGIN"}, false), ErrorKind::refused);
  EXPECT_EQ(refusal(as_user("PLAIN"), {"PLAIN", "SCRAM-SHA-256"}, false), ErrorKind::refused);
  EXPECT_EQ(start(as_user(), {"PLAIN", "CRAM-MD5"}, false)->mechanism(), "CRAM-MD5");
}

TEST(Client, ReadsTheSecretFromItsFile) {
  EXPECT_EQ(read_secret(secret_file("pencil\r\n")), "pencil");
  EXPECT_EQ(read_secret(secret_file("pencil\n\n")), "pencil\n");
  EXPECT_EQ(read_secret(secret_file(" pencil ")), " pencil ");
  EXPECT_EQ(read_secret(secret_file(std::string(secret_octets_max, 'a')))->size(), secret_octets_max);
  for (const std::string& bad : {""s, "\n"s, "pen\0cil"s, std::string(secret_octets_max + 1, 'a')})
    EXPECT_EQ(read_secret(secret_file(bad)).error().kind, ErrorKind::invalid);
  auto options = as_user();
  options.password_file = "/nonexistent/password";
  const auto exchange = start_client(options, {"PLAIN"}, "smarthost.example", true);
  ASSERT_FALSE(exchange.has_value());
  EXPECT_EQ(exchange.error().kind, ErrorKind::not_found);
  EXPECT_THAT(exchange.error().reason, HasSubstr("/nonexistent/password"));
  EXPECT_EQ(read_secret(testing::TempDir()).has_value(), false);
}

TEST(Client, LogsInAtOurServerByEveryMechanism) {
  const Fixture fixture;
  for (const ClientMechanism& mechanism : client_mechanism_table()) {
    const std::string name(mechanism.name);
    if (!mechanism.automatic) continue;  // those with tokens
    SCOPED_TRACE(name);
    const auto client = start(as_user(name), {name});
    const auto server = fixture.start(name);
    Step step = server->step(client->initial_response());
    while (step.kind == Step::Kind::challenge) {
      EXPECT_FALSE(client->finish().has_value());
      const auto response = client->step(step.output);
      ASSERT_TRUE(response.has_value()) << response.error().reason;
      step = server->step(*response);
    }
    EXPECT_EQ(step.kind, Step::Kind::succeeded) << step.reason;
    EXPECT_TRUE(client->finish().has_value());
    EXPECT_EQ(client->step("more").error().kind, ErrorKind::refused);
  }
}

TEST(Client, FollowsTheExampleOfRfc2195) {
  auto options = as_user("", "tanstaaftanstaaf");
  options.user = "tim";
  const auto client = start(options, {"CRAM-MD5"});
  EXPECT_FALSE(client->initial_response().has_value());
  EXPECT_EQ(client->step("<1896.697170952@postoffice.reston.mci.net>"), "tim b913a602c7eda7a495b4e6e7334d3890");
}

TEST(Client, PlainIsSaidAtOnce) {
  EXPECT_EQ(start(as_user(), {"PLAIN"})->initial_response(), "\0user\0pencil"s);
}

/// As a server that knows the keys, or not: the nonce is the client's with more behind it.
std::string server_first(const ClientExchange& client, const std::string& rest) {
  const std::string& first = *client.initial_response();
  return "r=" + first.substr(first.find(",r=") + 3) + "server,s=c2FsdA==,i=" + rest;
}

TEST(Client, AScramServerMustProveItself) {
  const auto wrong = start(as_user(), {"SCRAM-SHA-256"});
  ASSERT_TRUE(wrong->step(server_first(*wrong, "4096")).has_value());
  EXPECT_FALSE(wrong->finish().has_value());  // 235 without a proof
  EXPECT_EQ(wrong->step("v=" + base64_encode(std::string(32, 'x'))).error().kind, ErrorKind::refused);
  EXPECT_FALSE(wrong->finish().has_value());
}

TEST(Client, AScramServerMayNotAskForTooMuchOrTooLittle) {
  for (const char* count : {"1", "4095", "1000001", "4294967296", "99999999999999999999999", "", "-1"}) {
    SCOPED_TRACE(count);
    const auto client = start(as_user(), {"SCRAM-SHA-256"});
    EXPECT_EQ(client->step(server_first(*client, count)).error().kind, ErrorKind::refused);
  }
  for (const std::string& bad :
       {""s, "e=unknown-user"s, "r=other,s=c2FsdA==,i=4096"s, std::string(20000, 'a'), "v=abc"s}) {
    const auto client = start(as_user(), {"SCRAM-SHA-1"});
    EXPECT_EQ(client->step(bad).error().kind, ErrorKind::refused);
  }
}

}  // namespace
}  // namespace ringpost::sasl
