// Every mechanism against GNU SASL's own client: the right password, wrong ones, unknown logins, other identities.
#include "sasl/conversation.h"

namespace ringpost::sasl {
namespace {

const std::vector<std::string> with_password{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
                                             "SCRAM-SHA-1",        "PLAIN",         "LOGIN",
                                             "CRAM-MD5",           "DIGEST-MD5"};

LibraryClient::Properties on(std::string_view mechanism, LibraryClient::Properties properties) {
  if (mechanism.ends_with("-PLUS")) properties[GSASL_CB_TLS_EXPORTER] = base64_encode(tls_channel().binding);
  return properties;
}

TEST(Mechanisms, TheRightPasswordSucceeds) {
  const Fixture fixture;
  for (const std::string& mechanism : with_password) {
    SCOPED_TRACE(mechanism);
    const Talk talk = converse(fixture, mechanism, on(mechanism, ann()));
    EXPECT_TRUE(succeeded(talk)) << talk.last.reason;
    EXPECT_EQ(talk.last.identity.login, "ann@example.com");
    EXPECT_TRUE(talk.last.output.empty());  // SMTP's 235 has no place for it
  }
}

TEST(Mechanisms, AWrongPasswordAndAnUnknownLoginLookTheSame) {
  const Fixture fixture;
  for (const std::string& mechanism : with_password) {
    SCOPED_TRACE(mechanism);
    const Talk wrong = converse(fixture, mechanism, on(mechanism, ann("wrong")));
    auto stranger = ann();
    stranger[GSASL_AUTHID] = "bob@example.com";
    const Talk unknown = converse(fixture, mechanism, on(mechanism, stranger));
    expect_failure(wrong.last, Failure::credentials);
    expect_failure(unknown.last, Failure::credentials);
    EXPECT_EQ(wrong.last.login, "ann@example.com");
    EXPECT_EQ(unknown.last.login, "bob@example.com");
    ASSERT_EQ(wrong.challenges.size(), unknown.challenges.size());
    if (mechanism.starts_with("SCRAM-")) continue;  // scram_test.cc looks closer
    for (std::size_t i = 0; i < wrong.challenges.size(); ++i)
      EXPECT_EQ(wrong.challenges[i].size(), unknown.challenges[i].size());
  }
}

TEST(Mechanisms, ADisabledAccountFailsAsAWrongPasswordDoes) {
  Fixture fixture;
  fixture.store.at("ann@example.com").enabled = false;
  for (const std::string& mechanism : with_password) {
    SCOPED_TRACE(mechanism);
    const Talk talk = converse(fixture, mechanism, on(mechanism, ann()));
    expect_failure(talk.last, Failure::credentials);
    EXPECT_EQ(talk.last.login, "ann@example.com");
  }
}

TEST(Mechanisms, ABackEndThatIsDownIsNotAWrongPassword) {
  Fixture fixture;
  fixture.store.down = true;
  for (const std::string& mechanism : with_password) {
    SCOPED_TRACE(mechanism);
    const Talk talk = converse(fixture, mechanism, on(mechanism, ann()));
    expect_failure(talk.last, Failure::unavailable);
    EXPECT_EQ(talk.last.login, "ann@example.com");
  }
}

TEST(Mechanisms, OnlyOneselfMayBeActedAs) {
  const Fixture fixture;
  for (const std::string& mechanism : with_password) {
    if (mechanism == "LOGIN" || mechanism == "CRAM-MD5") continue;  // they cannot say it
    SCOPED_TRACE(mechanism);
    auto properties = on(mechanism, ann());
    properties[GSASL_AUTHZID] = "ann@example.com";
    EXPECT_TRUE(succeeded(converse(fixture, mechanism, properties)));
    for (const char* other : {"user", "Ann@example.com", "ann@example.co"}) {
      properties[GSASL_AUTHZID] = other;
      expect_failure(converse(fixture, mechanism, properties).last, Failure::not_permitted);
    }
    properties[GSASL_PASSWORD] = "wrong";
    expect_failure(converse(fixture, mechanism, properties).last, Failure::credentials);
  }
}

TEST(Mechanisms, NamesArePreparedBeforeTheyAreLookedUp) {
  Fixture fixture;
  fixture.store.add("j\u00f6rg", "pass\u00f6rd");
  for (const std::string& mechanism : with_password) {
    if (mechanism == "DIGEST-MD5") continue;  // the library's client wants Latin-1 there
    SCOPED_TRACE(mechanism);
    LibraryClient::Properties properties{{GSASL_AUTHID, "jo\u0308rg"}, {GSASL_PASSWORD, "pass\u00f6rd"}};
    const Talk talk = converse(fixture, mechanism, on(mechanism, properties));
    EXPECT_TRUE(succeeded(talk)) << talk.last.reason;
    EXPECT_EQ(talk.last.identity.login, "j\u00f6rg");
  }
}

TEST(Mechanisms, WhatIsOverStaysOver) {
  const Fixture fixture;
  for (const std::string& mechanism : every_mechanism) {
    SCOPED_TRACE(mechanism);
    Channel channel = tls_channel();
    channel.certificate_identities = {"nobody"};
    const auto exchange = fixture.start(mechanism, channel);
    const bool first = client_speaks_first(mechanism);
    Step step = exchange->step(first ? std::optional<std::string_view>("\x01\xff nonsense") : std::nullopt);
    while (step.kind == Step::Kind::challenge) step = exchange->step("\x01\xff nonsense");
    EXPECT_EQ(step.kind, Step::Kind::failed);
    expect_failure(exchange->step(""), Failure::malformed);
  }
}

TEST(Mechanisms, ResponsesAreBounded) {
  const Fixture fixture;
  const std::string long_response(12289, 'a');
  for (const std::string& mechanism : every_mechanism) {
    SCOPED_TRACE(mechanism);
    Channel channel = tls_channel();
    channel.certificate_identities = {"nobody"};
    const auto exchange = fixture.start(mechanism, channel);
    Step step = client_speaks_first(mechanism) ? exchange->step(long_response) : exchange->step(std::nullopt);
    if (step.kind == Step::Kind::challenge) step = exchange->step(long_response);
    expect_failure(step, Failure::malformed);
  }
}

TEST(Mechanisms, NothingAtAllIsNoResponse) {
  const Fixture fixture;
  for (const std::string& mechanism : with_password) {
    SCOPED_TRACE(mechanism);
    const auto exchange = fixture.start(mechanism);
    Step step = exchange->step(std::nullopt);
    ASSERT_EQ(step.kind, Step::Kind::challenge);
    EXPECT_EQ(step.output.empty(), client_speaks_first(mechanism));
    expect_failure(exchange->step(std::nullopt), Failure::malformed);
  }
}

TEST(Mechanisms, WhereTheServerSpeaksFirstAnInitialResponseIsAnError) {
  const Fixture fixture;
  for (const char* mechanism : {"CRAM-MD5", "DIGEST-MD5"}) {
    expect_failure(fixture.start(mechanism)->step("anything"), Failure::malformed);
    expect_failure(fixture.start(mechanism)->step(""), Failure::malformed);
  }
}

}  // namespace
}  // namespace ringpost::sasl
