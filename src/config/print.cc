#include <fmt/format.h>

#include "config/configuration.h"
#include "config/sections.h"

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
  out += section.description + "\n\n| Key | Type | Default | |\n|---|---|---|---|\n";
  for (const Row<T>& row : section.rows) {
    const std::string shown = row.standard.empty() ? "`" + row.print(standard) + "`" : row.standard;
    out += fmt::format("| `{}` | {} | {} | {} |\n", row.name, cell(row.type), cell(shown), cell(row.description));
  }
}

/// Calls visit(section, an object with the defaults) for each table, in the order of the reference.
template <class Visitor>
void visit_sections(Visitor&& visit) {
  // Named: GCC 12 fails on temporaries of some of these.
  const Configuration whole;
  const relay::RouteOptions route;
  const account::LdapOptions ldap;
  const account::PostgresOptions postgres;
  const sasl::TokenIssuer issuer;
  visit(top_section(), whole);
  visit(listener_section(), default_listener(server::Role::mx));
  visit(tls_section(), whole.tls);
  visit(auth_section(), whole);
  visit(ldap_section(), ldap);
  visit(postgres_section(), postgres);
  visit(token_issuer_section(), issuer);
  visit(relay_section(), default_relay_access());
  visit(sender_section(), whole.sender);
  visit(domain_section(), policy::DomainOptions{});
  visit(route_section(), route);
  visit(reply_rule_section(), relay::ReplyRule{});
  visit(dns_section(), whole.dns);
  visit(queue_section(), whole.queue);
  visit(limits_section(), whole.server);
  visit(log_section(), whole.log);
  visit(admin_section(), whole.admin);
  visit(security_section(), whole.security);
}

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
  for (const auto& rule : c.relay.reply_rules) print_section(out, reply_rule_section(), rule);
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
  visit_sections([&out](const auto& section, const auto& standard) { reference_section(out, section, standard); });
  return out;
}

}  // namespace ringpost::config
