#include "sasl/oauth_exchange.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "account_store_stub.h"
#include "sasl/oauth_client.h"

namespace ringpost::sasl {
namespace {

using lookup::HttpRequest;
using lookup::HttpResponse;
using namespace std::string_literals;

class VerifierStub final : public TokenVerifier {
 public:
  Result<TokenBearer> verify(std::string_view token) override {
    if (token == "down") return fail(ErrorKind::unavailable, "no route");
    if (token != "good-token") return fail(ErrorKind::refused, "the token's signature is wrong");
    return TokenBearer{"ann@example.com", "https://i"};
  }
  std::string scope() const override { return "mail.send"; }
  std::string discovery() const override { return "https://i/.well-known/openid-configuration"; }
};

struct OauthFixture : testing::Test {
  StoreStub store;
  VerifierStub verifier;
  std::unique_ptr<ServerExchange> exchange;

  Step run(OauthDialect dialect, const std::string& message) {
    exchange = make_oauth_exchange(verifier, store, dialect);
    return exchange->step(message);
  }
  Step bearer(const std::string& message) { return run(OauthDialect::oauthbearer, message); }
  Step xoauth2(const std::string& message) { return run(OauthDialect::xoauth2, message); }
  void expect_refusal(const Step& step, Failure failure, const std::string& challenge, const std::string& answer) {
    EXPECT_EQ(step.kind, Step::Kind::challenge);
    EXPECT_EQ(step.output, challenge);
    const Step last = exchange->step(answer);
    EXPECT_EQ(last.kind, Step::Kind::failed);
    EXPECT_EQ(last.failure, failure) << last.reason;
  }
};
using OauthExchange = OauthFixture;

const std::string bearer_refusal =
    R"({"openid-configuration":"https://i/.well-known/openid-configuration","scope":"mail.send","status":"invalid_token"})";
const std::string xoauth2_refusal = R"({"schemes":"bearer","scope":"mail.send","status":"401"})";

TEST_F(OauthExchange, GoodTokenOfAnAccountSucceeds) {
  store.add("ann@example.com");
  for (const std::string& message :
       {"n,a=ann@example.com,\1host=mx.example.com\1port=587\1auth=Bearer good-token\1\1"s,
        "n,,\1auth=Bearer good-token\1\1"s, "y,a=ANN@example.com,\1auth=bearer good-token\1future=1\1\1"s}) {
    const Step step = bearer(message);
    EXPECT_EQ(step.kind, Step::Kind::succeeded) << step.reason;
    EXPECT_EQ(step.identity.login, "ann@example.com");
  }
  EXPECT_EQ(xoauth2("user=ann@example.com\1auth=Bearer good-token\1\1").kind, Step::Kind::succeeded);
}

TEST_F(OauthExchange, InitialResponseMayComeLater) {
  store.add("ann@example.com");
  exchange = make_oauth_exchange(verifier, store, OauthDialect::xoauth2);
  const Step step = exchange->step(std::nullopt);
  EXPECT_EQ(step.kind, Step::Kind::challenge);
  EXPECT_EQ(step.output, "");
  EXPECT_EQ(exchange->step("user=ann@example.com\1auth=Bearer good-token\1\1").kind, Step::Kind::succeeded);
}

TEST_F(OauthExchange, RefusalIsExplainedBeforeItFails) {
  store.add("ann@example.com");
  expect_refusal(bearer("n,,\1auth=Bearer bad\1\1"), Failure::credentials, bearer_refusal, "\1");
  expect_refusal(bearer("n,,\1auth=\1\1"), Failure::credentials, bearer_refusal, "\1");
  expect_refusal(bearer("n,,\1\1"), Failure::credentials, bearer_refusal, "whatever");
  expect_refusal(xoauth2("user=ann@example.com\1auth=Bearer bad\1\1"), Failure::credentials, xoauth2_refusal, "");
}

TEST_F(OauthExchange, UnknownOrDisabledAccountIsRefused) {
  expect_refusal(bearer("n,,\1auth=Bearer good-token\1\1"), Failure::credentials, bearer_refusal, "\1");
  store.add("ann@example.com").enabled = false;
  expect_refusal(bearer("n,,\1auth=Bearer good-token\1\1"), Failure::credentials, bearer_refusal, "\1");
}

TEST_F(OauthExchange, NobodyActsAsSomebodyElse) {
  store.add("ann@example.com");
  store.add("bob@example.com");
  expect_refusal(bearer("n,a=bob@example.com,\1auth=Bearer good-token\1\1"), Failure::not_permitted, bearer_refusal,
                 "\1");
  expect_refusal(xoauth2("user=bob@example.com\1auth=Bearer good-token\1\1"), Failure::not_permitted, xoauth2_refusal,
                 "");
}

TEST_F(OauthExchange, WhatIsDownIsUnavailableAtOnce) {
  EXPECT_EQ(bearer("n,,\1auth=Bearer down\1\1").failure, Failure::unavailable);
  store.down = true;
  EXPECT_EQ(bearer("n,,\1auth=Bearer good-token\1\1").failure, Failure::unavailable);
}

TEST_F(OauthExchange, BrokenMessagesAreMalformed) {
  for (const std::string& message : {""s,
                                     "\1"s,
                                     "n,,"s,
                                     "n,,\1"s,
                                     "n,,\1auth=Bearer good-token\1"s,
                                     "n,,\1auth=Bearer good-token\1\1x"s,
                                     "p=tls-unique,,\1auth=Bearer t\1\1"s,
                                     "n,a=,\1auth=Bearer t\1\1"s,
                                     "n,a=x=,\1auth=Bearer t\1\1"s,
                                     "n,a=x=2c,\1auth=Bearer t\1\1"s,
                                     "n,b=x,\1auth=Bearer t\1\1"s,
                                     "n,a=x,y,\1auth=Bearer t\1\1"s,
                                     "x,,\1auth=Bearer t\1\1"s,
                                     "n,,\1auth=Basic t\1\1"s,
                                     "n,,\1auth=Bearer t t\1\1"s,
                                     "n,,\1auth=Bearer t\xff\1\1"s,
                                     "n,,\1auth=Bearer \1\1"s,
                                     "n,,\1auth=Bearer t\1auth=Bearer t\1\1"s,
                                     "n,,\1=x\1\1"s,
                                     "n,,\1x\1\1"s,
                                     "n,,\1a1=x\1\1"s,
                                     "n,,\1host=\0\1auth=Bearer t\1\1"s}) {
    const Step step = bearer(message);
    EXPECT_EQ(step.kind, Step::Kind::failed) << message;
    EXPECT_EQ(step.failure, Failure::malformed) << message;
    EXPECT_EQ(step.reason.find("good-token"), std::string::npos);
  }
  EXPECT_EQ(xoauth2("user=a\1user=b\1auth=Bearer good-token\1\1").failure, Failure::malformed);
  EXPECT_EQ(xoauth2("auth=Bearer good-token").failure, Failure::malformed);
}

TEST(OauthMessage, IsReadAsItWasWritten) {
  for (const OauthDialect dialect : {OauthDialect::oauthbearer, OauthDialect::xoauth2}) {
    const auto octets = write_oauth_message(dialect, {.user = "a=b,c@example.com", .token = "t0-._~+/=="}, "mx");
    ASSERT_TRUE(octets);
    const auto message = parse_oauth_message(dialect, *octets);
    ASSERT_TRUE(message) << message.error().reason;
    EXPECT_EQ(message->user, "a=b,c@example.com");
    EXPECT_EQ(message->token, "t0-._~+/==");
    EXPECT_FALSE(write_oauth_message(dialect, {.user = "a", .token = "t\1"}, "mx"));
    EXPECT_FALSE(write_oauth_message(dialect, {.user = "a\1", .token = "t"}, "mx"));
    EXPECT_FALSE(write_oauth_message(dialect, {.user = "a", .token = ""}, "mx"));
  }
}

// A token endpoint that hands out t1, t2, ..., and files with the secrets.
struct ClientFixture : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("ringpost-oauth-" + std::to_string(::getpid()));
  ClientOptions options{.user = "ann@example.com",
                        .token_endpoint = "https://i/token",
                        .client_id = "id",
                        .client_secret_file = folder / "secret",
                        .refresh_token_file = folder / "refresh"};
  std::vector<HttpRequest> requests;
  MonotonicTime clock{std::chrono::hours(1000)};
  std::string rest = R"(,"expires_in":3600)";
  int status = 200;
  AccessTokens tokens{[this](const HttpRequest& request) -> Result<HttpResponse> {
                        requests.push_back(request);
                        return HttpResponse{status, R"({"error":"invalid_grant","access_token":"t)" +
                                                        std::to_string(requests.size()) + R"(","token_type":"Bearer")" +
                                                        rest + "}"};
                      },
                      [this] { return clock; }};

  ClientFixture() {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "secret") << "client-secret\n";
    std::ofstream(folder / "refresh") << "r0\n";
  }
  ~ClientFixture() override { std::filesystem::remove_all(folder); }
  std::string refresh_token_in_file() const {
    std::string text;
    std::getline(std::ifstream(folder / "refresh"), text);
    return text;
  }
};
using OauthClient = ClientFixture;

