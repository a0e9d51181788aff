#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/configuration.h"

namespace ringpost::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string hostname = "hostname = \"mx1.example.com\"\n";

/// Each problem as "line:column message".
std::vector<std::string> problems(const std::string& text) {
  const auto result = parse(text, "/etc/ringpost/ringpost.toml");
  std::vector<std::string> out;
  if (result) return out;
  for (const Problem& problem : result.error()) {
    EXPECT_EQ(problem.file, "/etc/ringpost/ringpost.toml");
    out.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.message);
  }
  EXPECT_FALSE(out.empty());
  return out;
}

Configuration good(const std::string& text) {
  auto result = parse(text, "/etc/ringpost/ringpost.toml");
  if (!result) {
    for (const Problem& problem : result.error()) ADD_FAILURE() << problem.text();
    return {};
  }
  return std::move(*result);
}

TEST(Parse, HostnameAloneIsAConfiguration) {
  const Configuration c = good("hostname = \"MX1.Example.com\"");
  EXPECT_EQ(c.hostname, "mx1.example.com");
  EXPECT_EQ(c.server.hostname, c.hostname);
  EXPECT_EQ(c.relay.hostname, c.hostname);
  EXPECT_EQ(c.queue.hostname, c.hostname);
  EXPECT_EQ(c.queue.data_dir, "/var/lib/ringpost");
  EXPECT_GE(c.workers, 1U);
  EXPECT_EQ(c.queue.workers, c.workers);
  ASSERT_THAT(c.server.listeners, SizeIs(1));
  EXPECT_EQ(c.server.listeners[0].address, "[::]:25");
  EXPECT_EQ(c.server.listeners[0].role, server::Role::mx);
  ASSERT_THAT(c.relay_access.trusted_networks, SizeIs(2));
  EXPECT_EQ(c.relay_access.trusted_networks[0].text(), "127.0.0.0/8");
}

TEST(Parse, HostnameIsRequiredAndADomain) {
  EXPECT_THAT(problems(""), ElementsAre(HasSubstr("0:0 hostname is required")));
  EXPECT_THAT(problems("hostname = \"-x\""), ElementsAre(HasSubstr("1:12 hostname: expected our domain name")));
  EXPECT_THAT(problems("hostname = \"[192.0.2.1]\""), SizeIs(1));
  EXPECT_THAT(problems("hostname = 7"), ElementsAre(HasSubstr("not 7")));
}

TEST(Parse, AllProblemsComeInOneRunInTheOrderOfTheFile) {
  EXPECT_THAT(
      problems("workers = -1\n"
               "hostnam = \"mx\"\n"
               "[queue]\n"
               "max_age = \"five days\"\n"
               "retry = { first = \"5m\", factr = 2 }\n"
               "[log]\n"
               "level = \"loud\"\n"
               "[nonsense]\n"),
      ElementsAre(
          HasSubstr("0:0 hostname is required"), "1:11 workers: expected an integer from 0 to 256, not -1",
          "2:1 unknown key hostnam; did you mean hostname?",
          HasSubstr("4:11 [queue] max_age: expected a duration like"),
          "5:25 unknown key [queue] retry factr; did you mean factor?",
          HasSubstr("7:9 [log] level: expected one of \"debug\", \"info\", \"warning\", \"error\", not \"loud\""),
          HasSubstr("8:2 unknown key nonsense")));
}

TEST(Parse, AKeyInTheWrongTableIsLedHome) {
  EXPECT_THAT(problems("hostname = \"a.b\"\nmax_age = \"5d\"\n"),
              ElementsAre("2:1 unknown key max_age; did you mean [queue] max_age?"));
  EXPECT_THAT(problems("hostname = \"a.b\"\n[queue]\nlevel = \"info\"\n"),
              ElementsAre("3:1 unknown key [queue] level; did you mean [log] level?"));
}

TEST(Parse, RatesSourcesAndReplyRulesAreCheckedWhereTheyStand) {
  EXPECT_THAT(problems(hostname + "[[route]]\nrate = \"1000\"\nsource_addresses = [\"out1.example.com\"]\n"
                                  "[[reply_rule]]\ncode = \"250\"\nadvice = \"hope\"\n"),
              ElementsAre(HasSubstr("[[route]] rate: expected a rate like"), HasSubstr("[[route]] source_addresses"),
                          HasSubstr("[[reply_rule]] code: expected the beginning of a 4xx or 5xx code"),
                          HasSubstr("[[reply_rule]] advice: expected one of")));
}

