#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "crypto/digest.h"
#include "crypto/password_hash.h"
#include "crypto/pbkdf2.h"
#include "crypto/seal.h"
#include "crypto/srp_verifier.h"

namespace ringpost::crypto {
namespace {

std::string hex(std::string_view octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

TEST(Pbkdf2, GivesTheVectorsOfRfc6070AndTheirSha256Kin) {
  EXPECT_EQ(hex(pbkdf2(Digest::sha1, "password", "salt", 1, 20)), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  EXPECT_EQ(hex(pbkdf2(Digest::sha1, "password", "salt", 4096, 20)), "4b007901b765489abead49d926f721d065a429c1");
  EXPECT_EQ(hex(pbkdf2(Digest::sha1, "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25)),
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
  EXPECT_EQ(hex(pbkdf2(Digest::sha256, "passwd", "salt", 1, 64)),  // RFC 7914 11
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
            "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
}

TEST(Pbkdf2, TakesAnEmptyPassword) {
  EXPECT_EQ(pbkdf2(Digest::sha256, "", "salt", 2, 32).size(), 32U);
}

TEST(PasswordHash, IsYescryptAndVerifiesOnlyItsPassword) {
  const auto hash = hash_password("correct horse");
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(hash->starts_with("$y$")) << *hash;
  EXPECT_TRUE(check_password("correct horse", *hash));
  EXPECT_FALSE(check_password("correct hors", *hash));
  EXPECT_FALSE(check_password("correct horse ", *hash));
  EXPECT_NE(*hash, hash_password("correct horse").value_or(""));
}

TEST(PasswordHash, VerifiesWhatOtherSystemsWrote) {
  // crypt(3) of "secret": SHA-512, SHA-256, bcrypt, MD5.
  for (const char* hash :
       {"$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
        "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
        "$2b$05$CCCCCCCCCCCCCCCCCCCCC.pIKrLVkBX9/OvQMSygY1pWEVn72t6na", "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"})
    EXPECT_TRUE(check_password("secret", hash)) << hash;
}

TEST(PasswordHash, RefusesWhatIsNoHash) {
  for (const std::string_view hash :
       {std::string_view(""), std::string_view("secret"), std::string_view("*"), std::string_view("!"),
        std::string_view("abJnggxhB/yWI"), std::string_view("$"), std::string_view("$y$"),
        std::string_view("$zz$abc$def"), std::string_view("$y$j9T$a\0b", 9)}) {
    EXPECT_FALSE(known_hash(hash)) << hash;
    EXPECT_FALSE(check_password("secret", hash)) << hash;
  }
  EXPECT_FALSE(known_hash("$6$" + std::string(1000, 'a')));
}

TEST(PasswordHash, RefusesPasswordsThatCryptWouldCut) {
  EXPECT_FALSE(hash_password("").has_value());
  EXPECT_FALSE(hash_password(std::string_view("a\0b", 3)).has_value());
  EXPECT_FALSE(hash_password(std::string(512, 'x')).has_value());
  EXPECT_TRUE(hash_password(std::string(511, 'x')).has_value());
  const auto hash = hash_password("a");
  EXPECT_FALSE(check_password(std::string_view("a\0b", 3), hash.value_or("")));
}

TEST(Seal, OpensOnlyWithItsKeyAndItsLogin) {
  const SealingKey key(std::string(32, 'k'));
  const SealingKey other(std::string(32, 'o'));
  const std::string sealed = key.seal("secret", "ann");
  EXPECT_TRUE(sealed.starts_with("v1:"));
  EXPECT_TRUE(looks_sealed(sealed));
  EXPECT_EQ(key.open(sealed, "ann").value_or(""), "secret");
  EXPECT_FALSE(key.open(sealed, "bob").has_value());
  EXPECT_FALSE(other.open(sealed, "ann").has_value());
  EXPECT_NE(sealed, key.seal("secret", "ann"));
  EXPECT_EQ(key.open(key.seal("", "ann"), "ann").value_or("?"), "");
}

TEST(Seal, RefusesEveryChangedCharacter) {
  const SealingKey key(std::string(32, 'k'));
  const std::string sealed = key.seal("secret", "ann");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(key.open(changed, "ann").has_value()) << i;
  }
  for (std::size_t i = 0; i < sealed.size(); ++i) EXPECT_FALSE(key.open(sealed.substr(0, i), "ann").has_value()) << i;
}

TEST(Seal, ReadsAKeyInBase64OrHexadecimalAndNothingElse) {
  const std::string path = testing::TempDir() + "/key";
  const auto read = [&path](const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    return SealingKey::read(path);
  };
  EXPECT_TRUE(read(SealingKey::generate() + "\n").has_value());
  EXPECT_TRUE(read(std::string(64, 'a')).has_value());
  EXPECT_FALSE(read(std::string(62, 'a')).has_value());
  EXPECT_FALSE(read(std::string(63, 'a') + "g").has_value());
  EXPECT_FALSE(read("").has_value());
  EXPECT_FALSE(read(std::string(100'000, 'a')).has_value());
  EXPECT_EQ(SealingKey::read(path + "-missing").error().kind, ErrorKind::not_found);
}

TEST(SrpVerifier, IsWhatPowersOfIntegersSay) {
  const std::string salt("\xbe\xb2\x53\x79\xd1\xa8\x58\x1e\xb5\xa7\x27\x67\x3a\x24\x41\xee");  // RFC 5054 appendix B
  const auto sha1 = srp_verifier(Digest::sha1, "alice", "password123", salt);
  const auto sha256 = srp_verifier(Digest::sha256, "alice", "password123", salt);
  ASSERT_TRUE(sha1.has_value() && sha256.has_value());
  EXPECT_EQ(hex(digest(Digest::sha256, *sha1)), "1a60a3e5e2f7f869622b56a6a33d46f0e53b2c8cb48700b867cd734015bacb7a");
  EXPECT_EQ(hex(digest(Digest::sha256, *sha256)), "7b59594243b1ba2b5a35226c173b52bde2a00dc63fb64ab2a25cec7dfbc3bd25");
  EXPECT_FALSE(srp_verifier(Digest::sha1, "", "password123", salt).has_value());
  EXPECT_FALSE(srp_verifier(Digest::md5, "alice", "password123", salt).has_value());
}

}  // namespace
}  // namespace ringpost::crypto
