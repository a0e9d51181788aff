#include "tls/certificate.h"

#include <gtest/gtest.h>

#include <ctime>

#include "support/certificates.h"

namespace ringpost::tls {
namespace {

std::string der_of(const std::string& name) {
  auto& certificates = test::Certificates::get();
  certificates.openssl("x509 -in " + name + ".pem -outform DER -out " + name + ".der");
  return certificates.read(certificates.path(name + ".der"));
}

TEST(Certificate, SaysWhatOpensslPutIntoIt) {
  const std::string der = der_of("ecdsa");
  const auto facts = read_certificate(der);
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->subject, "CN=ecdsa,O=Test");
  EXPECT_EQ(facts->dns_names, (std::vector<std::string>{"mail.example.org", "*.wild.example.org"}));
  EXPECT_EQ(facts->addresses, std::vector<std::string>{std::string("\x7f\0\0\1", 4)});
  EXPECT_FALSE(facts->is_authority);
  EXPECT_LE(facts->not_before, std::time(nullptr));
  EXPECT_GT(facts->not_after, std::time(nullptr) + 29 * 24 * 3600);
  auto& certificates = test::Certificates::get();
  std::string shown = certificates.openssl("x509 -in ecdsa.pem -noout -fingerprint -sha256");
  std::string digits;
  for (const char c : shown.substr(shown.find('=') + 1)) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += static_cast<char>(std::tolower(c));
  }
  EXPECT_EQ(certificate_fingerprint(der), digits);
}

TEST(Certificate, UsageAndAuthority) {
  const auto client = read_certificate(der_of("client"));
  ASSERT_TRUE(client.has_value());
  EXPECT_TRUE(client->for_clients);
  EXPECT_FALSE(client->for_servers);
  const auto root = read_certificate(der_of("root"));
  ASSERT_TRUE(root.has_value());
  EXPECT_TRUE(root->is_authority && root->may_sign_certificates);
  EXPECT_EQ(root->path_length, -1);
}

TEST(Certificate, NamesMatchByWholeLabels) {
  EXPECT_TRUE(name_matches("a.example", "a.example"));
  EXPECT_TRUE(name_matches("*.b.example", "a.b.example"));
  EXPECT_FALSE(name_matches("*.b.example", "b.example"));
  EXPECT_FALSE(name_matches("*.b.example", "x.a.b.example"));
  EXPECT_FALSE(name_matches("*.b.example", ".b.example"));
  EXPECT_FALSE(name_matches("*.example", "a.example"));
  EXPECT_FALSE(name_matches("a*.b.example", "ab.b.example"));
  EXPECT_FALSE(name_matches("*", "a"));
  EXPECT_FALSE(name_matches("", ""));
}

TEST(Certificate, TheCommonNameCountsOnlyWithoutAlternativeNames) {
  CertificateFacts facts;
  facts.common_name = "Mail.example.org";
  EXPECT_TRUE(stands_for(facts, "mail.example.org."));
  EXPECT_FALSE(stands_for(facts, "192.0.2.1"));
  facts.has_alternative_names = true;
  EXPECT_FALSE(stands_for(facts, "mail.example.org"));
}

TEST(Certificate, DamagedOnesAreReadOrNotAndNeverPastTheEnd) {
  const std::string der = der_of("client");
  for (std::size_t i = 0; i < der.size(); ++i) {
    static_cast<void>(read_certificate(std::string(der.substr(0, i))));
    for (const char octet : {'\0', '\x30', '\x7f', '\x84', '\xff'}) {
      std::string damaged = der;
      damaged[i] = octet;
      static_cast<void>(read_certificate(damaged));
    }
  }
  EXPECT_FALSE(read_certificate("").has_value());
  EXPECT_FALSE(read_certificate("hello").has_value());
}

TEST(Certificate, DatesOfBothForms) {
  EXPECT_EQ(read_der_time({der::utc_time, "700101000001Z", {}}), 1);
  EXPECT_EQ(read_der_time({der::utc_time, "491231235959Z", {}}), 2524607999);
  EXPECT_EQ(read_der_time({der::generalized_time, "20500101000000Z", {}}), 2524608000);
  EXPECT_EQ(read_der_time({der::utc_time, "7001010000Z", {}}), 0);
  EXPECT_EQ(read_der_time({der::integer, "700101000001Z", {}}), 0);
}

}  // namespace
}  // namespace ringpost::tls
