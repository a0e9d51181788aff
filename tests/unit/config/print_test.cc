#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "config/configuration.h"
#include "source_tree.h"

namespace ringpost::config {
namespace {

/// Every key with a value that is not its default.
constexpr const char* everything = R"toml(
hostname = "mx1.example.com"
data_dir = "/srv/mail"
workers = 3
user = ""
[[listener]]
address = "192.0.2.1:2525"
role = "submission"
tls = "off"
auth = "optional"
proxy_protocol_from = ["10.0.0.0/8", "2001:db8::/32"]
priority = -4
priority_max = 4
handoff_from = ["10.1.0.0/16"]
[tls]
certificates = [{ certificate = "/etc/ringpost/a.pem", key = "/etc/ringpost/a.key", ocsp = "/etc/ringpost/a.der" }]
min_version = "1.3"
client_ca = "/etc/ringpost/clients.pem"
request_client_certificate = true
[auth]
mechanisms = ["PLAIN"]
users = "ldap:people"
key_file = "/etc/ringpost/accounts.key"
cache = { life = "61s", failure_life = "11s", entries_max = 62 }
plaintext_without_tls = true
login_in_received = true
realm = "example.com"
keytab = "/etc/ringpost/keytab"
[lookup.people]
type = "ldap"
urls = "ldaps://ldap.example.com"
start_tls = true
ca_file = "/etc/ringpost/ldap.pem"
bind_dn = "cn=ringpost"
bind_password_file = "/etc/ringpost/ldap.password"
connect_timeout = "2s"
operation_timeout = "4s"
connections_max = 11
base = "dc=example,dc=com"
filter = "(uid={login})"
login_attribute = "uid"
address_attributes = ["mail", "mailAlternateAddress"]
name_attribute = "cn"
password = "compare"
password_attribute = "secret"
scram_attribute = "authPassword"
[lookup.accounts]
type = "postgres"
conninfo = "host=db"
conninfo_file = "/etc/ringpost/conninfo"
connect_timeout = "6s"
statement_timeout = "7s"
connections_max = 12
query = "SELECT login FROM people WHERE login = $1"
[[token_issuer]]
issuer = "https://id.example.com"
audience = "mail"
scope = "smtp"
login_claim = "upn"
keys_file = "/etc/ringpost/keys.json"
client_id = "relay"
client_secret_file = "/etc/ringpost/client.secret"
[sender]
local_domains_require_auth = false
local_domains_from = ["192.0.2.0/24"]
envelope = "log"
header = "off"
display_name = "enforce"
protected_names = ["The Boss"]
groups = "/etc/ringpost/groups"
[relay]
trusted_networks = ["10.0.0.0/8"]
trusted_certificates = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
[[domain]]
name = "example.com"
deliver = "lmtp://127.0.0.1:24"
recipients = "file:/etc/ringpost/odd \"name\\"
[[domain]]
name = "example.org"
[[route]]
domain = "*.example.net"
next_hop = ["smtp://[2001:db8::1]:587 weight=3", "smtps://b.example weight=1"]
connections_max = 7
connections_per_host_max = 3
messages_per_connection_max = 8
connection_age_max = "3m"
recipients_max = 9
rate = "1000/min"
connection_rate = "5/s"
source_addresses = ["192.0.2.1 out1.example.com 2"]
egress_proxy = "socks5://[2001:db8::9]:1081"
egress_proxy_user = "relay"
egress_proxy_password_file = "/etc/ringpost/proxy.password"
tls = "required"
mta_sts = false
tls_ca_file = "/etc/ringpost/authorities.pem"
tls_certificate = "/etc/ringpost/us.pem"
tls_key = "/etc/ringpost/us.key"
auth.user = "us"
auth.password_file = "/etc/ringpost/password"
auth.mechanism = "XOAUTH2"
auth.token_endpoint = "https://login.example/token"
auth.client_id = "ringpost"
auth.client_secret_file = "/etc/ringpost/secret"
auth.refresh_token_file = "/etc/ringpost/refresh"
[[source]]
address = "192.0.2.1"
hostname = "out1.example.com"
weight = 4
warm_up_start = "2026-12-01"
warm_up = [50, 100, 500]
[[reply_rule]]
code = "421"
enhanced = "4.7"
contains = "please slow down"
advice = "as_code"
[delivery]
connect_timeout = "11s"
tls_handshake_timeout = "12s"
greeting_timeout = "13s"
command_timeout = "14s"
data_initiation_timeout = "15s"
data_block_timeout = "16s"
data_termination_timeout = "17s"
[handoff]
siblings = ["smtp://ringpost-0.ringpost:25", "smtps://ringpost-1.ringpost:465"]
connections_max = 6
give_up_after = "41s"
tls = "verified"
tls_ca_file = "/etc/ringpost/siblings.pem"
[tls_report]
enabled = true
organization = "Example Inc."
contact = "tls@example.com"
from = "tls-reports@example.com"
tls_ca_file = "/etc/ringpost/report-authorities.pem"
[dns]
servers = ["127.0.0.1:5353", "[::1]:53"]
dnssec_trust_anchor = "/etc/ringpost/root.key"
[queue]
durability = "written"
retry = { first = "1m30s", factor = 1.25, max = "2h" }
max_age = "1d12h"
bounce_max_age = "6h"
delay_notice_after = "3h"
return_octets_max = "50KiB"
bounce_unverified = false
double_bounce = "postmaster"
double_bounce_to = "bounces@example.com"
verp_senders = ["news@lists.example.com"]
report_templates = "/etc/ringpost/reports"
in_flow_delay = "20ms"
min_free_disk = "100MiB"
[limits]
message_size_max = "1000000"
memory_max = "300MiB"
recipients_max = 101
sessions_max = 102
sessions_per_client_max = 103
messages_per_minute_per_client = 104
errors_max = 105
hops_max = 106
text_line_octets_max = 1106
command_timeout = "107s"
data_timeout = "108s"
future_release_max = "3d"
tls_handshake_timeout = "109s"
auth_failures_max = 110
auth_failures_window = "111s"
auth_failures_penalty = "112s"
auth_failure_delay = "3s"
bare_line_ending = "normalize"
[log]
format = "text"
level = "debug"
[admin]
address = "0.0.0.0:9999"
token_file = "/etc/ringpost/token"
[security]
sandbox = "log"
read_paths = ["/srv/keys"]
write_paths = ["/srv/mailboxes"]
)toml";

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.find('=') != std::string::npos) lines.insert(line);
  return lines;
}