TEST_F(OauthClient, SendsTheTokenAndIsContent) {
  const auto client = make_oauth_client(options, OauthDialect::oauthbearer, "mx", tokens);
  ASSERT_TRUE(client) << client.error().reason;
  EXPECT_EQ((*client)->initial_response(), "n,a=ann@example.com,\1host=mx\1auth=Bearer t1\1\1");
  EXPECT_TRUE((*client)->finish());
  ASSERT_EQ(requests.size(), 1U);
  const std::vector<std::pair<std::string, std::string>> form{{"grant_type", "refresh_token"},
                                                              {"refresh_token", "r0"},
                                                              {"client_id", "id"},
                                                              {"client_secret", "client-secret"}};
  EXPECT_EQ(requests[0].form, form);
  EXPECT_EQ((*make_oauth_client(options, OauthDialect::xoauth2, "mx", tokens))->initial_response(),
            "user=ann@example.com\1auth=Bearer t1\1\1");
}

TEST_F(OauthClient, AnswersARefusalAndForgetsTheToken) {
  auto client = make_oauth_client(options, OauthDialect::oauthbearer, "mx", tokens);
  EXPECT_EQ((*client)->step(R"({"status":"invalid_token"})"), "\1");
  EXPECT_EQ((*client)->finish().error().kind, ErrorKind::refused);
  EXPECT_EQ((*client)->step("again").error().kind, ErrorKind::refused);
  client = make_oauth_client(options, OauthDialect::xoauth2, "mx", tokens);
  EXPECT_EQ((*client)->initial_response(), "user=ann@example.com\1auth=Bearer t2\1\1");
  EXPECT_EQ((*client)->step(R"({"status":"401"})"), "");
}

