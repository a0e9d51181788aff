#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "config/configuration.h"
#include "config/environment.h"
#include "config/memory_plan.h"
#include "config/route_check.h"
#include "config/sections.h"
#include "io/socket_address.h"

namespace ringpost::config {

namespace {

constexpr std::size_t file_octets_max = 16 << 20;

std::string beside(const std::string& file, const std::string& path) {
  std::error_code error;
  const auto whole = std::filesystem::absolute(std::filesystem::path(file).parent_path() / path, error);
  return error ? path : whole.lexically_normal().string();
}

template <class T>
void read_table(const Node& root, const Section<T>& section, T& into, Report& report) {
  const Member* member = root.find(section.name);
  if (member == nullptr) return;
  if (member->value.kind != Node::Kind::table) {
    report.add(*member, section.name + ": expected a table " + section.title() + ", not " +
                            std::string(member->value.kind_name()));
    return;
  }
  read_section(section, member->value, into, report);
}

/// `initial(table)` is what an element is before its keys are read; `check(element, table)` looks at it afterwards.
template <class T, class Initial, class Check>
void read_tables(const Node& root, const Section<T>& section, std::vector<T>& into, Report& report, Initial initial,
                 Check check) {
  const Member* member = root.find(section.name);
  if (member == nullptr) return;
  const auto is_table = [](const Node& node) { return node.kind == Node::Kind::table; };
  if (member->value.kind != Node::Kind::array || !std::ranges::all_of(member->value.items, is_table)) {
    report.add(*member, section.name + ": expected tables " + section.title() + ", not " +
                            std::string(member->value.kind_name()));
    return;
  }
  for (const Node& table : member->value.items) {
    T element = initial(table);
    read_section(section, table, element, report);
    check(element, table);
    into.push_back(std::move(element));
  }
}

void read_listeners(const Node& root, Configuration& into, Report& report) {
  using server::AuthMode, server::Role, server::TlsMode;
  std::set<std::string> seen;
  const auto initial = [](const Node& table) {
    const Member* role = table.find("role");  // first: other defaults follow from it
    if (role != nullptr && role->value.text == "submission") return default_listener(Role::submission);
    if (role != nullptr && role->value.text == "submissions") return default_listener(Role::submissions);
    return default_listener(Role::mx);
  };
  read_tables(root, listener_section(), into.server.listeners, report, initial,
              [&](const server::ListenerOptions& listener, const Node& table) {
                const auto wrong = [&](std::string_view key, const std::string& what) {
                  report.add(place_of(table, key), "[[listener]] " + std::string(key) + ": " + what);
                };
                if (!listener.address.ends_with(":0") && !seen.insert(listener.address).second)
                  wrong("address", listener.address + " is listened on twice");
                if (listener.role == Role::mx && listener.tls == TlsMode::implicit)
                  wrong("tls", "\"implicit\" is for role \"submissions\"");
                if (listener.role == Role::submissions && listener.tls != TlsMode::implicit)
                  wrong("tls", "role \"submissions\" is TLS from the first octet: expected \"implicit\"");
              });
  if (root.find("listener") == nullptr) into.server.listeners.push_back(default_listener(Role::mx));
}

void read_domains(const Node& root, Configuration& into, Report& report) {
  std::set<std::string> seen;
  read_tables(
      root, domain_section(), into.relay_access.domains, report, [](const Node&) { return policy::DomainOptions{}; },
      [&](policy::DomainOptions& domain, const Node& table) {
        if (table.find("name") == nullptr)
          report.add(table, "[[domain]] name is required: the domain, like \"example.com\"");
        if (!domain.name.empty() && !seen.insert(domain.name).second)
          report.add(place_of(table, "name"), "[[domain]] name: " + domain.name + " is given twice");
        if (domain.recipients.starts_with("file:"))
          domain.recipients = "file:" + beside(report.file(), domain.recipients.substr(5));
      });
}

void read_routes(const Node& root, Configuration& into, Report& report) {
  const auto initial = [](const Node&) { return relay::RouteOptions{}; };
  const auto check = [&report](relay::RouteOptions& route, const Node& table) {
    check_route(route, table, report);
    for (std::string* path :
         {&route.tls_options.ca_file, &route.tls_options.certificate, &route.tls_options.key, &route.auth.password_file,
          &route.auth.client_secret_file, &route.auth.refresh_token_file, &route.egress_proxy_password_file})
      if (!path->empty()) *path = beside(report.file(), *path);
  };
  read_tables(root, route_section(), into.relay.routes, report, initial, check);
}

void read_sources(const Node& root, Configuration& into, Report& report) {
  std::set<std::string> seen;
  read_tables(
      root, source_section(), into.relay.sources, report, [](const Node&) { return relay::SourceOptions{}; },
      [&](relay::SourceOptions& source, const Node& table) {
        const auto address = io::SocketAddress::from_host_port(source.address, 0);
        if (table.find("address") == nullptr) report.add(table, "[[source]] address is required");
        if (address) source.address = address->host();  // one way to write it
        if (address && !seen.insert(source.address).second)
          report.add(place_of(table, "address"), "[[source]] address: " + source.address + " is given twice");
        if (source.warm_up.empty() != source.warm_up_start.empty())
          report.add(table, "[[source]]: warm_up_start and warm_up are given together or not at all");
      });
}

void read_token_issuers(const Node& root, Configuration& into, Report& report) {
  read_tables(
      root, token_issuer_section(), into.sasl.oauth2, report, [](const Node&) { return sasl::TokenIssuer{}; },
      [&](sasl::TokenIssuer& issuer, const Node& table) {
        if (issuer.issuer.empty()) report.add(table, "[[token_issuer]] issuer is required: the `iss` of its tokens");
        const int ways = !issuer.keys_file.empty() + !issuer.jwks_url.empty() + !issuer.introspection_url.empty();
        if (ways != 1) report.add(table, "[[token_issuer]]: expected one of keys_file, jwks_url and introspection_url");
        for (std::string* path : {&issuer.keys_file, &issuer.client_secret_file})
          if (!path->empty()) *path = beside(report.file(), *path);
      });
}

template <class T>
void read_lookup(const Section<T>& section, const Member& lookup, T& into, Report& report) {
  Section<T> named = section;
  named.name = "lookup." + lookup.name;
  read_section(named, lookup.value, into, report);
}

void read_lookups(const Node& root, Configuration& c, Report& report) {
  const Member* member = root.find("lookup");
  if (member == nullptr) return;
  if (member->value.kind != Node::Kind::table)
    return report.add(member->value, "lookup: expected tables [lookup.NAME]");
  const auto resolve = [&report](std::string& path) {
    if (!path.empty()) path = beside(report.file(), path);
  };
  for (const Member& lookup : member->value.members) {
    const Member* type = lookup.value.find("type");
    if (type != nullptr && type->value.text == "ldap") {
      auto& options = c.accounts.ldap[lookup.name];
      read_lookup(ldap_section(), lookup, options, report);
      if (options.server.urls.empty()) report.add(lookup.value, "[lookup." + lookup.name + "] urls is required");
      if (options.base.empty()) report.add(lookup.value, "[lookup." + lookup.name + "] base is required");
      resolve(options.server.ca_file);
      resolve(options.server.bind_password_file);
    } else if (type != nullptr && type->value.text == "postgres") {
      auto& options = c.accounts.postgres[lookup.name];
      read_lookup(postgres_section(), lookup, options, report);
      resolve(options.server.conninfo_file);
    } else {
      report.add(lookup.value, "[lookup." + lookup.name + "] type: expected \"ldap\" or \"postgres\"");
    }
  }
}

/// Does [auth] users name something that there is?
void check_users(const Node& root, const Configuration& c, Report& report) {
  const std::string& users = c.accounts.users;
  const std::string name = users.substr(users.find(':') + 1);
  if ((users.starts_with("ldap:") && !c.accounts.ldap.contains(name)) ||
      (users.starts_with("postgres:") && !c.accounts.postgres.contains(name))) {
    report.add(place_of(place_of(root, "auth"), "users"),
               "[auth] users: there is no table [lookup." + name + "] of that type");
  }
}

/// [tls], [auth], [[token_issuer]], [lookup.NAME] and [sender].
void read_trust(const Node& root, Configuration& c, Report& report) {
  read_table(root, tls_section(), c.tls, report);
  read_table(root, auth_section(), c, report);
  read_token_issuers(root, c, report);
  read_lookups(root, c, report);
  check_users(root, c, report);
  read_table(root, sender_section(), c.sender, report);
  const std::string& file = report.file();
  const auto resolve = [&file](std::string& path) {
    if (!path.empty()) path = beside(file, path);
  };
  for (auto& files : c.tls.certificates) {
    for (std::string* path : {&files.certificate, &files.key, &files.ocsp}) resolve(*path);
  }
  for (std::string* path : {&c.tls.client_ca, &c.accounts.key_file, &c.sasl.keytab, &c.sender.groups}) resolve(*path);
  if (c.accounts.users.starts_with("file:")) c.accounts.users = "file:" + beside(file, c.accounts.users.substr(5));
}

void check_whole(const Node& root, const Configuration& c, Report& report) {
  if (root.find("hostname") == nullptr)
    report.add(0, 0, "hostname is required: our domain name, like hostname = \"mx1.example.com\"");
  if (c.queue.retry.first > c.queue.retry.max) {
    const Node& queue = place_of(root, "queue");
    report.add(place_of(queue, "retry"), "[queue] retry: first is longer than max");
  }
  if (c.tls_report.enabled && (c.tls_report.organization.empty() || c.tls_report.contact.empty()))
    report.add(place_of(place_of(root, "tls_report"), "enabled"),
               "[tls_report] enabled wants organization and contact: a report says who made it");
  const auto address = parse_socket_address(c.admin.address);
  const auto loopback = default_relay_access();
  if (address && c.admin.token_file.empty() && !policy::any_contains(loopback.trusted_networks, address->ip))
    report.add(place_of(place_of(root, "admin"), "address"),
               "[admin] token_file is required: " + c.admin.address + " is not a loopback address");
}

/// Workers and memory where they are left to us, and whether they fit each other.
void size_up(const io::Machine& machine, const Node& root, Configuration& c, Report& report) {
  std::uint64_t& memory = c.server.limits.memory_max;
  if (memory == 0) memory = automatic_budget(machine);
  if (c.workers == 0) c.workers = std::min(machine.cpus, workers_most(memory));
  if (memory < memory_least(c.workers)) {
    report.add(place_of(place_of(root, "limits"), "memory_max"),
               "[limits] memory_max: " + format_size(memory) + " is too little for " + std::to_string(c.workers) +
                   (c.workers == 1 ? " worker" : " workers") + ": expected at least " +
                   format_size(memory_least(c.workers)));
  }
}

/// What the modules are told follows from what was read.
void derive(Configuration& c) {
  const MemoryPlan plan = plan_memory(c.server.limits.memory_max, c.workers);
  c.reactor.receive_buffers = plan.receive_buffers;
  c.server.limits.sessions_max = std::min(c.server.limits.sessions_max, plan.sessions_max);
  c.queue.upload_octets_max = plan.upload_octets_max;
  c.queue.window_messages = plan.window_messages;
  c.queue.window_messages_total = plan.window_messages_total;
  c.queue.unindexed_messages_max = plan.unindexed_messages_max;
  c.queue.block_cache_octets = plan.block_cache_octets;
  c.queue.write_buffer_octets = plan.write_buffer_octets;
  c.server.hostname = c.relay.hostname = c.queue.hostname = c.hostname;
  c.queue.data_dir = c.relay.data_dir = c.data_dir;
  c.server.auth_without_tls = c.sasl.plaintext_without_tls;
  c.queue.workers = c.workers;
}

}  // namespace

std::expected<Configuration, std::vector<Problem>> parse(std::string_view text, const std::string& name,
                                                         const Environment& environment, const io::Machine& machine) {
  auto document = read_document(text, name);
  if (!document) return std::unexpected(std::vector{document.error()});
  Report report(name);
  overlay(*document, environment, report);
  const Node& root = *document;
  Configuration c;
  c.relay_access = default_relay_access();
  read_section(top_section(), root, c, report,
               {"listener", "relay",      "domain",       "route",  "source", "reply_rule", "delivery",
                "handoff",  "tls_report", "dns",          "queue",  "limits", "log",        "admin",
                "tls",      "auth",       "token_issuer", "sender", "lookup", "security"});
  read_listeners(root, c, report);
  read_table(root, relay_section(), c.relay_access, report);
  read_domains(root, c, report);
  read_routes(root, c, report);
  read_sources(root, c, report);
  read_tables(
      root, reply_rule_section(), c.relay.reply_rules, report, [](const Node&) { return relay::ReplyRule{}; },
      [](relay::ReplyRule&, const Node&) {});
  read_table(root, delivery_section(), c.relay.waits, report);
  read_table(root, handoff_section(), c.relay.handoff, report);
  read_table(root, tls_report_section(), c.tls_report, report);
  read_table(root, dns_section(), c.dns, report);
  read_table(root, queue_section(), c.queue, report);
  if (!c.queue.report_templates.empty()) c.queue.report_templates = beside(report.file(), c.queue.report_templates);
  read_table(root, limits_section(), c.server, report);
  read_table(root, log_section(), c.log, report);
  read_table(root, admin_section(), c.admin, report);
  read_table(root, security_section(), c.security, report);
  read_trust(root, c, report);
  if (std::string& ca_file = c.relay.handoff.tls_options.ca_file; !ca_file.empty()) ca_file = beside(name, ca_file);
  if (std::string& ca_file = c.tls_report.ca_file; !ca_file.empty()) ca_file = beside(name, ca_file);
  if (!c.dns.trust_anchor.empty()) c.dns.trust_anchor = beside(name, c.dns.trust_anchor);
  if (!c.admin.token_file.empty()) c.admin.token_file = beside(name, c.admin.token_file);
  check_whole(root, c, report);
  size_up(machine, root, c, report);
  if (!report.empty()) return std::unexpected(report.take());
  derive(c);
  return c;
}

std::expected<Configuration, std::vector<Problem>> load(const std::string& path, const Environment& environment) {
  const auto problem = [&path](const std::string& what) {
    return std::unexpected(std::vector{Problem{path, 0, 0, what}});
  };
  std::error_code status;
  if (std::filesystem::is_directory(path, status)) return problem("is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const bool absent = !file && errno == ENOENT;
  const auto is_hostname = [](const auto& variable) { return variable.first == "RINGPOST_HOSTNAME"; };
  if (absent && path == default_path && std::ranges::any_of(environment, is_hostname))
    return parse({}, path, environment);
  if (!file) return problem(std::string("cannot be opened: ") + std::strerror(errno));
  std::string text(file_octets_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return problem("cannot be read");
  if (text.size() > file_octets_max) return problem("is larger than 16 MiB");
  return parse(text, path, environment);
}

}  // namespace ringpost::config
