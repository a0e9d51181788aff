#include "app/grants.h"

#include <gtest/gtest.h>

#include <map>

namespace ringpost::app {
namespace {

using sandbox::Access;
using sandbox::covers;
using sandbox::Grant;

config::Configuration parsed(const std::string& text) {
  auto configuration = config::parse("hostname = \"mx.example.com\"\n" + text, "/srv/config/ringpost.toml");
  EXPECT_TRUE(configuration.has_value()) << configuration.error()[0].text();
  return configuration ? *configuration : config::Configuration{};
}

Surroundings nothing_special(std::map<std::string, std::string> variables = {},
                             std::map<std::string, std::string> links = {}) {
  return {.variable =
              [variables](const char* name) { return variables.contains(name) ? variables.at(name) : std::string(); },
          .real_path = [links](const std::string& path) { return links.contains(path) ? links.at(path) : path; }};
}

std::vector<Grant> grants_of(const std::string& text, const Surroundings& system = nothing_special()) {
  return grants_for(parsed(text), "/srv/config/ringpost.toml", system);
}

TEST(Grants, WriteTheQueueAndTheMaildirsAndNothingElse) {
  const auto grants = grants_of(R"(
data_dir = "/srv/queue"
[[domain]]
name = "example.com"
deliver = "maildir:/srv/mail/{domain}/{local}"
[[route]]
domain = "example.net"
next_hop = "maildir:/srv/archive/all"
[[route]]
domain = "*"
next_hop = ["smtp://a.example", "mx"]
)");
  std::vector<std::string> written;
  for (const Grant& grant : grants)
    if (grant.access == Access::write) written.push_back(grant.path);
  EXPECT_EQ(written, (std::vector<std::string>{"/srv/queue", "/srv/mail", "/srv/archive/all", "/dev/null"}));
}

TEST(Grants, ReadTheDirectoriesOfEveryFileThatIsNamed) {
  const auto grants = grants_of(R"(
[[listener]]
address = "127.0.0.1:2525"
[tls]
certificates = [{ certificate = "/a1/x.pem", key = "/a2/x.key", ocsp = "/a3/x.der" }]
client_ca = "/a4/ca.pem"
[auth]
users = "file:/b1/users.toml"
key_file = "/b2/key"
keytab = "/b3/keytab"
[lookup.people]
type = "ldap"
urls = "ldaps://ldap.example.com"
base = "dc=example"
ca_file = "/c1/ca.pem"
bind_password_file = "/c2/password"
[lookup.base]
type = "postgres"
conninfo = "host=db sslrootcert=/c3/root.pem sslkey = '/c4/key.pem'"
conninfo_file = "/c5/conninfo"
[[token_issuer]]
issuer = "https://id.example.com"
keys_file = "/d1/keys.json"
client_secret_file = "/d2/secret"
[sender]
groups = "/e1/groups"
[[domain]]
name = "example.com"
deliver = "discard:"
recipients = "file:/e2/recipients"
[[route]]
domain = "*"
next_hop = "smtp://a.example"
tls_ca_file = "/f1/ca.pem"
tls_certificate = "/f2/us.pem"
tls_key = "/f3/us.key"
auth.user = "us"
auth.password_file = "/f4/password"
egress_proxy = "socks5://proxy.example"
egress_proxy_user = "us"
egress_proxy_password_file = "/f6/password"
[handoff]
tls_ca_file = "/f5/siblings.pem"
[dns]
dnssec_trust_anchor = "/g1/root.key"
[queue]
report_templates = "/g2/reports"
[admin]
token_file = "/g3/token"
[security]
read_paths = ["/h1/more"]
)");
  for (const char* path : {"/a1/x.pem",     "/a2/x.key",        "/a3/x.der",
                           "/a4/ca.pem",    "/b1/users.toml",   "/b2/key",
                           "/b3/keytab",    "/c1/ca.pem",       "/c2/password",
                           "/c3/root.pem",  "/c4/key.pem",      "/c5/conninfo",
                           "/d1/keys.json", "/f5/siblings.pem", "/d2/secret",
                           "/e1/groups",    "/e2/recipients",   "/f1/ca.pem",
                           "/f2/us.pem",    "/f3/us.key",       "/f4/password",
                           "/f6/password",  "/g1/root.key",     "/g2/reports/delay.txt",
                           "/g3/token",     "/h1/more/x",       "/srv/config/ringpost.toml"}) {
    EXPECT_TRUE(covers(grants, path, Access::read)) << path;
    EXPECT_FALSE(covers(grants, path, Access::write)) << path;
  }
  // What a renewal puts beside the old file, and what nobody named.
  EXPECT_TRUE(covers(grants, "/a1/renewed.pem", Access::read));
  for (const char* path : {"/home", "/root/.ssh", "/srv", "/var/lib/other", "/tmp/x", "/proc/1/environ", "/boot"})
    EXPECT_FALSE(covers(grants, path, Access::read)) << path;
}

TEST(Grants, FollowALinkToWhereTheCertificateLies) {
  const auto grants =
      grants_of("[tls]\ncertificates = [{ certificate = \"/le/live/a.pem\", key = \"/le/live/a.key\" }]\n",
                nothing_special({}, {{"/le/live/a.pem", "/le/archive/a1.pem"}}));
  EXPECT_TRUE(covers(grants, "/le/live/a.pem", Access::read));
  EXPECT_TRUE(covers(grants, "/le/archive/a2.pem", Access::read));
  EXPECT_FALSE(covers(grants, "/le/other", Access::read));
}

TEST(Grants, KerberosGetsItsReplayCacheAndWhatItsEnvironmentNames) {
  const std::string gssapi = "[auth]\nmechanisms = [\"GSSAPI\"]\n";
  EXPECT_FALSE(covers(grants_of(""), "/var/tmp/krb5_0.rcache2", Access::write));
  EXPECT_TRUE(covers(grants_of(gssapi), "/var/tmp/krb5_0.rcache2", Access::write));
  const auto grants = grants_of(gssapi, nothing_special({{"KRB5_CONFIG", "/k1/krb5.conf:/k2/krb5.conf"},
                                                         {"KRB5_KTNAME", "FILE:/k3/keytab"},
                                                         {"KRB5RCACHEDIR", "/k4"}}));
  for (const char* path : {"/k1/krb5.conf", "/k2/krb5.conf", "/k3/keytab"})
    EXPECT_TRUE(covers(grants, path, Access::read)) << path;
  EXPECT_TRUE(covers(grants, "/k4/krb5_0.rcache2", Access::write));
  EXPECT_FALSE(covers(grants, "/var/tmp/x", Access::write));
}

TEST(Grants, ARefreshTokenIsReplacedBesideTheOldOne) {
  const auto grants = grants_of(R"(
[[route]]
domain = "*"
next_hop = "smtp://a.example"
auth.user = "us"
auth.mechanism = "XOAUTH2"
auth.token_endpoint = "https://login.example/token"
auth.client_id = "ringpost"
auth.refresh_token_file = "/srv/tokens/refresh"
)");
  EXPECT_TRUE(covers(grants, "/srv/tokens/refresh.AbCdEf", Access::write));
}

TEST(Grants, TheConstantPartOfAMaildirEndsBeforeTheFirstThatVaries) {
  EXPECT_EQ(constant_part("/var/mail/{domain}/{local}"), "/var/mail");
  EXPECT_EQ(constant_part("/var/mail/of-{domain}/x"), "/var/mail");
  EXPECT_EQ(constant_part("/{local}"), "/");
  EXPECT_EQ(constant_part("/var/mail/all"), "/var/mail/all");
}

TEST(Grants, AReloadThatNeedsMoreIsRefusedWithThePath) {
  const std::string before = "data_dir = \"/srv/queue\"\n[[domain]]\nname = \"a.example\"\n";
  const auto granted = grants_of(before + "deliver = \"maildir:/srv/mail/{local}\"\n");
  EXPECT_TRUE(suffices(granted, granted).has_value());
  EXPECT_TRUE(suffices(granted, grants_of(before + "deliver = \"maildir:/srv/mail/{domain}/{local}\"\n")).has_value());
  const auto refused = suffices(granted, grants_of(before + "deliver = \"maildir:/srv/other/{local}\"\n"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().reason.starts_with("/srv/other was not")) << refused.error().reason;
  const auto key =
      suffices(granted, grants_of("data_dir = \"/srv/queue\"\n[tls]\nclient_ca = \"/elsewhere/ca.pem\"\n"));
  ASSERT_FALSE(key.has_value());
  EXPECT_TRUE(key.error().reason.starts_with("/elsewhere was not")) << key.error().reason;
  // What was only read is not written.
  EXPECT_FALSE(suffices({{"/srv/mail", Access::read}}, {{"/srv/mail", Access::write}}).has_value());
}

}  // namespace
}  // namespace ringpost::app
