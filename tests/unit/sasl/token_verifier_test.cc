#include "sasl/token_verifier.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "base/base64.h"
#include "token_signer.h"

namespace ringpost::sasl {
namespace {

using lookup::HttpRequest;
using lookup::HttpResponse;

constexpr std::string_view good_claims = R"({"iss":"https://i","exp":2000,"email":"ann@example.com"})";

// Time, and an issuer in the network.
struct World {
  MonotonicTime clock{std::chrono::hours(1000)};
  WallTime wall{1'000'000};
  std::vector<HttpRequest> requests;
  Result<HttpResponse> answer = HttpResponse{200, ""};

  std::unique_ptr<TokenVerifier> verifier(const std::vector<TokenIssuer>& issuers) {
    auto made = TokenVerifier::create(issuers, std::chrono::seconds(60),
                                      {.http =
                                           [this](const HttpRequest& request) {
                                             requests.push_back(request);
                                             return answer;
                                           },
                                       .clock = [this] { return clock; },
                                       .wall_clock = [this] { return wall; }});
    EXPECT_TRUE(made) << made.error().reason;
    return std::move(*made);
  }
};

TokenIssuer at_url() {
  return {.issuer = "https://i", .jwks_url = "https://i/keys"};
}

ErrorKind kind_of(const Result<TokenBearer>& result) {
  EXPECT_FALSE(result);
  return result.error().kind;
}

TEST(TokenVerifier, SignedTokenNamesItsBearer) {
  const TokenSigner signer('a');
  World world;
  world.answer = HttpResponse{200, signer.jwk_set()};
  const auto verifier = world.verifier({at_url()});
  const auto bearer = verifier->verify(signer.token(std::string(good_claims)));
  ASSERT_TRUE(bearer) << bearer.error().reason;
  EXPECT_EQ(bearer->login, "ann@example.com");
  EXPECT_EQ(verifier->discovery(), "https://i/.well-known/openid-configuration");
  EXPECT_TRUE(verifier->verify(signer.token(R"({"alg":"EdDSA"})", std::string(good_claims))));
}

TEST(TokenVerifier, ForgedTokensAreRefused) {
  const TokenSigner signer('a'), stranger('b');
  World world;
  world.answer = HttpResponse{200, signer.jwk_set()};
  const auto verifier = world.verifier({at_url()});
  const std::string claims(good_claims), good = signer.token(claims);
  const std::string cut = good.substr(0, good.rfind('.') + 1);
  const std::string other = base64url_encode(R"({"iss":"https://i","exp":2000,"email":"bob@example.com"})");
  for (const std::string& token :
       {stranger.token(claims), cut, cut + base64url_encode(std::string(64, '\0')), cut + base64url_encode("x"),
        good.substr(0, good.find('.') + 1) + other + good.substr(good.rfind('.')),
        base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(claims) + ".",
        signer.token(R"({"alg":"HS256","kid":"k1"})", claims), signer.token(R"({"alg":"ES256","kid":"k1"})", claims),
        signer.token(R"({"alg":"RS256","kid":"k1"})", claims), signer.token(R"({"alg":"EdDSA","kid":"k2"})", claims),
        signer.token(R"({"iss":"https://j","exp":2000,"email":"ann@example.com"})"),
        signer.token(R"({"iss":"https://i","exp":100,"email":"ann@example.com"})"),
        signer.token(R"({"exp":2000,"email":"a"})"), std::string("opaque"), std::string(), std::string(20'000, 'x')}) {
    EXPECT_EQ(kind_of(verifier->verify(token)), ErrorKind::refused) << token;
  }
}

TEST(TokenVerifier, KeysAreFetchedOnceAndAgainForAnUnknownKeyButNotMoreThanOnceAMinute) {
  const TokenSigner first('a', "k1"), second('b', "k2");
  World world;
  world.answer = HttpResponse{200, first.jwk_set()};
  const auto verifier = world.verifier({at_url()});
  const std::string claims(good_claims);
  EXPECT_TRUE(verifier->verify(first.token(claims)));
  EXPECT_TRUE(verifier->verify(first.token(claims)));
  EXPECT_EQ(world.requests.size(), 1U);
  world.answer = HttpResponse{200, second.jwk_set()};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kind_of(verifier->verify(second.token(claims))), ErrorKind::refused);
  EXPECT_EQ(world.requests.size(), 1U);
  world.clock += std::chrono::seconds(61);
  EXPECT_TRUE(verifier->verify(second.token(claims)));
  EXPECT_EQ(world.requests.size(), 2U);
  EXPECT_EQ(kind_of(verifier->verify(first.token(claims))), ErrorKind::refused);
}

TEST(TokenVerifier, KeysOutliveTheirIssuerForADay) {
  const TokenSigner signer('a');
  World world;
  world.answer = HttpResponse{200, signer.jwk_set()};
  const auto verifier = world.verifier({at_url()});
  const std::string token = signer.token(std::string(good_claims));
  EXPECT_TRUE(verifier->verify(token));
  world.answer = fail(ErrorKind::unavailable, "no route");
  world.clock += std::chrono::hours(23);
  EXPECT_TRUE(verifier->verify(token));
  EXPECT_EQ(world.requests.size(), 2U);
  world.clock += std::chrono::hours(2);
  EXPECT_EQ(kind_of(verifier->verify(token)), ErrorKind::unavailable);
  world.answer = HttpResponse{500, ""};
  EXPECT_EQ(kind_of(verifier->verify(token)), ErrorKind::unavailable);
  world.answer = HttpResponse{200, signer.jwk_set()};
  world.clock += std::chrono::minutes(2);
  EXPECT_TRUE(verifier->verify(token));
}

TEST(TokenVerifier, IssuerThatWasNeverReachedIsUnavailable) {
  const TokenSigner signer('a');
  World world;
  world.answer = HttpResponse{200, "<html>"};
  const auto verifier = world.verifier({at_url()});
  EXPECT_EQ(kind_of(verifier->verify(signer.token(std::string(good_claims)))), ErrorKind::unavailable);
}

TEST(TokenVerifier, KeysInAFileAreReadAgainWhenItChanges) {
  const TokenSigner first('a'), second('b');
  const auto path = std::filesystem::temp_directory_path() / ("ringpost-keys-" + std::to_string(::getpid()));
  std::ofstream(path) << first.jwk_set();
  World world;
  const auto verifier = world.verifier({{.issuer = "https://i", .keys_file = path}});
  const std::string claims(good_claims);
  EXPECT_TRUE(verifier->verify(first.token(claims)));
  std::ofstream(path) << "half a file";
  EXPECT_TRUE(verifier->verify(first.token(claims)));
  std::ofstream(path) << second.jwk_set() << "\n";
  EXPECT_TRUE(verifier->verify(second.token(claims)));
  EXPECT_FALSE(verifier->verify(first.token(claims)));
  std::filesystem::remove(path);
  EXPECT_TRUE(verifier->verify(second.token(claims)));
  EXPECT_EQ(TokenVerifier::create({{.issuer = "https://i", .keys_file = path}}, {}).error().kind, ErrorKind::not_found);
}

TEST(TokenVerifier, OpaqueTokenIsShownToItsIssuerAndTheAnswerKeptForAMinute) {
  World world;
  world.answer = HttpResponse{200, R"({"active":true,"email":"ann@example.com","exp":2000})"};
  const auto verifier =
      world.verifier({{.issuer = "https://i", .introspection_url = "https://i/ask", .client_id = "mx"}});
  EXPECT_EQ(verifier->verify("opaque-token")->login, "ann@example.com");
  EXPECT_EQ(verifier->verify("opaque-token")->login, "ann@example.com");
  ASSERT_EQ(world.requests.size(), 1U);
  EXPECT_EQ(world.requests[0].url, "https://i/ask");
  EXPECT_EQ(world.requests[0].user, "mx");
  world.wall = world.wall + std::chrono::seconds(61);
  EXPECT_TRUE(verifier->verify("opaque-token"));
  EXPECT_EQ(world.requests.size(), 2U);
}

TEST(TokenVerifier, KeptAnswerDoesNotOutliveTheToken) {
  World world;
  world.answer = HttpResponse{200, R"({"active":true,"email":"ann@example.com","exp":1010})"};
  const auto verifier = world.verifier({{.issuer = "https://i", .introspection_url = "https://i/ask"}});
  EXPECT_TRUE(verifier->verify("t"));
  world.answer = HttpResponse{200, R"({"active":false})"};
  world.wall = world.wall + std::chrono::seconds(11);
  EXPECT_EQ(kind_of(verifier->verify("t")), ErrorKind::refused);
}

TEST(TokenVerifier, IssuerThatSaysNoOrNothingSensible) {
  const std::map<std::string, ErrorKind> answers{
      {R"({"active":false})", ErrorKind::refused},
      {R"({"active":true})", ErrorKind::refused},
      {R"({"active":true,"email":"a","exp":1})", ErrorKind::refused},
      {R"({"active":true,"email":"a","iss":"https://j"})", ErrorKind::refused},
      {R"({"active":"true","email":"a"})", ErrorKind::unavailable},
      {R"({"email":"a"})", ErrorKind::unavailable},
      {R"({"active":false,"active":true,"email":"a"})", ErrorKind::unavailable},
      {"", ErrorKind::unavailable}};
  for (const auto& [body, kind] : answers) {
    World world;
    world.answer = HttpResponse{200, body};
    EXPECT_EQ(kind_of(world.verifier({{.issuer = "https://i", .introspection_url = "https://i/ask"}})->verify("t")),
              kind)
        << body;
  }
  World world;
  world.answer = HttpResponse{401, ""};
  EXPECT_EQ(kind_of(world.verifier({{.issuer = "https://i", .introspection_url = "https://i/ask"}})->verify("t")),
            ErrorKind::unavailable);
}

TEST(TokenVerifier, TokenOfAnIssuerGoesToNobodyElse) {
  const TokenSigner signer('a');
  World world;
  world.answer = HttpResponse{200, R"({"active":true,"email":"ann@example.com"})"};
  const auto verifier = world.verifier({{.issuer = "https://i", .introspection_url = "https://i/ask"}});
  EXPECT_EQ(kind_of(verifier->verify(signer.token(R"({"iss":"https://j","exp":2000,"email":"a"})"))),
            ErrorKind::refused);
  EXPECT_TRUE(world.requests.empty());
  EXPECT_TRUE(verifier->verify(signer.token(std::string(good_claims))));
}

TEST(TokenVerifier, IssuerNeedsExactlyOneSource) {
  for (const TokenIssuer& issuer : {TokenIssuer{.issuer = "i"}, TokenIssuer{.jwks_url = "u"},
                                    TokenIssuer{.issuer = "i", .jwks_url = "u", .introspection_url = "v"}})
    EXPECT_EQ(TokenVerifier::create({issuer}, {}).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace ringpost::sasl
