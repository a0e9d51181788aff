// What is offered where, and the mechanisms that need no password: EXTERNAL, GSSAPI.
#include <fstream>

#include "sasl/conversation.h"
#include "sasl/gssapi_exchange.h"

namespace ringpost::sasl {
namespace {

using namespace std::string_literals;

Channel with_certificate(std::vector<std::string> identities) {
  Channel channel = tls_channel();
  channel.certificate_identities = std::move(identities);
  return channel;
}

TEST(Server, OffersInTheConfiguredOrderWhatStoreAndChannelAllow) {
  Fixture fixture;
  EXPECT_THAT(fixture.server->mechanisms(with_certificate({"x"})), testing::ElementsAreArray(every_mechanism));
  EXPECT_THAT(fixture.server->mechanisms(tls_channel()), testing::Not(testing::Contains("EXTERNAL")));
  Channel unbound = tls_channel();
  unbound.binding.clear();
  EXPECT_THAT(fixture.server->mechanisms(unbound),
              ElementsAre("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"));
  fixture.store.able = {.plain = true, .scram_sha1 = true};
  EXPECT_THAT(fixture.server->mechanisms(with_certificate({"x"})),
              ElementsAre("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN"));
  fixture.options.mechanisms = {"LOGIN", "PLAIN", "LOGIN"};
  fixture.server = fixture.make();
  EXPECT_THAT(fixture.server->mechanisms(tls_channel()), ElementsAre("LOGIN", "PLAIN"));
}

TEST(Server, OffersNothingWithoutEncryptionUnlessConfigured) {
  Fixture fixture;
  EXPECT_TRUE(fixture.server->mechanisms({}).empty());
  EXPECT_EQ(fixture.server->start("PLAIN", {}).error().kind, ErrorKind::refused);
  EXPECT_EQ(fixture.server->start("SCRAM-SHA-256", {}).error().kind, ErrorKind::refused);
  fixture.options.plaintext_without_tls = true;
  fixture.server = fixture.make();
  EXPECT_THAT(fixture.server->mechanisms({}),
              ElementsAre("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"));
  EXPECT_TRUE(fixture.server->start("PLAIN", {}).has_value());
}

TEST(Server, StartsOnlyWhatItOffers) {
  Fixture fixture;
  for (const char* name : {"", "NTLM", "ANONYMOUS", "SCRAM-SHA-512", "EXTERNAL", "PLAIN "})
    EXPECT_EQ(fixture.server->start(name, tls_channel()).error().kind, ErrorKind::not_found) << name;
  EXPECT_TRUE(fixture.server->start("scram-sha-256", tls_channel()).has_value());
  fixture.options.mechanisms = {"PLAIN"};
  fixture.server = fixture.make();
  EXPECT_EQ(fixture.server->start("LOGIN", tls_channel()).error().kind, ErrorKind::not_found);
}

TEST(Server, AnUnknownMechanismIsAnErrorAtTheStart) {
  FakeStore store;
  const Options options{.mechanisms = {"PLAIN", "PLAYN"}, .realm = "", .keytab = "", .oauth2 = {}};
  const auto server = Server::create(options, "mx.example.com", store);
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().kind, ErrorKind::invalid);
  EXPECT_THAT(server.error().reason, HasSubstr("PLAYN"));
}

TEST(Server, KnowsWhichMechanismsAreWeak) {
  EXPECT_TRUE(weak_mechanism("CRAM-MD5"));
  EXPECT_TRUE(weak_mechanism("DIGEST-MD5"));
  EXPECT_FALSE(weak_mechanism("SCRAM-SHA-256"));
  EXPECT_FALSE(weak_mechanism("unheard of"));
}

TEST(External, TheCertificateNamesTheAccount) {
  const Fixture fixture;
  const Step step = fixture.start("EXTERNAL", with_certificate({"nobody", "ann@example.com", "user"}))->step("");
  EXPECT_EQ(step.kind, Step::Kind::succeeded);
  EXPECT_EQ(step.identity.login, "ann@example.com");
  EXPECT_TRUE(succeeded(converse(fixture, "EXTERNAL", {}, with_certificate({"user"}))));
}

TEST(External, WithoutAnInitialResponseItAsks) {
  const Fixture fixture;
  const auto exchange = fixture.start("EXTERNAL", with_certificate({"user"}));
  const Step step = exchange->step(std::nullopt);
  EXPECT_EQ(step.kind, Step::Kind::challenge);
  EXPECT_TRUE(step.output.empty());
  EXPECT_EQ(exchange->step("").identity.login, "user");
}

TEST(External, TheAuthorizationIdentityMustBeThatAccount) {
  const Fixture fixture;
  const auto say = [&](const std::string& authzid) {
    return fixture.start("EXTERNAL", with_certificate({"nobody", "ann@example.com", "user"}))->step(authzid);
  };
  EXPECT_EQ(say("user").identity.login, "user");
  EXPECT_EQ(say("ann@example.com").identity.login, "ann@example.com");
  expect_failure(say("nobody"), Failure::not_permitted);
  expect_failure(say("bob@example.com"), Failure::not_permitted);
  expect_failure(say("us\0er"s), Failure::malformed);
  expect_failure(say("\xff\xfe"), Failure::malformed);
}

TEST(External, StrangersDisabledAccountsAndBackEndsThatAreDown) {
  Fixture fixture;
  const Step stranger = fixture.start("EXTERNAL", with_certificate({"nobody", "\xff\xfe"}))->step("");
  expect_failure(stranger, Failure::credentials);
  fixture.store.at("user").enabled = false;
  expect_failure(fixture.start("EXTERNAL", with_certificate({"user"}))->step(""), Failure::credentials);
  fixture.store.down = true;
  expect_failure(fixture.start("EXTERNAL", with_certificate({"user"}))->step(""), Failure::unavailable);
}

TEST(Gssapi, ARealmThatIsNotOursNamesNoAccount) {
  EXPECT_EQ(local_principal("ann@EXAMPLE.COM", "", "mx.example.com"), "ann");
  EXPECT_EQ(local_principal("ann@MX.EXAMPLE.COM", "", "mx.example.com"), "ann");
  EXPECT_EQ(local_principal("ann@OFFICE", "OFFICE", "mx.example.com"), "ann");
  EXPECT_EQ(local_principal("ann@EXAMPLE.COM", "OFFICE", "mx.example.com"), "");
  EXPECT_EQ(local_principal("ann@EXAMPLE.NET", "", "mx.example.com"), "");
  EXPECT_EQ(local_principal("ann@AMPLE.COM", "", "mx.example.com"), "");
  EXPECT_EQ(local_principal("ann@COM", "", "mx.example.com"), "");
  EXPECT_EQ(local_principal("ann", "", "mx.example.com"), "");
  EXPECT_EQ(local_principal("ann@", "", "mx.example.com"), "");
}

TEST(Gssapi, NeedsAKeytabAndTakesNoNonsense) {
  FakeStore store;
  Options options{.mechanisms = {"GSSAPI"}, .realm = "", .keytab = "/nonexistent/keytab", .oauth2 = {}};
  const auto missing = Server::create(options, "mx.example.com", store);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::invalid);
  EXPECT_THAT(missing.error().reason, HasSubstr("/nonexistent/keytab"));

  options.keytab = testing::TempDir() + "ringpost-empty.keytab";
  std::ofstream(options.keytab, std::ios::binary) << "\x05\x02";
  const auto server = Server::create(options, "mx.example.com", store);
  ASSERT_TRUE(server.has_value()) << server.error().reason;
  EXPECT_THAT((*server)->mechanisms(tls_channel()), ElementsAre("GSSAPI"));
  auto exchange = (*server)->start("GSSAPI", tls_channel());
  ASSERT_TRUE(exchange.has_value());
  EXPECT_EQ((*exchange)->step(std::nullopt).kind, Step::Kind::challenge);
  EXPECT_EQ((*exchange)->step("no token of Kerberos\0"s).kind, Step::Kind::failed);
}

}  // namespace
}  // namespace ringpost::sasl
