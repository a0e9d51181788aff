#include "sasl/jwt.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/base64.h"
#include "sasl/claims.h"
#include "sasl/jwk_set.h"
#include "sasl/strict_json.h"
#include "token_signer.h"

namespace ringpost::sasl {
namespace {

std::string assemble(std::string_view header, std::string_view claims, std::string_view signature = "sig") {
  return base64url_encode(header) + "." + base64url_encode(claims) + "." + base64url_encode(signature);
}

TEST(StrictJson, ObjectsOfHonestShape) {
  EXPECT_TRUE(parse_strict_object(R"({"a":1,"b":{"a":[1,2,{"a":null}]},"c":"\u00fc"})"));
  EXPECT_TRUE(parse_strict_object("{}"));
  for (const char* const text : {"", "[]", "1", "{", R"({"a":1,})", R"({"a":1}x)", "{\"a\":\"\xff\"}", R"({"a":1e999})",
                                 R"({"a":NaN})", R"({"a":"\ud800"})", "{\"a\":\"\n\"}", R"({'a':1})"})
    EXPECT_FALSE(parse_strict_object(text)) << text;
}

TEST(StrictJson, NameThatStandsTwiceIsRefused) {
  EXPECT_FALSE(parse_strict_object(R"({"a":1,"a":1})"));
  EXPECT_FALSE(parse_strict_object(R"({"b":{"a":1,"\u0061":2}})"));
}

TEST(StrictJson, DepthAndCountHaveAnEnd) {
  std::string deep = R"({"a":)";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_FALSE(parse_strict_object(deep));
  EXPECT_TRUE(parse_strict_object(R"({"a":[[[[[[[]]]]]]]})"));
  EXPECT_FALSE(parse_strict_object(R"({"a":[[[[[[[[]]]]]]]]})"));
  std::string many = R"({"a":[0)";
  for (std::size_t i = 0; i < json_values_max; ++i) many += ",0";
  EXPECT_FALSE(parse_strict_object(many + "]}"));
}

TEST(Jwt, PartsAreRead) {
  const std::string token = assemble(R"({"alg":"ES256","kid":"7","typ":"at+jwt"})", R"({"iss":"i"})");
  const auto jwt = parse_jwt(token);
  ASSERT_TRUE(jwt) << jwt.error().reason;
  EXPECT_EQ(jwt->scheme, crypto::SignatureScheme::es256);
  EXPECT_EQ(jwt->key_id, "7");
  EXPECT_EQ(jwt->signature, "sig");
  EXPECT_EQ(jwt->signed_text + "." + base64url_encode("sig"), token);
  EXPECT_EQ((*jwt->payload)["iss"], "i");
}

TEST(Jwt, AlgorithmsWithoutAPublicKeyAreRefused) {
  for (const char* const alg : {"none", "None", "NONE", "HS256", "HS512", "RSA1_5", "es256", "", "ES256K", "dir"})
    EXPECT_FALSE(parse_jwt(assemble(R"({"alg":")" + std::string(alg) + R"("})", "{}"))) << alg;
  for (const char* const header : {"{}", R"({"alg":1})", R"({"alg":["ES256"]})", R"({"alg":"ES256","alg":"ES256"})",
                                   R"({"alg":"ES256","kid":1})", R"({"alg":"ES256","crit":["exp"]})", "[]", ""})
    EXPECT_FALSE(parse_jwt(assemble(header, "{}"))) << header;
}

TEST(Jwt, ShapeIsStrict) {
  const std::string good = assemble(R"({"alg":"ES256"})", "{}");
  EXPECT_TRUE(parse_jwt(good));
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), good + ".", "." + good, good + "=", good + "\n", " " + good,
        good.substr(0, good.rfind('.')), good.substr(0, good.rfind('.') + 1), assemble(R"({"alg":"ES256"})", "[]"),
        assemble(R"({"alg":"ES256"})", "{} {}"), "e30=." + good.substr(good.find('.') + 1)})
    EXPECT_FALSE(parse_jwt(bad)) << bad;
  EXPECT_FALSE(parse_jwt(assemble(R"({"alg":"ES256"})", R"({"a":")" + std::string(jwt_octets_max, 'a') + R"("})")));
}

TEST(Jwt, ErrorsDoNotQuoteTheToken) {
  const auto jwt = parse_jwt("secret-secret-secret.secret-secret.secret-secret");
  ASSERT_FALSE(jwt);
  EXPECT_EQ(jwt.error().reason.find("secret"), std::string::npos);
}

TEST(JwkSet, KeysOfEveryKindAreReadAndOthersPassedOver) {
  const TokenSigner signer('a');
  const auto keys = parse_issuer_keys(R"({"keys":[
    {"kty":"oct","k":"AAAA","kid":"secret"}, 7, {"kty":"RSA","n":"AQAB","e":"AQAB"},
    {"kty":"OKP","crv":"X25519","x":"AA"},
    {"kty":"EC","crv":"P-256","alg":"ES256","kid":"e","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"EC","crv":"P-256","use":"enc","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"EC","crv":"P-256","key_ops":["deriveKey"],"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},)" +
                                      signer.jwk() + "]}");
  ASSERT_TRUE(keys) << keys.error().reason;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at(0).id, "e");
  EXPECT_EQ(keys->at(0).key.kind(), crypto::PublicKey::Kind::p256);
  EXPECT_EQ(keys->at(1).key.kind(), crypto::PublicKey::Kind::ed25519);
  EXPECT_EQ(candidates(*keys, "e", crypto::SignatureScheme::es256).size(), 1U);
  EXPECT_EQ(candidates(*keys, "k1", crypto::SignatureScheme::es256).size(), 0U);
  EXPECT_EQ(candidates(*keys, "", crypto::SignatureScheme::ed25519).size(), 1U);
}

