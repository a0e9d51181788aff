#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/configuration.h"

namespace ringpost::config {
namespace {

using relay::TlsMode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems(const std::string& keys) {
  const auto result = parse("hostname = \"mx1.example.com\"\n[[route]]\n" + keys, "/etc/ringpost/ringpost.toml");
  std::vector<std::string> out;
  if (result) return out;
  for (const Problem& problem : result.error())
    out.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.message);
  return out;
}

relay::RouteOptions route(const std::string& keys) {
  const auto result = parse("hostname = \"mx1.example.com\"\n[[route]]\n" + keys, "/etc/ringpost/ringpost.toml");
  EXPECT_TRUE(result.has_value()) << result.error()[0].text();
  return result ? result->relay.routes.at(0) : relay::RouteOptions{};
}

constexpr const char* login = "auth = { user = \"us\", password_file = \"secret\" }\n";

TEST(RouteCheck, TlsIsOpportunisticUnlessSaidOtherwise) {
  EXPECT_EQ(route("").tls, TlsMode::opportunistic);
  EXPECT_EQ(route("").tls_options, tls::ClientOptions{});
  EXPECT_EQ(route("tls = \"verified\"\n").tls, TlsMode::verified);
  EXPECT_THAT(problems("tls = \"never\"\n"), ElementsAre(HasSubstr("3:7 [[route]] tls: expected one of \"off\"")));
}

TEST(RouteCheck, FilesLieBesideTheConfiguration) {
  const auto with_files = route(
      "next_hop = \"smtp://a.example:587\"\ntls_ca_file = \"ca.pem\"\n"
      "tls_certificate = \"us.pem\"\ntls_key = \"/keys/us.pem\"\n" +
      std::string(login));
  EXPECT_EQ(with_files.tls_options.ca_file, "/etc/ringpost/ca.pem");
  EXPECT_EQ(with_files.tls_options.certificate, "/etc/ringpost/us.pem");
  EXPECT_EQ(with_files.tls_options.key, "/keys/us.pem");
  EXPECT_EQ(with_files.auth.user, "us");
  EXPECT_EQ(with_files.auth.password_file, "/etc/ringpost/secret");
  EXPECT_EQ(with_files.effective_tls(), TlsMode::verified);
}

TEST(RouteCheck, ACertificateHasItsKey) {
  EXPECT_THAT(problems("tls_certificate = \"us.pem\"\n"), ElementsAre(HasSubstr("3:19 [[route]] tls_certificate: ")));
  EXPECT_THAT(problems("tls_key = \"us.pem\"\n"), ElementsAre(HasSubstr("3:11 [[route]] tls_key: ")));
}

TEST(RouteCheck, TlsAndNextHopDoNotContradictEachOther) {
  EXPECT_THAT(problems("next_hop = \"smtps://a.example\"\ntls = \"off\"\n"),
              ElementsAre(HasSubstr("4:7 [[route]] tls: smtps:// is TLS from the first octet")));
  EXPECT_THAT(problems("next_hop = \"smtps://a.example\"\n"), IsEmpty());
  EXPECT_THAT(problems("next_hop = \"lmtp+unix:/run/l\"\ntls = \"required\"\n"),
              ElementsAre(HasSubstr("4:7 [[route]] tls: there is no TLS to lmtp+unix:")));
  EXPECT_THAT(problems("next_hop = [\"smtp://a.example\", \"smtp://192.0.2.1\"]\ntls = \"verified\"\n"),
              ElementsAre(HasSubstr("4:7 [[route]] tls: a certificate is verified for a host name")));
  EXPECT_THAT(problems("next_hop = \"smtp://[::1]\"\ntls = \"required\"\n"), IsEmpty());
  EXPECT_THAT(problems("tls = \"dane\"\n"), IsEmpty());
  EXPECT_THAT(problems("next_hop = \"smtp://192.0.2.1\"\ntls = \"dane\"\n"),
              ElementsAre(HasSubstr("4:7 [[route]] tls: DANE is about host names")));
}

TEST(RouteCheck, ALoginIsForAHostThatIsNamedAndVerified) {
  const std::string with_login = login;
  EXPECT_THAT(problems("next_hop = \"smtp://a.example:587\"\n" + with_login), IsEmpty());
  EXPECT_THAT(problems(with_login),
              ElementsAre(HasSubstr("3:8 [[route]] auth: a login is for hosts that next_hop names")));
  EXPECT_THAT(problems("next_hop = \"smtp://192.0.2.1:587\"\n" + with_login),
              ElementsAre(HasSubstr("4:8 [[route]] auth: the certificate of whoever gets the login is verified")));
  EXPECT_THAT(problems("next_hop = \"smtp://192.0.2.1:587\"\ntls = \"required\"\n" + with_login), IsEmpty());
  EXPECT_THAT(problems("next_hop = \"smtp://192.0.2.1:587\"\ntls = \"off\"\n" + with_login), IsEmpty());
  EXPECT_THAT(problems("next_hop = \"discard:\"\n" + with_login),
              ElementsAre(HasSubstr("4:8 [[route]] auth: there is no AUTH to")));
}

TEST(RouteCheck, ALoginIsComplete) {
  const std::string hop = "next_hop = \"smtp://a.example:587\"\n";
  EXPECT_THAT(problems(hop + "auth.password_file = \"secret\"\n"), ElementsAre(HasSubstr("auth: user is required")));
  EXPECT_THAT(problems(hop + "auth.user = \"us\"\n"), ElementsAre(HasSubstr("auth: password_file is required")));
  EXPECT_THAT(problems(hop + "auth = { user = \"us\", mechanism = \"XOAUTH2\" }\n"),
              ElementsAre(HasSubstr("auth: XOAUTH2 needs token_endpoint and refresh_token_file")));
  EXPECT_THAT(problems(hop + "auth = { user = \"us\", password_file = \"p\", mechanism = \"plain\" }\n"),
              ElementsAre(HasSubstr("4:56 [[route]] auth.mechanism: expected one of")));
  EXPECT_THAT(problems(hop + "auth = { user = \"us\", password_file = \"p\", token_endpoint = \"http://a.b/\" }\n"),
              ElementsAre(HasSubstr("[[route]] auth.token_endpoint: expected a URL that begins with https://")));
  EXPECT_THAT(problems(hop + "auth = { user = \"us\", mechanism = \"OAUTHBEARER\", refresh_token_file = \"r\", "
                             "token_endpoint = \"http://127.0.0.1:8080/token\" }\n"),
              IsEmpty());
}

TEST(RouteCheck, WeightsStandInOrder) {
  EXPECT_THAT(problems("next_hop = [\"smtp://a weight=3\", \"smtp://b weight=1\", \"smtp://c\"]\n"), IsEmpty());
  EXPECT_THAT(problems("next_hop = [\"smtp://a weight=0\"]\n"), ElementsAre(HasSubstr("a number from 1 to 1000")));
  EXPECT_THAT(problems("next_hop = [\"smtp://a weight=1 rank=2\", \"smtp://b weight=1\"]\n"),
              ElementsAre(HasSubstr("smtp://b has a lower rank than the one before it")));
}

TEST(RouteCheck, AProxyHasWhatItsProtocolNeeds) {
  EXPECT_THAT(problems("egress_proxy = \"socks5://a.example\"\n"), IsEmpty());
  EXPECT_THAT(problems("egress_proxy = \"http://a.example\"\n"),
              ElementsAre(HasSubstr("[[route]] egress_proxy: expected")));
  EXPECT_THAT(problems("egress_proxy = \"proxy://a.example:25\"\n"),
              ElementsAre(HasSubstr("source_addresses is required")));
  EXPECT_THAT(problems("egress_proxy = \"proxy://a.example:25\"\nsource_addresses = [\"192.0.2.1\", \"192.0.2.2\"]\n"),
              IsEmpty());
  EXPECT_THAT(problems("egress_proxy = \"socks5://a.example\"\nsource_addresses = [\"192.0.2.1\", \"2001:db8::1\"]\n"),
              IsEmpty());
  EXPECT_THAT(problems("egress_proxy = \"socks5://a.example\"\nsource_addresses = [\"192.0.2.1\", \"192.0.2.2\"]\n"),
              ElementsAre(HasSubstr("SOCKS5 cannot choose one")));
  EXPECT_THAT(problems("egress_proxy = \"socks5://a.example\"\nnext_hop = \"lmtp+unix:/run/l\"\n"),
              ElementsAre(HasSubstr("no proxy leads to lmtp+unix:")));
  EXPECT_THAT(problems("egress_proxy = \"socks5://a.example\"\negress_proxy_user = \"us\"\n"),
              ElementsAre(HasSubstr("are given together or not at all")));
  EXPECT_THAT(problems("egress_proxy_user = \"us\"\negress_proxy_password_file = \"p\"\n"),
              ElementsAre(HasSubstr("there is no egress_proxy to log in to")));
  EXPECT_EQ(route("egress_proxy = \"socks5://a\"\negress_proxy_user = \"us\"\negress_proxy_password_file = \"p\"\n")
                .egress_proxy_password_file,
            "/etc/ringpost/p");
}

}  // namespace
}  // namespace ringpost::config