TEST(Parse, BrokenTomlIsOneProblemWithItsPlace) {
  EXPECT_THAT(problems(hostname + "[queue\n"), ElementsAre(testing::StartsWith("2:")));
  EXPECT_THAT(problems("hostname = \"a.b\"\nhostname = \"c.d\"\n"), SizeIs(1));
  EXPECT_THAT(problems(hostname + "x = \"\xff\"\n"), SizeIs(1));
  EXPECT_THAT(problems(std::string("\0", 1)), SizeIs(1));
}

TEST(Parse, ListenersTakeTheirDefaultsFromTheRole) {
  const Configuration c = good(hostname +
                               "[[listener]]\naddress = \"0.0.0.0:25\"\n"
                               "[[listener]]\naddress = \"0.0.0.0:587\"\nrole = \"submission\"\n"
                               "[[listener]]\nauth = \"optional\"\naddress = \"[::1]:465\"\nrole = "
                               "\"submissions\"\nproxy_protocol_from = [\"10.0.0.0/8\"]\n");
  const auto& l = c.server.listeners;
  ASSERT_THAT(l, SizeIs(3));
  EXPECT_EQ(l[0].auth, server::AuthMode::off);
  EXPECT_EQ(l[1].tls, server::TlsMode::starttls);
  EXPECT_EQ(l[1].auth, server::AuthMode::required);
  EXPECT_EQ(l[2].tls, server::TlsMode::implicit);
  EXPECT_EQ(l[2].auth, server::AuthMode::optional);
  EXPECT_THAT(l[2].proxy_protocol_from, SizeIs(1));
}

TEST(Parse, ListenersThatContradictThemselvesAreRefused) {
  EXPECT_THAT(problems(hostname + "[[listener]]\ntls = \"implicit\"\n"),
              ElementsAre(HasSubstr("3:7 [[listener]] tls")));
  EXPECT_THAT(problems(hostname + "[[listener]]\nrole = \"submissions\"\ntls = \"off\"\n"), SizeIs(1));
  good(hostname + "[[listener]]\nauth = \"optional\"\n");
  EXPECT_THAT(problems(hostname + "[[listener]]\n[[listener]]\n"),
              ElementsAre(HasSubstr("[::]:25 is listened on twice")));
  EXPECT_THAT(problems(hostname + "[listener]\n"), ElementsAre(HasSubstr("expected tables [[listener]]")));
  EXPECT_THAT(problems(hostname + "listener = [1]\n"), SizeIs(1));
  good(hostname + "[[listener]]\naddress=\"[::]:0\"\n[[listener]]\naddress=\"[::]:0\"\n");
}

TEST(Parse, CertificatesAreFilesBesideTheConfiguration) {
  const Configuration c = good(hostname +
                               "[tls]\nmin_version = \"1.3\"\nclient_ca = \"ca.pem\"\n"
                               "certificates = [{ certificate = \"tls/a.pem\", key = \"/keys/a.pem\" },\n"
                               "{ certificate = \"b.pem\", key = \"b.key\", ocsp = \"b.der\" }]\n");
  ASSERT_THAT(c.tls.certificates, SizeIs(2));
  EXPECT_EQ(c.tls.certificates[0].certificate, "/etc/ringpost/tls/a.pem");
  EXPECT_EQ(c.tls.certificates[0].key, "/keys/a.pem");
  EXPECT_EQ(c.tls.certificates[0].ocsp, "");
  EXPECT_EQ(c.tls.certificates[1].ocsp, "/etc/ringpost/b.der");
  EXPECT_EQ(c.tls.client_ca, "/etc/ringpost/ca.pem");
  EXPECT_EQ(c.tls.min_version, tls::Version::tls_1_3);
  EXPECT_THAT(problems(hostname + "[tls]\ncertificates = [{ certificate = \"a\" }]\n"),
              ElementsAre(HasSubstr("each needs a certificate and a key")));
  EXPECT_THAT(problems(hostname + "[tls]\ncertificates = [{ cert = \"a\", key = \"b\" }]\n"),
              ElementsAre(HasSubstr("'cert'")));
  EXPECT_THAT(problems(hostname + "[tls]\ncertificates = \"a.pem\"\nmin_version = \"1.1\"\n"), SizeIs(2));
}