TEST(JwkSet, KeyServesOnlyTheAlgorithmItNames) {
  const auto keys = parse_issuer_keys(R"({"keys":[{"kty":"RSA","alg":"PS256","e":"AQAB","n":")" +
                                      base64url_encode(std::string(256, '\xff')) + R"("}]})");
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->at(0).may(crypto::SignatureScheme::ps256));
  EXPECT_FALSE(keys->at(0).may(crypto::SignatureScheme::rs256));
}

TEST(JwkSet, PemHoldsOneOrMoreKeys) {
  const std::string pem =
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEADrw33krKG4zPTPlJsEUg6LibETIPNKF7s2Kg0de0BXQ=\n-----END PUBLIC "
      "KEY-----\n";
  EXPECT_EQ(parse_issuer_keys(pem)->size(), 1U);
  EXPECT_EQ(parse_issuer_keys("ours:\n" + pem + pem)->size(), 2U);
  EXPECT_FALSE(parse_issuer_keys(pem.substr(0, 60)));
  EXPECT_FALSE(parse_issuer_keys("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
}

TEST(JwkSet, NothingUsableIsAnError) {
  for (const char* const text :
       {"", "{}", R"({"keys":1})", R"({"keys":[]})", R"({"keys":[{"kty":"oct","k":"AAAA"}]})", "hello"})
    EXPECT_FALSE(parse_issuer_keys(text)) << text;
}

// A check of claims at 1000 seconds, skew 60.
std::string problem(const std::string& claims, const TokenIssuer& issuer = {.issuer = "i"}, bool must_expire = true) {
  const auto read = read_claims(*parse_strict_object(claims), issuer.login_claim);
  if (!read) return read.error().reason;
  const auto checked = check_claims(*read, issuer, WallTime{1'000'000}, std::chrono::seconds(60), must_expire);
  return checked ? "" : checked.error().reason;
}

TEST(Claims, TimesHaveSomeSlack) {
  EXPECT_EQ(problem(R"({"iss":"i","exp":1001,"nbf":1000,"iat":900.5,"email":"a"})"), "");
  EXPECT_EQ(problem(R"({"iss":"i","exp":941,"email":"a"})"), "");
  EXPECT_EQ(problem(R"({"iss":"i","exp":940,"email":"a"})"), "the token has expired");
  EXPECT_EQ(problem(R"({"iss":"i","exp":2000,"nbf":1060,"email":"a"})"), "");
  EXPECT_EQ(problem(R"({"iss":"i","exp":2000,"nbf":1061,"email":"a"})"), "the token is not yet valid");
  EXPECT_EQ(problem(R"({"iss":"i","exp":2000,"iat":1061,"email":"a"})"), "the token is from the future");
  EXPECT_EQ(problem(R"({"iss":"i","email":"a"})"), "the token has no exp");
  for (const char* const exp : {"\"2000\"", "-1", "1e300", "null", "[2000]", "true"})
    EXPECT_NE(problem(R"({"iss":"i","email":"a","exp":)" + std::string(exp) + "}"), "") << exp;
}

TEST(Claims, IssuerAudienceAndScopeMustFit) {
  const TokenIssuer wants{.issuer = "https://i", .audience = "smtp", .scope = "mail.send"};
  const std::string head = R"({"iss":"https://i","exp":2000,"email":"a",)";
  EXPECT_EQ(problem(head + R"("aud":"smtp","scope":"openid mail.send"})", wants), "");
  EXPECT_EQ(problem(head + R"("aud":["x","smtp"],"scp":["mail.send"]})", wants), "");
  EXPECT_EQ(problem(head + R"("aud":"smtp","scp":"mail.send x"})", wants), "");
  for (const char* const rest :
       {R"("aud":"smtp"})", R"("aud":"smtp","scope":"mail.sendx"})", R"("aud":["x"],"scope":"mail.send"})",
        R"("scope":"mail.send"})", R"("aud":"x smtp","scope":"mail.send"})", R"("aud":[1],"scope":"mail.send"})",
        R"("aud":{},"scope":"mail.send"})", R"("aud":"smtp","scope":7})"})
    EXPECT_NE(problem(head + rest, wants), "") << rest;
  EXPECT_NE(problem(R"({"iss":"https://i/","exp":2000,"email":"a","aud":"smtp","scope":"mail.send"})", wants), "");
  EXPECT_NE(problem(R"({"iss":["https://i"],"exp":2000,"email":"a"})", {.issuer = "https://i"}), "");
  EXPECT_NE(problem(R"({"exp":2000,"email":"a"})", {.issuer = "https://i"}), "");
  EXPECT_EQ(problem(R"({"email":"a"})", {.issuer = "https://i"}, false), "");
}

TEST(Claims, LoginMustBeThereAndProved) {
  EXPECT_EQ(problem(R"({"iss":"i","exp":2000})"), "the token has no email");
  EXPECT_EQ(problem(R"({"iss":"i","exp":2000,"email":7})"), "the token has no email");
  EXPECT_EQ(problem(R"({"iss":"i","exp":2000,"email":"a","email_verified":true})"), "");
  EXPECT_NE(problem(R"({"iss":"i","exp":2000,"email":"a","email_verified":false})"), "");
  EXPECT_NE(problem(R"({"iss":"i","exp":2000,"email":"a\u0000b"})"), "");
  EXPECT_EQ(problem(R"({"iss":"i","exp":2000,"upn":"a"})", {.issuer = "i", .login_claim = "upn"}), "");
}

}  // namespace
}  // namespace ringpost::sasl
