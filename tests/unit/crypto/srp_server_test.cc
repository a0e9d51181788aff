#include "crypto/srp_server.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/srp_verifier.h"
#include "support/srp_client.h"

namespace ringpost::crypto {
namespace {

using test::SrpClient;

TEST(SrpServer, BothSidesComeToTheSameSecret) {
  for (const Digest kind : {Digest::sha1, Digest::sha256}) {
    const std::string salt(16, '\x5a');
    const auto server = SrpServer::start(srp_verifier(kind, "ann", "secret", salt).value());
    ASSERT_TRUE(server) << server.error().reason;
    const SrpClient client(kind);
    const auto secret = server->secret(kind, client.public_key());
    ASSERT_TRUE(secret) << secret.error().reason;
    EXPECT_EQ(*secret, client.secret("ann", "secret", salt, server->public_key()));
    EXPECT_NE(*secret, client.secret("ann", "Secret", salt, server->public_key()));
    EXPECT_NE(*secret, client.secret("bob", "secret", salt, server->public_key()));
  }
}

TEST(SrpServer, KeysAreNewEachTime) {
  const std::string verifier(200, '\x11');
  EXPECT_NE(SrpServer::start(verifier)->public_key(), SrpServer::start(verifier)->public_key());
}

TEST(SrpServer, ClientKeysThatGiveTheSecretAwayAreRefused) {
  const auto server = SrpServer::start(std::string(200, '\x11'));
  ASSERT_TRUE(server);
  for (const std::string& key : {std::string(), std::string(1, '\0'), std::string(256, '\0'),
                                 std::string(srp_modulus_octets()), std::string(257, '\1')}) {
    EXPECT_FALSE(server->secret(Digest::sha1, key)) << key.size();
  }
  EXPECT_TRUE(server->secret(Digest::sha1, std::string(1, '\2')));
}

TEST(SrpServer, VerifierMustBeANumberOfTheGroup) {
  for (const std::string& verifier : {std::string(), std::string(4, '\0'), std::string(srp_modulus_octets()),
                                      std::string(256, '\xff'), std::string(257, '\1')})
    EXPECT_FALSE(SrpServer::start(verifier));
}

}  // namespace
}  // namespace ringpost::crypto