TEST(Parse, AuthKnowsItsMechanismsAndWhereAccountsAre) {
  const Configuration c = good(hostname +
                               "[auth]\nmechanisms = [\"PLAIN\", \"GSSAPI\"]\nusers = \"file:users.toml\"\n"
                               "plaintext_without_tls = true\nlogin_in_received = true\nkey_file = \"key\"\n");
  EXPECT_THAT(c.sasl.mechanisms, ElementsAre("PLAIN", "GSSAPI"));
  EXPECT_EQ(c.accounts.users, "file:/etc/ringpost/users.toml");
  EXPECT_EQ(c.accounts.key_file, "/etc/ringpost/key");
  EXPECT_TRUE(c.server.auth_without_tls);
  EXPECT_TRUE(c.server.login_in_received);
  EXPECT_THAT(problems(hostname + "[auth]\nmechanisms = [\"ANONYMOUS\"]\n"),
              ElementsAre(HasSubstr("'ANONYMOUS' is not a mechanism we know")));
  EXPECT_THAT(problems(hostname + "[auth]\nusers = \"users.toml\"\n"), SizeIs(1));
}

TEST(Parse, ATokenIssuerHasOneWayToBeChecked) {
  const std::string issuer = hostname + "[[token_issuer]]\nissuer = \"https://id.example.com\"\n";
  const Configuration c = good(issuer + "keys_file = \"keys.json\"\n");
  ASSERT_THAT(c.sasl.oauth2, SizeIs(1));
  EXPECT_EQ(c.sasl.oauth2[0].keys_file, "/etc/ringpost/keys.json");
  EXPECT_THAT(problems(issuer), ElementsAre(HasSubstr("expected one of")));
  EXPECT_THAT(problems(issuer + "keys_file = \"k\"\njwks_url = \"https://id.example.com/k\"\n"), SizeIs(1));
  EXPECT_THAT(problems(issuer + "jwks_url = \"ftp://id.example.com/k\"\n"), SizeIs(2));
  EXPECT_THAT(problems(hostname + "[[token_issuer]]\nkeys_file = \"k\"\n"),
              ElementsAre(HasSubstr("issuer is required")));
}

TEST(Parse, SenderRulesAreEnforcedUnlessSaidOtherwise) {
  using policy::Enforcement;
  const Configuration standard = good(hostname);
  EXPECT_EQ(standard.sender.envelope, Enforcement::enforce);
  EXPECT_EQ(standard.sender.header, Enforcement::enforce);
  EXPECT_EQ(standard.sender.display_name, Enforcement::log);
  EXPECT_TRUE(standard.sender.local_domains_require_auth);
  const Configuration c = good(hostname +
                               "[sender]\nheader = \"log\"\ndisplay_name = \"off\"\nprotected_names = [\"The Boss\"]\n"
                               "local_domains_require_auth = false\nlocal_domains_from = [\"10.0.0.0/8\"]\n");
  EXPECT_EQ(c.sender.header, Enforcement::log);
  EXPECT_THAT(c.sender.protected_names, ElementsAre("The Boss"));
  EXPECT_FALSE(c.sender.local_domains_require_auth);
  EXPECT_THAT(problems(hostname + "[sender]\nenvelope = \"on\"\nheader = true\n"), SizeIs(2));
}

TEST(Parse, TrustedCertificatesAreFingerprints) {
  const std::string print(64, 'a');
  EXPECT_THAT(
      good(hostname + "[relay]\ntrusted_certificates = [\"" + print + "\"]\n").relay_access.trusted_certificates,
      ElementsAre(print));
  EXPECT_THAT(problems(hostname + "[relay]\ntrusted_certificates = [\"aa:bb\"]\n"), SizeIs(1));
}

TEST(Parse, AddressesAreNumbersWithAPort) {
  for (const char* address : {"", "25", ":25", "localhost:25", "::1:25", "[127.0.0.1]:25", "127.0.0.1",
                              "127.0.0.1:", "127.0.0.1:65536", "[::]"})
    EXPECT_THAT(problems(hostname + "[[listener]]\naddress = \"" + address + "\"\n"), SizeIs(1)) << address;
}