TEST_F(OauthClient, TokenIsKeptUntilShortlyBeforeItExpires) {
  EXPECT_EQ(tokens.get(options), "t1");
  clock += std::chrono::seconds(3539);
  EXPECT_EQ(tokens.get(options), "t1");
  clock += std::chrono::seconds(2);
  EXPECT_EQ(tokens.get(options), "t2");
}

TEST_F(OauthClient, RotatedRefreshTokenIsUsedAndWrittenBack) {
  rest = R"(,"expires_in":10,"refresh_token":"r1")";
  std::filesystem::permissions(folder / "refresh",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(tokens.get(options), "t1");
  EXPECT_EQ(refresh_token_in_file(), "r1");
  EXPECT_EQ(std::filesystem::status(folder / "refresh").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  clock += std::chrono::seconds(10);
  EXPECT_EQ(tokens.get(options), "t2");
  EXPECT_EQ(requests[1].form[1].second, "r1");
  std::ofstream(folder / "refresh") << "r9\n";
  clock += std::chrono::seconds(10);
  EXPECT_EQ(tokens.get(options), "t3");
  EXPECT_EQ(requests[2].form[1].second, "r9");
}

TEST_F(OauthClient, EndpointThatSaysNoIsUnavailableAndMissingFilesAreNamed) {
  status = 400;
  const auto refused = tokens.get(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(refused.error().reason, "https://i/token: HTTP status 400, invalid_grant");
  options.client_secret_file = folder / "none";
  EXPECT_EQ(tokens.get(options).error().kind, ErrorKind::not_found);
  options.refresh_token_file = "";
  EXPECT_EQ(tokens.get(options).error().kind, ErrorKind::invalid);
  EXPECT_EQ(start_oauth_client("PLAIN", options, "mx").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ringpost::sasl
