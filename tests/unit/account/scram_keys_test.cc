#include "account/scram_keys.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/hmac.h"

namespace ringpost::account {
namespace {

// RFC 5802 5.
TEST(ScramKeys, SignAsTheServerOfRfc5802Does) {
  const auto keys = derive_scram_keys("pencil", base64_decode("QSXCR+Q6sek8bf92").value_or(""), 4096, false);
  const std::string messages =
      "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
  EXPECT_EQ(base64_encode(crypto::hmac(crypto::Digest::sha1, keys.server_key, messages)),
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
  const std::string signature = crypto::hmac(crypto::Digest::sha1, keys.stored_key, messages);
  std::string client_key = base64_decode("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=").value_or("");
  ASSERT_EQ(client_key.size(), signature.size());
  for (std::size_t i = 0; i < client_key.size(); ++i) client_key[i] = static_cast<char>(client_key[i] ^ signature[i]);
  EXPECT_EQ(crypto::digest(crypto::Digest::sha1, client_key), keys.stored_key);
}

// RFC 7677 3.
TEST(ScramKeys, SignAsTheServerOfRfc7677Does) {
  const auto keys = derive_scram_keys("pencil", base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==").value_or(""), 4096, true);
  const std::string messages =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,"
      "i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  EXPECT_EQ(base64_encode(crypto::hmac(crypto::Digest::sha256, keys.server_key, messages)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(ScramKeys, MatchTheirPasswordOnly) {
  for (const bool sha256 : {true, false}) {
    const auto keys = make_scram_keys("pencil", sha256, 100);
    EXPECT_TRUE(scram_keys_match(keys, "pencil", sha256));
    EXPECT_FALSE(scram_keys_match(keys, "pencils", sha256));
    EXPECT_FALSE(scram_keys_match(keys, "pencil", !sha256));
    EXPECT_NE(keys.salt, make_scram_keys("pencil", sha256, 100).salt);
  }
}

TEST(ScramKeys, AreReadAsTheyAreWritten) {
  for (const bool sha256 : {true, false}) {
    const auto keys = make_scram_keys("pencil", sha256, 100);
    const std::string text = print_scram_keys(keys, sha256);
    EXPECT_TRUE(text.starts_with(sha256 ? "SCRAM-SHA-256$100:" : "SCRAM-SHA-1$100:")) << text;
    EXPECT_EQ(parse_scram_keys(text, sha256), keys);
    EXPECT_FALSE(parse_scram_keys(text, !sha256).has_value());
  }
}

TEST(ScramKeys, AreReadAsDovecotWritesThem) {
  const auto keys = make_scram_keys("pencil", true, 100);
  const std::string text =
      "100," + base64_encode(keys.salt) + "," + base64_encode(keys.stored_key) + "," + base64_encode(keys.server_key);
  EXPECT_EQ(parse_scram_keys("{SCRAM-SHA-256}" + text, true), keys);
  EXPECT_EQ(parse_scram_keys(text, true), keys);
}

TEST(ScramKeys, OutOfBoundsAreRefused) {
  const auto keys = make_scram_keys("pencil", true, 100);
  const std::string rest =
      ":" + base64_encode(keys.salt) + "$" + base64_encode(keys.stored_key) + ":" + base64_encode(keys.server_key);
  EXPECT_TRUE(parse_scram_keys("100" + rest, true).has_value());
  for (const std::string& text :
       {std::string(), "0" + rest, "-1" + rest, "5000001" + rest, "99999999999999999999999" + rest, rest,
        "100" + rest + ":", "100:$" + base64_encode(keys.stored_key) + ":" + base64_encode(keys.server_key),
        std::string("100:!!!$a:b"), std::string(100, '$'), std::string("SCRAM-SHA-256$")})
    EXPECT_FALSE(parse_scram_keys(text, true).has_value()) << text;
}

TEST(DecoyKeys, LookLikeAnyOthersAndAreAlwaysTheSame) {
  const ScramKeys like{4096, std::string(40, 's'), std::string(32, 'k'), std::string(32, 'v')};
  const auto keys = decoy_keys(std::string(32, 'x'), like, true);
  EXPECT_EQ(keys.iterations, 4096U);
  EXPECT_EQ(keys.salt.size(), 40U);
  EXPECT_EQ(keys.stored_key.size(), 32U);
  EXPECT_EQ(keys, decoy_keys(std::string(32, 'x'), like, true));
  EXPECT_NE(keys.salt, decoy_keys(std::string(32, 'y'), like, true).salt);
  EXPECT_EQ(decoy_keys(std::string(32, 'x'), {}, false).iterations, scram_iterations);
  EXPECT_EQ(decoy_keys(std::string(32, 'x'), {}, false).stored_key.size(), 20U);
}

}  // namespace
}  // namespace ringpost::account