TEST(Parse, DomainsAreUniqueAndDeliverSomewhere) {
  EXPECT_THAT(problems(hostname + "[[domain]]\nname = \"a.example\"\n[[domain]]\nname = \"A.example\"\n"),
              ElementsAre("5:8 [[domain]] name: a.example is given twice"));
  EXPECT_THAT(problems(hostname + "[[domain]]\n"), ElementsAre(HasSubstr("[[domain]] name is required")));
  EXPECT_THAT(problems(hostname + "[[domain]]\nname = \"a.example\"\ndeliver = \"mx\"\n"),
              ElementsAre(HasSubstr("4:11 [[domain]] deliver")));
  EXPECT_THAT(problems(hostname + "[[domain]]\nname = \"a.example\"\nrecipients = \"ldap:people\"\n"),
              ElementsAre(HasSubstr("not available in this version")));
  const Configuration c =
      good(hostname + "[[domain]]\nname = \"A.example\"\ndeliver = \"discard:\"\nrecipients = \"file:people\"\n");
  EXPECT_EQ(c.relay_access.domains[0].name, "a.example");
  EXPECT_EQ(c.relay_access.domains[0].recipients, "file:/etc/ringpost/people");
}

TEST(Parse, RoutesKeepTheirOrderAndTheirLists) {
  const Configuration c = good(hostname +
                               "[[route]]\ndomain = \"*.Example.net\"\nnext_hop = [\"smtp://a\", \"lmtp://b:26\"]\n"
                               "[[route]]\nnext_hop = \"discard:\"\nconnections_max = 3\n");
  ASSERT_THAT(c.relay.routes, SizeIs(2));
  EXPECT_EQ(c.relay.routes[0].domain, "*.example.net");
  EXPECT_THAT(c.relay.routes[0].next_hops, ElementsAre("smtp://a", "lmtp://b:26"));
  EXPECT_EQ(c.relay.routes[1].domain, "*");
  EXPECT_THAT(c.relay.routes[1].next_hops, ElementsAre("discard:"));
  EXPECT_EQ(c.relay.routes[1].connections_max, 3U);
}

TEST(Parse, NothingFailsOverFromAPath) {
  EXPECT_THAT(problems(hostname + "[[route]]\nnext_hop = [\"mx\", \"discard:\"]\n"),
              ElementsAre(HasSubstr("3:12 [[route]] next_hop: maildir: and discard: stand alone")));
  EXPECT_THAT(problems(hostname + "[[route]]\nnext_hop = [\"maildir:/m/{local}\", \"smtp://a\"]\n"), SizeIs(1));
  std::string many = "\"mx\"";
  for (int i = 0; i < 32; ++i) many += ", \"mx\"";
  EXPECT_THAT(problems(hostname + "[[route]]\nnext_hop = [" + many + "]\n"), ElementsAre(HasSubstr("more than 32")));
}

TEST(Parse, RoutesAreChecked) {
  EXPECT_THAT(problems(hostname +
                       "[[route]]\ndomain = \"*example.net\"\nnext_hop = [\"mx\", \"smtp://\"]\nconnections_max = 0\n"),
              SizeIs(3));
  EXPECT_THAT(problems(hostname + "[[route]]\nnext_hop = []\n"), ElementsAre(HasSubstr("the list is empty")));
  EXPECT_THAT(problems(hostname + "[[route]]\nnext_hop = [1]\n"), SizeIs(1));
}

TEST(Parse, NumbersStayInTheirRange) {
  EXPECT_THAT(
      problems(hostname + "[limits]\nmessage_size_max = \"1000\"\nrecipients_max = 0\nsessions_max = 4294967297\n"
                          "command_timeout = \"0s\"\nhops_max = 1.5\n[queue]\nretry.factor = nan\n"),
      SizeIs(6));
  EXPECT_THAT(problems(hostname + "[queue]\nretry = { first = \"5h\", max = \"4h\" }\n"),
              ElementsAre(HasSubstr("first is longer than max")));
  EXPECT_THAT(problems(hostname + "[queue]\nretry = \"5m\"\n"), ElementsAre(HasSubstr("expected a table")));
  EXPECT_DOUBLE_EQ(good(hostname + "[queue]\nretry.factor = 2\n").queue.retry.factor, 2.0);
}

