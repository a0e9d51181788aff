// SCRAM in detail: the examples of the RFCs, channel binding and who lies about it, decoys, malformed messages.
#include <thread>

#include "sasl/conversation.h"
#include "sasl/scram_message.h"

namespace ringpost::sasl {
namespace {

using crypto::Digest;
using test::ScramReference;

TEST(ScramReference, FollowsTheExampleOfRfc5802) {
  const ScramReference client{.kind = Digest::sha1, .nonce = "fyko+d2lbbFgONRv9qkxdawL"};
  EXPECT_EQ(client.first(), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  const auto last = client.final("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
  EXPECT_EQ(last.message, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_EQ(last.server_signature, "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
}

TEST(ScramReference, FollowsTheExampleOfRfc7677) {
  const ScramReference client;
  const auto last =
      client.final("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  EXPECT_EQ(last.message,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(last.server_signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

/// The whole of it; what the server answered last.
Step log_in(const Fixture& fixture, std::string_view mechanism, const ScramReference& client,
            const Channel& channel = tls_channel()) {
  const auto exchange = fixture.start(mechanism, channel);
  Step step = exchange->step(client.first());
  if (step.kind != Step::Kind::challenge) return step;
  const auto last = client.final(step.output);
  step = exchange->step(last.message);
  if (step.kind != Step::Kind::challenge) return step;
  EXPECT_EQ(step.output, "v=" + last.server_signature);
  return exchange->step("");
}

ScramReference with_binding(std::string header, std::string binding) {
  return {.gs2_header = std::move(header), .binding = std::move(binding)};
}

TEST(Scram, TheServerAgreesWithTheRfc) {
  const Fixture fixture;
  const Step sha256 = log_in(fixture, "SCRAM-SHA-256", {});
  EXPECT_EQ(sha256.kind, Step::Kind::succeeded);
  EXPECT_EQ(sha256.identity.login, "user");
  EXPECT_EQ(log_in(fixture, "SCRAM-SHA-1", {.kind = Digest::sha1}).kind, Step::Kind::succeeded);
}

TEST(Scram, TheServersProofIsAChallengeAndIsAnsweredWithNothing) {
  const Fixture fixture;
  const ScramReference client;
  const auto exchange = fixture.start("SCRAM-SHA-256");
  const Step first = exchange->step(client.first());
  const Step proof = exchange->step(client.final(first.output).message);
  EXPECT_EQ(proof.kind, Step::Kind::challenge);
  EXPECT_THAT(proof.output, StartsWith("v="));
  EXPECT_TRUE(proof.identity.login.empty());
  expect_failure(exchange->step("more"), Failure::malformed);
  expect_failure(exchange->step(""), Failure::malformed);
}

TEST(Scram, TheBindingOfThisChannelIsNeeded) {
  const Fixture fixture;
  const std::string binding = tls_channel().binding;
  const auto bound = with_binding("p=tls-exporter,,", binding);
  EXPECT_EQ(log_in(fixture, "SCRAM-SHA-256-PLUS", bound).kind, Step::Kind::succeeded);

  Channel older = tls_channel();
  older.binding_type = "tls-unique";
  EXPECT_EQ(log_in(fixture, "SCRAM-SHA-256-PLUS", with_binding("p=tls-unique,,", binding), older).kind,
            Step::Kind::succeeded);

  Channel other = tls_channel();
  other.binding = "the binding of another channel";
  expect_failure(log_in(fixture, "SCRAM-SHA-256-PLUS", bound, other), Failure::credentials);
  expect_failure(log_in(fixture, "SCRAM-SHA-256-PLUS", bound, older), Failure::credentials);
  expect_failure(log_in(fixture, "SCRAM-SHA-256-PLUS", with_binding("p=tls-exporter,,", "")), Failure::credentials);
  expect_failure(log_in(fixture, "SCRAM-SHA-256-PLUS", with_binding("p=tls-server-end-point,,", binding)),
                 Failure::credentials);
}

TEST(Scram, PlusAndTheFlagMustAgree) {
  const Fixture fixture;
  expect_failure(log_in(fixture, "SCRAM-SHA-256-PLUS", {}), Failure::malformed);
  expect_failure(log_in(fixture, "SCRAM-SHA-256-PLUS", with_binding("y,,", "")), Failure::malformed);
  expect_failure(log_in(fixture, "SCRAM-SHA-256", with_binding("p=tls-exporter,,", "")), Failure::malformed);
}

TEST(Scram, AClientThatDidNotSeePlusInOurOfferIsRefused) {
  Fixture fixture;
  const auto misled = with_binding("y,,", "");
  expect_failure(log_in(fixture, "SCRAM-SHA-256", misled), Failure::credentials);
  expect_failure(log_in(fixture, "SCRAM-SHA-1", {.kind = Digest::sha1, .gs2_header = "y,,"}), Failure::credentials);
  // Where we could not have offered it, the client is right.
  Channel unbound = tls_channel();
  unbound.binding.clear();
  EXPECT_EQ(log_in(fixture, "SCRAM-SHA-256", misled, unbound).kind, Step::Kind::succeeded);
  fixture.options.mechanisms = {"SCRAM-SHA-256"};
  fixture.server = fixture.make();
  EXPECT_EQ(log_in(fixture, "SCRAM-SHA-256", misled).kind, Step::Kind::succeeded);
}

TEST(Scram, AHeaderThatChangesOnTheWayIsRefused) {
  const Fixture fixture;
  ScramReference client;
  const auto exchange = fixture.start("SCRAM-SHA-256");
  const Step first = exchange->step(client.first());
  client.gs2_header = "y,,";  // what c= repeats
  expect_failure(exchange->step(client.final(first.output).message), Failure::credentials);
}

TEST(Scram, AStrangersSaltIsAlwaysTheSame) {
  const Fixture fixture;
  const auto salt = [&](const std::string& login) {
    const std::string first = fixture.start("SCRAM-SHA-256")->step("n,,n=" + login + ",r=abcdefghijkl").output;
    const auto at = first.find(",s=");
    return at == std::string::npos ? "" : first.substr(at);
  };
  EXPECT_THAT(salt("nobody"), StartsWith(",s="));
  EXPECT_EQ(salt("nobody"), salt("nobody"));
  EXPECT_NE(salt("nobody"), salt("somebody"));
  EXPECT_THAT(salt("nobody"), HasSubstr(",i=4096"));
}

TEST(Scram, AnAccountWithoutKeysLooksLikeNoAccount) {
  Fixture fixture;
  fixture.store.at("user").scram_sha256.reset();
  const Step step = log_in(fixture, "SCRAM-SHA-256", {});
  expect_failure(step, Failure::credentials);
  EXPECT_EQ(step.login, "user");
  EXPECT_EQ(log_in(fixture, "SCRAM-SHA-1", {.kind = Digest::sha1}).kind, Step::Kind::succeeded);
  fixture.store.at("user").scram_sha1->stored_key = "too short";
  expect_failure(log_in(fixture, "SCRAM-SHA-1", {.kind = Digest::sha1}), Failure::credentials);
}

TEST(Scram, MalformedMessagesAreNamedSo) {
  const Fixture fixture;
  for (const char* first : {"n", "n,,", "n,,n=user", "n,,n=,r=abc", "n,,n=us=er,r=abc", "n,,m=x,n=user,r=abc",
                            "x,,n=user,r=abc", "n,user,n=user,r=abc", "n,a=,n=user,r=abc", "p=,,n=user,r=abc",
                            "nn,,n=user,r=abc", "n,,n=user,r=", "n,,n=user,s=abc"}) {
    SCOPED_TRACE(first);
    expect_failure(fixture.start("SCRAM-SHA-256")->step(first), Failure::malformed);
  }
  const std::string with_nul("n,,n=user\0,r=abcdef", 19);
  expect_failure(fixture.start("SCRAM-SHA-256")->step(with_nul), Failure::malformed);
  for (const char* last : {"", "c=biws", "c=biws,r=x,p=", "v=abc", "p=abc,c=biws,r=rOprNGfwEbeRWgbNEkqO"}) {
    SCOPED_TRACE(last);
    const auto exchange = fixture.start("SCRAM-SHA-256");
    EXPECT_EQ(exchange->step(ScramReference().first()).kind, Step::Kind::challenge);
    expect_failure(exchange->step(last), Failure::malformed);
  }
}

TEST(Scram, ALoginThatCannotBeANameIsNotLookedUp) {
  Fixture fixture;
  for (const std::string& name :
       {std::string("\xff\xfe"), std::string("a\x07"), std::string("\u00ad"), std::string(600, 'a')})
    expect_failure(fixture.start("SCRAM-SHA-256")->step("n,,n=" + name + ",r=abcdefghijkl"), Failure::credentials);
  EXPECT_TRUE(fixture.store.asked_for.empty());
}

TEST(Scram, CommaAndEqualsSignInALoginAreEscaped) {
  Fixture fixture;
  fixture.store.add("a,b=c", "pencil");
  EXPECT_EQ(log_in(fixture, "SCRAM-SHA-256", {.user = "a=2Cb=3Dc"}).identity.login, "a,b=c");
}

TEST(ScramMessage, TellsWhoAClientClaimsToBe) {
  const auto first = parse_scram_client_first("p=tls-exporter,a=b=2Cc,n=u=3Dv,r=nonce,x=y");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->flag, 'p');
  EXPECT_EQ(first->binding_type, "tls-exporter");
  EXPECT_EQ(first->authzid, "b,c");
  EXPECT_EQ(first->login, "u=v");
}

TEST(ScramMessage, TellsTheIterations) {
  EXPECT_EQ(scram_iterations("r=a,s=b,i=4096"), 4096U);
  EXPECT_EQ(scram_iterations("r=a,s=b,i=4096,x=y"), 4096U);
  for (const char* bad : {"", "r=a", "r=a,s=b", "r=a,s=b,i=", "r=a,s=b,i=-1", "r=a,s=b,i=4096x", "e=no"})
    EXPECT_FALSE(scram_iterations(bad).has_value()) << bad;
}

TEST(Scram, SeveralExchangesRunAtOnce) {
  Fixture fixture;
  fixture.store.notes = false;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&fixture, &good] {
      for (int turn = 0; turn < 5; ++turn) {
        good += log_in(fixture, "SCRAM-SHA-256", {}).kind == Step::Kind::succeeded;
        good += succeeded(converse(fixture, "SCRAM-SHA-1", ann()));
        good += succeeded(converse(fixture, "PLAIN", ann()));
        good += succeeded(converse(fixture, "CRAM-MD5", ann()));
        good += succeeded(converse(fixture, "DIGEST-MD5", ann()));
        good += converse(fixture, "LOGIN", ann("wrong")).last.kind == Step::Kind::failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 4 * 5 * 6);
}

}  // namespace
}  // namespace ringpost::sasl
