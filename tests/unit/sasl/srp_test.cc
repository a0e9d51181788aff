#include <gtest/gtest.h>

#include <string>

#include "account_store_stub.h"
#include "crypto/srp_verifier.h"
#include "sasl/srp_exchange.h"
#include "sasl/srp_message.h"
#include "sasl/srp_proof.h"
#include "support/srp_client.h"

namespace ringpost::sasl {
namespace {

using crypto::Digest;

std::string element(std::size_t length_octets, const std::string& value) {
  std::string out;
  for (std::size_t i = length_octets; i > 0; --i) out += static_cast<char>(value.size() >> 8 * (i - 1) & 0xff);
  return out + value;
}

std::string message(const std::string& elements) {
  return element(4, elements);
}

std::string identity(const std::string& user, const std::string& as) {
  return message(element(2, user) + element(2, as) + element(2, "") + element(1, ""));
}

// What the server has said first.
struct Parameters {
  std::string salt, key, offered;
};

Parameters read_parameters(const std::string& octets) {
  std::size_t at = 4 + 1;
  const auto take = [&](std::size_t length_octets) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < length_octets; ++i) size = size << 8 | static_cast<unsigned char>(octets.at(at++));
    at += size;
    return octets.substr(at - size, size);
  };
  EXPECT_EQ(take(2), crypto::srp_modulus_octets());
  EXPECT_EQ(take(2), crypto::srp_generator_octets());
  Parameters parameters;
  parameters.salt = take(1);
  parameters.key = take(2);
  parameters.offered = take(2);
  EXPECT_EQ(at, octets.size());
  return parameters;
}

struct Login {
  std::string user = "ann", as{}, password = "secret", wanted = "mda=SHA-1,maxbuffersize=1024";
  Digest kind = Digest::sha1;
};

struct SrpFixture : testing::Test {
  StoreStub store;
  std::unique_ptr<ServerExchange> exchange = make_srp_exchange(store);

  void add(const std::string& user, const std::string& password, Digest kind = Digest::sha1) {
    const std::string salt(16, 's');
    store.add(user).srp = account::SrpVerifier{.digest = kind == Digest::sha1 ? "SHA-1" : "SHA-256",
                                               .salt = salt,
                                               .verifier = crypto::srp_verifier(kind, user, password, salt).value()};
  }

  // The last step, and in `proof_` whether the server's proof was right.
  Step run(const Login& login) {
    exchange = make_srp_exchange(store);
    const Step first = exchange->step(identity(login.user, login.as));
    if (first.kind != Step::Kind::challenge) return first;
    const Parameters server = read_parameters(first.output);
    const test::SrpClient client(login.kind);
    const std::string key =
        crypto::digest(login.kind, client.secret(login.user, login.password, server.salt, server.key));
    const SrpTranscript transcript{.kind = login.kind,
                                   .user = login.user,
                                   .identity = login.as,
                                   .salt = server.salt,
                                   .client_key = client.public_key(),
                                   .server_key = server.key,
                                   .offered = server.offered,
                                   .wanted = login.wanted,
                                   .key = key};
    const std::string proof = srp_client_proof(transcript);
    Step second = exchange->step(message(element(2, client.public_key()) + element(1, proof) +
                                         element(2, login.wanted) + element(1, std::string(16, 'v'))));
    if (second.kind != Step::Kind::challenge) return second;
    const std::string expected = element(1, srp_server_proof(transcript, proof));
    proof_ = second.output.substr(4, expected.size()) == expected && second.output.ends_with(std::string(6, '\0'));
    return exchange->step("");
  }

  bool proof_ = false;
};
using SrpExchange = SrpFixture;

TEST_F(SrpExchange, BothSidesProveThemselves) {
  add("ann", "secret");
  const Step step = run({});
  EXPECT_EQ(step.kind, Step::Kind::succeeded) << step.reason;
  EXPECT_EQ(step.identity.login, "ann");
  EXPECT_TRUE(proof_);
}

TEST_F(SrpExchange, LargerDigest) {
  add("ann", "secret", Digest::sha256);
  EXPECT_EQ(run({.wanted = "mda=SHA-256", .kind = Digest::sha256}).kind, Step::Kind::succeeded);
  EXPECT_TRUE(proof_);
}

