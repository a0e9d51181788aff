#include "tls/certificate_problem.h"

#include <gtest/gtest.h>

namespace ringpost::tls {
namespace {

TEST(CertificateProblem, IsToldFromTheWordsOfTheHandshakeToo) {
  const std::string before = "TLS handshake failed: " + std::string(problem::not_accepted);
  const auto both = [&](const std::string& words) {
    EXPECT_EQ(certificate_problem(before + words), certificate_problem(words)) << words;
    return certificate_problem(words);
  };
  EXPECT_EQ(both("its issuer is not trusted"), CertificateProblem::not_trusted);
  EXPECT_EQ(both("self-signed and not trusted"), CertificateProblem::not_trusted);
  EXPECT_EQ(both("expired"), CertificateProblem::expired);
  EXPECT_EQ(both("not as the TLSA records announce: not yet valid"), CertificateProblem::expired);
  EXPECT_EQ(both("made for another name than mx.example.org"), CertificateProblem::other_name);
  EXPECT_EQ(certificate_problem(before + "not made for servers"), CertificateProblem::other);
  EXPECT_EQ(certificate_problem("TLS handshake failed: the peer sent the alert certificate_expired"),
            CertificateProblem::none);
  EXPECT_EQ(certificate_problem(""), CertificateProblem::none);
}

}  // namespace
}  // namespace ringpost::tls