TEST(Print, IsReadBackAsTheSameConfiguration) {
  for (const std::string text : {"hostname = \"a.example\"", everything}) {
    const auto first = parse(text, "/etc/ringpost/x.toml");
    ASSERT_TRUE(first.has_value()) << first.error()[0].text();
    const auto second = parse(print(*first), "/elsewhere/y.toml");
    ASSERT_TRUE(second.has_value()) << second.error()[0].text() << "\n" << print(*first);
    EXPECT_EQ(print(*second), print(*first));
  }
}

TEST(Print, NoKeyIsLostOnTheWayInOrOut) {
  const auto changed = parse(everything, "/etc/ringpost/x.toml");
  const auto standard = parse(
      "hostname = \"a.example\"\nworkers = 1\n[[domain]]\nname = \"b.example\"\n[[route]]\n[[source]]\naddress = "
      "\"192.0.2.9\"\n[[reply_rule]]\n",
      "x.toml");
  ASSERT_TRUE(changed.has_value());
  ASSERT_TRUE(standard.has_value());
  Configuration without_second = *changed;  // it has defaults
  without_second.relay_access.domains.pop_back();
  const auto defaults = lines_of(print(*standard));
  const auto lines = lines_of(print(without_second));
  // An issuer has one of three ways to be checked, so two of its URLs stay as they are, and alike lines are one.
  std::size_t alike = 0;
  for (const std::string& line : lines) {
    const bool unused = line == "jwks_url = \"\"" || line == "introspection_url = \"\"";
    alike += unused ? 1 : 0;
    EXPECT_FALSE(!unused && defaults.contains(line)) << line;
  }
  EXPECT_EQ(alike, 2U);
  EXPECT_EQ(lines.size(), describe().size());
}

TEST(Print, ValuesArriveInTheModules) {
  const auto c = parse(everything, "/etc/ringpost/x.toml");
  ASSERT_TRUE(c.has_value());
  EXPECT_EQ(c->queue.retry.first, std::chrono::seconds(90));
  EXPECT_EQ(c->queue.max_age, std::chrono::hours(36));
  EXPECT_EQ(c->queue.in_flow_delay, std::chrono::milliseconds(20));
  EXPECT_EQ(c->queue.data_dir, "/srv/mail");
  EXPECT_EQ(c->server.limits.message_size_max, 1'000'000U);
  EXPECT_EQ(c->server.limits.errors_max, 105U);
  EXPECT_EQ(c->server.bare_line_ending, server::BareLineEnding::normalize);
  EXPECT_EQ(c->log.level, telemetry::LogLevel::debug);
  EXPECT_EQ(c->relay_access.domains[0].recipients, "file:/etc/ringpost/odd \"name\\");
}

TEST(Reference, IsDocumented) {
  EXPECT_EQ(test::documented("docs/configuration.md", reference()), reference());
}

TEST(Reference, EveryKeyHasATypeADefaultAndAMeaning) {
  std::set<std::string> keys;
  for (const KeyDescription& key : describe()) {
    EXPECT_TRUE(keys.insert(key.key).second) << key.key;
    EXPECT_FALSE(key.type.empty() || key.standard.empty() || key.description.empty()) << key.key;
  }
  EXPECT_TRUE(keys.contains("[queue] retry.first"));
  EXPECT_TRUE(keys.contains("[[listener]] address"));
}

}  // namespace
}  // namespace ringpost::config
