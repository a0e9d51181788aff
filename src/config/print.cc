#include <fmt/format.h>

#include "config/configuration.h"
#include "config/environment.h"
#include "config/every_section.h"

namespace ringpost::config {

namespace {

template <class T>
void print_section(std::string& out, const Section<T>& section, const T& from) {
  if (!section.name.empty()) out += "\n" + section.title() + "\n";
  for (const Row<T>& row : section.rows) out += row.name + " = " + row.print(from) + "\n";
}

template <class T>
void print_lookup(std::string& out, const Section<T>& section, const std::string& name, const T& from) {
  out += "\n[lookup." + toml_quoted(name) + "]\n";
  for (const Row<T>& row : section.rows) out += row.name + " = " + row.print(from) + "\n";
}

/// A table's cell must not hold the mark between cells.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

template <class T>
void describe_section(std::vector<KeyDescription>& out, const Section<T>& section, const T& standard) {
  for (const Row<T>& row : section.rows)
    out.push_back({section.name.empty() ? row.name : section.title() + " " + row.name, row.type,
                   row.standard.empty() ? row.print(standard) : row.standard, row.description});
}

template <class T>
void reference_section(std::string& out, const Section<T>& section, const T& standard) {
  out += section.name.empty() ? "\n## Top of the file\n\n" : "\n## " + section.title() + "\n\n";
  const std::string variable = variable_prefix(section.name, section.repeated) + variable_suffix(section.rows[0].name);
  out += section.description + "\n\nIn the environment: `" + variable +
         "` and so on.\n\n| Key | Type | Default | |\n|---|---|---|---|\n";
  for (const Row<T>& row : section.rows) {
    const std::string shown = row.standard.empty() ? "`" + row.print(standard) + "`" : row.standard;
    out += fmt::format("| `{}` | {} | {} | {} |\n", row.name, cell(row.type), cell(shown), cell(row.description));
  }
}

constexpr std::string_view environment_reference = R"md(
## Environment

Every key can be set by a variable of the environment instead, and the variable wins over the file. Its name is
`RINGPOST_`, the name of the table and the key, in capitals, with `_` between them and in place of a dot:
`RINGPOST_QUEUE_MAX_AGE=5d`, `RINGPOST_QUEUE_RETRY_FIRST=5m`; keys at the top of the file have no table:
`RINGPOST_HOSTNAME=mx1.example.com`.

- Texts, durations, sizes and words to choose from are written without quotes; numbers and `true` or `false` as in the
  file. Where the key takes an array or a table, the value is TOML:
  `RINGPOST_RELAY_TRUSTED_NETWORKS='["10.0.0.0/8"]'`. A variable that is there and empty is the empty text. Secrets
  are files here as there (`*_file`).
- Tables of which there may be several have a number, from 0: `RINGPOST_LISTENER_0_ADDRESS='[::]:25'`,
  `RINGPOST_DOMAIN_0_NAME=example.com`. The numbers go on from the file: with two `[[domain]]` there,
  `RINGPOST_DOMAIN_1_DELIVER` changes the second, and `RINGPOST_DOMAIN_2_NAME` begins a third, which comes last. A gap
  is an error.
- `[lookup.NAME]` has its name in place of a number: `RINGPOST_LOOKUP_PEOPLE_TYPE=ldap` is `[lookup.people]`.
- A variable that begins with `RINGPOST_` and means nothing is an error like an unknown key, and so is a value longer
  than 64 KiB. `RINGPOST_CONFIG` is the path of the file, where `-c` does not give it. What Kubernetes sets for
  services whose name begins with `ringpost` is not looked at: `RINGPOST_..._SERVICE_HOST`,
  `RINGPOST_..._SERVICE_PORT...`, `RINGPOST_..._PORT=tcp://...` and `RINGPOST_..._PORT_25_TCP...`.
- Where there is no file at the default path and `RINGPOST_HOSTNAME` is set, the environment is the whole
  configuration.

```sh
RINGPOST_HOSTNAME=mx1.example.com RINGPOST_USER= RINGPOST_DATA_DIR=/data \
RINGPOST_RELAY_TRUSTED_NETWORKS='["10.0.0.0/8"]' RINGPOST_ROUTE_0_NEXT_HOP=smtp://smarthost.example.net ringpost serve
```
)md";

}  // namespace

std::string print(const Configuration& c) {
  std::string out;
  print_section(out, top_section(), c);
  for (const auto& listener : c.server.listeners) print_section(out, listener_section(), listener);
  print_section(out, tls_section(), c.tls);
  print_section(out, auth_section(), c);
  for (const auto& [name, ldap] : c.accounts.ldap) print_lookup(out, ldap_section(), name, ldap);
  for (const auto& [name, postgres] : c.accounts.postgres) print_lookup(out, postgres_section(), name, postgres);
  for (const auto& issuer : c.sasl.oauth2) print_section(out, token_issuer_section(), issuer);
  print_section(out, relay_section(), c.relay_access);
  print_section(out, sender_section(), c.sender);
  for (const auto& domain : c.relay_access.domains) print_section(out, domain_section(), domain);
  for (const auto& route : c.relay.routes) print_section(out, route_section(), route);
  for (const auto& source : c.relay.sources) print_section(out, source_section(), source);
  for (const auto& rule : c.relay.reply_rules) print_section(out, reply_rule_section(), rule);
  print_section(out, delivery_section(), c.relay.waits);
  print_section(out, handoff_section(), c.relay.handoff);
  print_section(out, tls_report_section(), c.tls_report);
  print_section(out, dns_section(), c.dns);
  print_section(out, queue_section(), c.queue);
  print_section(out, limits_section(), c.server);
  print_section(out, log_section(), c.log);
  print_section(out, admin_section(), c.admin);
  print_section(out, security_section(), c.security);
  return out;
}

std::vector<KeyDescription> describe() {
  std::vector<KeyDescription> out;
  visit_sections([&out](const auto& section, const auto& standard) { describe_section(out, section, standard); });
  return out;
}

std::string reference() {
  std::string out =
      "# Configuration\n\n"
      "One TOML file, strict: an unknown key, a wrong type or an impossible value is an error with file, line, column "
      "and\n"
      "what was expected, and all errors are reported in one run (`ringpost check-config`). Every key has a default "
      "except\n"
      "`hostname` and the `name` of a domain. Durations are written \"30s\", \"5m\", \"1h30m\", \"5d\"; sizes "
      "\"64KiB\", \"50MiB\".\n"
      "Relative paths are relative to the directory of the file. `ringpost check-config --print` shows the effective\n"
      "configuration with all defaults.\n\n"
      "A relay for one domain and one network:\n\n"
      "```toml\n"
      "hostname = \"mx1.example.com\"\n\n"
      "[relay]\n"
      "trusted_networks = [\"127.0.0.0/8\", \"::1/128\", \"10.0.0.0/8\"]\n\n"
      "[[domain]]\n"
      "name    = \"example.com\"\n"
      "deliver = \"lmtp+unix:/run/dovecot/lmtp\"\n\n"
      "[[route]]\n"
      "domain   = \"*\"\n"
      "next_hop = [\"smtp://smarthost1.example.net\", \"smtp://smarthost2.example.net\"]\n"
      "```\n";
  out += environment_reference;
  visit_sections([&out](const auto& section, const auto& standard) { reference_section(out, section, standard); });
  return out;
}

}  // namespace ringpost::config