TEST_F(SrpExchange, FirstMessageMayComeLater) {
  EXPECT_EQ(exchange->step(std::nullopt).output, "");
  EXPECT_EQ(exchange->step(identity("ann", "")).kind, Step::Kind::challenge);
}

TEST_F(SrpExchange, WrongPasswordUnknownUserAndNoVerifierAreOneFailure) {
  add("ann", "secret");
  store.add("bob");
  for (const Login& login : {Login{.password = "Secret"}, Login{.user = "bob"}, Login{.user = "carl"},
                             Login{.user = "carl", .password = ""}}) {
    const Step step = run(login);
    EXPECT_EQ(step.kind, Step::Kind::failed);
    EXPECT_EQ(step.failure, Failure::credentials) << step.reason;
    const Step after = exchange->step("");
    EXPECT_EQ(after.kind, Step::Kind::failed);
  }
  store.accounts[0].second.enabled = false;
  EXPECT_EQ(run({}).failure, Failure::credentials);
}

TEST_F(SrpExchange, UnknownUserHasAlwaysTheSameSaltAsARealOneHas) {
  const auto salt = [this](const std::string& user) {
    exchange = make_srp_exchange(store);
    return read_parameters(exchange->step(identity(user, "")).output).salt;
  };
  EXPECT_EQ(salt("nobody"), salt("nobody"));
  EXPECT_EQ(salt("nobody").size(), 16U);
}

TEST_F(SrpExchange, NobodyActsAsSomebodyElse) {
  add("ann", "secret");
  EXPECT_EQ(run({.as = "bob"}).failure, Failure::not_permitted);
  EXPECT_EQ(run({.as = "ann"}).kind, Step::Kind::succeeded);
}

TEST_F(SrpExchange, LayersAreNotGranted) {
  add("ann", "secret");
  for (const char* const wanted :
       {"", "mda=SHA-256", "mda=MD5", "mda=SHA-1,mda=SHA-1", "mda=SHA-1,integrity=HMAC-SHA-1",
        "mda=SHA-1,confidentiality=AES", "mda=SHA-1,replay_detection"})
    EXPECT_EQ(run({.wanted = wanted}).failure, Failure::malformed) << wanted;
}

TEST_F(SrpExchange, StoreThatIsDownIsUnavailable) {
  store.down = true;
  EXPECT_EQ(run({}).failure, Failure::unavailable);
}

TEST_F(SrpExchange, BrokenMessagesAreMalformed) {
  const std::string good = identity("ann", "ann");
  std::vector<std::string> broken{"x",
                                  good.substr(1),
                                  good + "x",
                                  good.substr(0, good.size() - 1),
                                  identity("", ""),
                                  identity(std::string("a\0b", 3), ""),
                                  message(element(2, "ann")),
                                  std::string(9000, 'x'),
                                  identity(std::string(600, 'a'), "")};
  for (const std::string& octets : broken) {
    exchange = make_srp_exchange(store);
    EXPECT_EQ(exchange->step(octets).failure, Failure::malformed);
  }
  add("ann", "secret");
  const std::string key(crypto::srp_modulus_octets());
  for (const std::string& octets :
       {std::string(), message(""),
        message(element(2, std::string(1, '\0')) + element(1, "p") + element(2, "mda=SHA-1") + element(1, "")),
        message(element(2, key) + element(1, "p") + element(2, "mda=SHA-1") + element(1, "")),
        message(element(2, "\2") + element(1, "p") + element(2, "mda=SHA-1"))}) {
    exchange = make_srp_exchange(store);
    EXPECT_EQ(exchange->step(good).kind, Step::Kind::challenge);
    const Step step = exchange->step(octets);
    EXPECT_EQ(step.kind, Step::Kind::failed);
    EXPECT_EQ(step.failure, Failure::malformed) << step.reason;
    EXPECT_EQ(exchange->step("").kind, Step::Kind::failed);
  }
}

}  // namespace
}  // namespace ringpost::sasl