TEST(Parse, ReportsOnTlsSayWhoMakesThem) {
  const std::string who = "organization = \"Example Inc.\"\ncontact = \"tls@example.com\"\n";
  EXPECT_THAT(problems(hostname + "[tls_report]\nenabled = true\n"),
              ElementsAre(HasSubstr("3:11 [tls_report] enabled wants organization and contact")));
  EXPECT_THAT(problems(hostname + "[tls_report]\ncontact = \"nobody\"\n"), ElementsAre(HasSubstr("mail address")));
  const auto report = good(hostname + "[tls_report]\nenabled = true\ntls_ca_file = \"../ca\"\n" + who).tls_report;
  EXPECT_EQ(report.sender(), "tls@example.com");
  EXPECT_EQ(report.ca_file, "/etc/ca");
  EXPECT_FALSE(good(hostname).tls_report.enabled);
}

TEST(Parse, AnAdminAddressForTheWorldNeedsAToken) {
  EXPECT_THAT(problems(hostname + "[admin]\naddress = \"0.0.0.0:8025\"\n"),
              ElementsAre(HasSubstr("3:11 [admin] token_file is required")));
  EXPECT_EQ(good(hostname + "[admin]\naddress = \"0.0.0.0:8025\"\ntoken_file = \"../token\"\n").admin.token_file,
            "/etc/token");
  good(hostname + "[admin]\naddress = \"[::1]:0\"\n");
  EXPECT_EQ(good(hostname + "[admin]\naddress = \"\"\n").admin.address, "");
}

TEST(Parse, TrustedNetworksReplaceTheDefault) {
  EXPECT_THAT(good(hostname + "[relay]\ntrusted_networks = []\n").relay_access.trusted_networks, SizeIs(0));
  EXPECT_THAT(problems(hostname + "[relay]\ntrusted_networks = [\"10.0.0.1/8\"]\n"),
              ElementsAre(HasSubstr("bits behind the prefix")));
  EXPECT_THAT(problems(hostname + "[relay]\ntrusted_networks = \"10.0.0.0/8\"\n"), SizeIs(1));
}

TEST(Load, SaysWhyAFileCannotBeRead) {
  const auto missing = load("/nonexistent/ringpost.toml", {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error()[0].text(), "/nonexistent/ringpost.toml: cannot be opened: No such file or directory");
  EXPECT_FALSE(load("/", {}).has_value());
}

TEST(Load, ReadsAFile) {
  const std::string path = testing::TempDir() + "ringpost_load_test.toml";
  std::ofstream(path) << hostname << "workers = 3\n";
  const auto c = load(path, {});
  std::filesystem::remove(path);
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->workers, 3U);
}

TEST(Parse, SourcesAreAddressesWithACompleteWarmUp) {
  const auto c = parse(
      "hostname = \"a.example\"\n[[source]]\naddress = \"2001:0db8::1\"\nwarm_up_start = \"2026-12-01\"\n"
      "warm_up = [1, 2]\n",
      "x.toml");
  ASSERT_TRUE(c.has_value()) << c.error()[0].text();
  EXPECT_EQ(c->relay.sources[0].address, "2001:db8::1");
  EXPECT_THAT(c->relay.sources[0].warm_up, ElementsAre(1U, 2U));
  for (const auto& [wrong, why] : std::vector<std::pair<std::string, std::string>>{
           {"weight = 2", "[[source]] address is required"},
           {"address = \"a.example\"", "[[source]] address: expected an IPv4 or IPv6 address"},
           {"address = \"192.0.2.1\"\nwarm_up = [5]", "warm_up_start and warm_up are given together"},
           {"address = \"192.0.2.1\"\nwarm_up_start = \"2026-12-01\"", "warm_up_start and warm_up are given together"},
           {"address = \"192.0.2.1\"\nwarm_up_start = \"1 Dec\"", "[[source]] warm_up_start: expected a date"},
           {"address = \"192.0.2.1\"\nwarm_up = [0]", "[[source]] warm_up: expected an array"},
           {"address = \"192.0.2.1\"\n[[source]]\naddress = \"192.0.2.1\"", "192.0.2.1 is given twice"}}) {
    const auto bad = parse("hostname = \"a.example\"\n[[source]]\n" + wrong + "\n", "x.toml");
    ASSERT_FALSE(bad.has_value()) << wrong;
    EXPECT_THAT(bad.error()[0].text(), HasSubstr(why));
  }
}

}  // namespace
}  // namespace ringpost::config
