// What is wrong with files is said at start, by name; stapling; what has changed.
#include "tls/server_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.h"

namespace ringpost::tls {
namespace {

using test::Certificates;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ServerOptions with(const CertificateFiles& files) {
  ServerOptions options;
  options.certificates.push_back(files);
  return options;
}

std::string problem_with(const ServerOptions& options) {
  auto context = ServerContext::create(options);
  return context ? "" : context.error().reason;
}

TEST(ServerContext, SaysWhichFileIsWrongAndHow) {
  auto& certificates = Certificates::get();
  const auto good = certificates.files("ecdsa");
  EXPECT_EQ(problem_with(with(good)), "");
  EXPECT_EQ(problem_with(ServerOptions{}), "no certificate is configured");

  auto files = good;
  files.certificate = certificates.path("absent.pem");
  EXPECT_EQ(problem_with(with(files)), files.certificate + ": there is no such file");
  certificates.write(certificates.path("text.pem"), "hello\n");
  files.certificate = certificates.path("text.pem");
  EXPECT_EQ(problem_with(with(files)), files.certificate + ": no PEM certificate in it");

  files = good;
  files.key = certificates.path("text.pem");
  EXPECT_EQ(problem_with(with(files)), files.key + ": no PEM key in it");
  files.key = certificates.path("client.key");
  EXPECT_EQ(problem_with(with(files)), files.key + ": the key does not match the certificate in " + files.certificate);
  files = certificates.files("rsa");
  files.key = certificates.path("client.key");
  EXPECT_THAT(problem_with(with(files)), HasSubstr("client.key"));

  EXPECT_THAT(problem_with(with(certificates.files("expired"))), HasSubstr("expired.pem: the certificate has expired"));
  EXPECT_THAT(problem_with(with(certificates.files("future"))),
              HasSubstr("future.pem: the certificate is not yet valid"));

  ServerOptions options = with(good);
  options.client_ca = certificates.path("text.pem");
  EXPECT_THAT(problem_with(options), HasSubstr("text.pem: no certificate of an authority in it"));
}

TEST(ServerContext, ExamineReportsAllProblemsOfAllFiles) {
  auto& certificates = Certificates::get();
  ServerOptions options = with(certificates.files("expired"));
  options.certificates.push_back(certificates.files("ecdsa"));
  options.certificates.push_back(certificates.files("absent"));
  options.certificates[1].ocsp = certificates.path("absent.ocsp");
  EXPECT_THAT(examine(options),
              ElementsAre(HasSubstr("expired"), HasSubstr("absent.pem"), HasSubstr("it is not stapled")));
  EXPECT_THAT(examine(with(certificates.files("ecdsa"))), IsEmpty());
}

TEST(ServerContext, AStampChangesWithEachFile) {
  auto& certificates = Certificates::get();
  certificates.write(certificates.path("changing.pem"), certificates.read(certificates.path("ecdsa.pem")));
  ServerOptions options = with({certificates.path("changing.pem"), certificates.path("ecdsa.key"), {}});
  const std::string before = stamp(options);
  EXPECT_EQ(stamp(options), before);
  certificates.write(certificates.path("changing.pem"), certificates.read(certificates.path("rsa.pem")));
  EXPECT_NE(stamp(options), before);
  std::filesystem::remove(certificates.path("changing.pem"));
  EXPECT_NE(stamp(options), before);
}

TEST(ServerContext, ACertificateThatExpiresSoonIsAWarning) {
  auto& certificates = Certificates::get();
  certificates.make_leaf("soon", "ec", "subjectAltName=DNS:soon.example", "inter", "-days 3");
  auto context = ServerContext::create(with(certificates.files("soon")));
  ASSERT_TRUE(context.has_value());
  EXPECT_THAT((*context)->warnings(), ElementsAre(HasSubstr("expires within a week")));
}

}  // namespace
}  // namespace ringpost::tls
