// CRAM-MD5 and DIGEST-MD5 in detail, DIGEST-MD5 by a client written after the RFC.
#include "crypto/hmac.h"
#include "sasl/conversation.h"
#include "sasl/digest_response.h"

namespace ringpost::sasl {
namespace {

using namespace std::string_literals;
using crypto::Digest;

std::string hex(const std::string& octets) {
  std::string text;
  for (const unsigned char c : octets) {
    text += "0123456789abcdef"[c >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

std::string md5(const std::string& text) {
  return crypto::digest(Digest::md5, text);
}

/// RFC 2831 2.1.2.1, for qop=auth.
struct DigestReference {
  std::string user = "user", password = "pencil", realm = "mx.example.com", nonce, cnonce = "OA6MHXh6VqTrRk";
  std::string uri = "smtp/mx.example.com";

  std::string value(const std::string& verb) const {
    const std::string a1 = md5(user + ":" + realm + ":" + password) + ":" + nonce + ":" + cnonce;
    return hex(md5(hex(md5(a1)) + ":" + nonce + ":00000001:" + cnonce + ":auth:" + hex(md5(verb + ":" + uri))));
  }
  std::string response() const {
    return "charset=utf-8,username=\"" + user + "\",realm=\"" + realm + "\",nonce=\"" + nonce +
           "\",nc=00000001,cnonce=\"" + cnonce + "\",digest-uri=\"" + uri + "\",response=" + value("AUTHENTICATE") +
           ",qop=auth";
  }
};

std::string quoted(const std::string& challenge, const std::string& name) {
  const auto at = challenge.find(name + "=\"") + name.size() + 2;
  return challenge.substr(at, challenge.find('"', at) - at);
}

struct Begun {
  std::unique_ptr<ServerExchange> exchange;
  DigestReference client;
};

Begun begin(const Fixture& fixture) {
  Begun begun{fixture.start("DIGEST-MD5"), {}};
  begun.client.nonce = quoted(begun.exchange->step(std::nullopt).output, "nonce");
  return begun;
}

TEST(CramMd5, TheServerAgreesWithTheRfc) {
  EXPECT_EQ(hex(crypto::hmac(Digest::md5, "tanstaaftanstaaf", "<1896.697170952@postoffice.reston.mci.net>")),
            "b913a602c7eda7a495b4e6e7334d3890");  // RFC 2195 2
  const Fixture fixture;
  const auto exchange = fixture.start("CRAM-MD5");
  const Step challenge = exchange->step(std::nullopt);
  EXPECT_THAT(challenge.output, testing::AllOf(StartsWith("<"), testing::EndsWith(">")));
  const Step step = exchange->step("user " + hex(crypto::hmac(Digest::md5, "pencil", challenge.output)));
  EXPECT_EQ(step.kind, Step::Kind::succeeded);
  EXPECT_EQ(step.identity.login, "user");
  EXPECT_NE(fixture.start("CRAM-MD5")->step(std::nullopt).output, challenge.output);
}

TEST(CramMd5, MalformedResponsesAreNamedSo) {
  const Fixture fixture;
  const std::string digest(32, 'a');
  for (const std::string& bad : {""s, "user"s, digest, "user" + digest, "user\0 "s + digest}) {
    const auto exchange = fixture.start("CRAM-MD5");
    (void)exchange->step(std::nullopt);
    expect_failure(exchange->step(bad), Failure::malformed);
  }
  const auto exchange = fixture.start("CRAM-MD5");
  (void)exchange->step(std::nullopt);
  expect_failure(exchange->step(" " + digest), Failure::credentials);
}

TEST(CramMd5, AnAccountWithoutAPasswordFailsAsAWrongOneDoes) {
  Fixture fixture;
  fixture.store.at("ann@example.com").password.reset();
  for (const char* mechanism : {"CRAM-MD5", "DIGEST-MD5"}) {
    const Talk talk = converse(fixture, mechanism, ann(""));
    expect_failure(talk.last, Failure::credentials);
    EXPECT_EQ(talk.last.login, "ann@example.com");
  }
}

TEST(DigestMd5, TheReferenceFollowsTheExampleOfTheRfc) {
  const DigestReference client{.user = "chris",
                               .password = "secret",
                               .realm = "elwood.innosoft.com",
                               .nonce = "OA6MG9tEQGm2hh",
                               .cnonce = "OA6MHXh6VqTrRk",
                               .uri = "imap/elwood.innosoft.com"};  // RFC 2831 4
  EXPECT_EQ(client.value("AUTHENTICATE"), "d388dad90d4bbd760a152321f2143af7");
  EXPECT_EQ(client.value(""), "ea40f60335c427b5527b84dbabcdfffd");
}

TEST(DigestMd5, TheServerAgreesWithTheRfcAndProvesItself) {
  const Fixture fixture;
  auto [exchange, client] = begin(fixture);
  const Step proof = exchange->step(client.response());
  ASSERT_EQ(proof.kind, Step::Kind::challenge) << proof.reason;
  EXPECT_EQ(proof.output, "rspauth=" + client.value(""));
  const Step step = exchange->step("");
  EXPECT_EQ(step.kind, Step::Kind::succeeded);
  EXPECT_EQ(step.identity.login, "user");
}

TEST(DigestMd5, OffersItsRealmAndNoSecurityLayer) {
  Fixture fixture;
  EXPECT_EQ(quoted(fixture.start("DIGEST-MD5")->step(std::nullopt).output, "realm"), "mx.example.com");
  fixture.options.realm = "example.com";
  fixture.server = fixture.make();
  const std::string challenge = fixture.start("DIGEST-MD5")->step(std::nullopt).output;
  EXPECT_EQ(quoted(challenge, "realm"), "example.com");
  EXPECT_THAT(challenge, testing::Not(HasSubstr("auth-")));
}

TEST(DigestMd5, ForAnotherRealmServiceOrNonceItIsRefused) {
  const Fixture fixture;
  auto other_realm = begin(fixture);
  other_realm.client.realm = "elsewhere.example";
  expect_failure(other_realm.exchange->step(other_realm.client.response()), Failure::credentials);
  auto other_service = begin(fixture);
  other_service.client.uri = "imap/mx.example.com";
  expect_failure(other_service.exchange->step(other_service.client.response()), Failure::credentials);
  auto replayed = begin(fixture);
  replayed.client.nonce = begin(fixture).client.nonce;
  expect_failure(replayed.exchange->step(replayed.client.response()), Failure::malformed);
}

TEST(DigestMd5, WhatWouldBringTheLibraryDownIsRefusedBefore) {
  const Fixture fixture;
  const auto good = begin(fixture).client.response();
  for (const std::string& bad :
       {"username"s, "username,realm"s, "realm"s, ","s, ""s, good + ",authzid", "username=user,nonce=x,nc=00000001"s,
        "username=\"user\",nonce=\"x\",cnonce=\"y\",nc=00000001,digest-uri=\"smtp/x\",response=" + std::string(32, 'a'),
        " realm=\"mx.example.com\",username=u,digest-uri=\"smtp/x\""s, good + ",realm=\"mx.example.com\"",
        std::string(12000, ','), "=" + std::string(5000, '"')}) {
    SCOPED_TRACE(bad.substr(0, 80));
    const auto begun = begin(fixture);
    expect_failure(begun.exchange->step(bad), Failure::malformed);
  }
}

TEST(DigestResponse, IsCutAsTheLibraryCutsIt) {
  const auto response = parse_digest_response("charset=utf-8, realm=\"a,b\",username = x,digest-uri=\"smtp/h\"");
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->realm, "a,b");
  EXPECT_EQ(response->digest_uri, "smtp/h");
  EXPECT_FALSE(response->username.has_value());  // "username " is another directive
  EXPECT_FALSE(parse_digest_response("realm=\"a\",realm=\"b\"").has_value());
  EXPECT_TRUE(parse_digest_response("").has_value());
}

}  // namespace
}  // namespace ringpost::sasl
