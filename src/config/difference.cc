#include "config/difference.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "config/sections.h"

namespace ringpost::config {

namespace {

// What the parts of a running process were built on: sockets, threads, open files and the data directory.
constexpr std::array<std::string_view, 10> fixed{
    "hostname",  "data_dir", "workers", "user", "[queue]", "[dns]", "[admin]", "[log] format", "[limits] memory_max",
    "[security]"};

bool needs_restart(std::string_view key) noexcept {
  return std::ranges::any_of(fixed, [key](std::string_view each) {
    return key.starts_with(each) && (key.size() == each.size() || key[each.size()] == ' ');
  });
}

struct Table {
  std::string name;  // with the value of its first key where there are several
  bool repeated = false;
  std::vector<std::pair<std::string, std::string>> values;
};

class Tables {
 public:
  template <class T>
  void add(const Section<T>& section, const T& from, const std::string& name) {
    Table table{name, section.repeated, {}};
    if (section.repeated) table.name += " " + section.rows.front().print(from);
    const unsigned same = ++seen_[table.name];
    if (same > 1) table.name += " (" + std::to_string(same) + ")";
    for (const Row<T>& row : section.rows) table.values.emplace_back(row.name, row.print(from));
    tables_.push_back(std::move(table));
  }
  template <class T>
  void add(const Section<T>& section, const T& from) {
    add(section, from, section.title());
  }
  template <class T, class Elements>
  void add_all(const Section<T>& section, const Elements& elements) {
    for (const T& element : elements) add(section, element);
  }
  template <class T, class Elements>
  void add_lookups(const Section<T>& section, const Elements& lookups) {
    for (const auto& [name, options] : lookups) add(section, options, "[lookup." + name + "]");
  }
  std::vector<Table> take() { return std::move(tables_); }

 private:
  std::map<std::string, unsigned> seen_;
  std::vector<Table> tables_;
};

std::vector<Table> tables_of(const Configuration& c) {
  Tables tables;
  tables.add(top_section(), c);
  tables.add_all(listener_section(), c.server.listeners);
  tables.add(tls_section(), c.tls);
  tables.add(auth_section(), c);
  tables.add_lookups(ldap_section(), c.accounts.ldap);
  tables.add_lookups(postgres_section(), c.accounts.postgres);
  tables.add_all(token_issuer_section(), c.sasl.oauth2);
  tables.add(relay_section(), c.relay_access);
  tables.add(sender_section(), c.sender);
  tables.add_all(domain_section(), c.relay_access.domains);
  tables.add_all(route_section(), c.relay.routes);
  tables.add_all(source_section(), c.relay.sources);
  tables.add_all(reply_rule_section(), c.relay.reply_rules);
  tables.add(delivery_section(), c.relay.waits);
  tables.add(handoff_section(), c.relay.handoff);
  tables.add(tls_report_section(), c.tls_report);
  tables.add(dns_section(), c.dns);
  tables.add(queue_section(), c.queue);
  tables.add(limits_section(), c.server);
  tables.add(log_section(), c.log);
  tables.add(admin_section(), c.admin);
  tables.add(security_section(), c.security);
  return tables.take();
}

const Table* find(const std::vector<Table>& tables, const std::string& name) {
  const auto at = std::ranges::find(tables, name, &Table::name);
  return at == tables.end() ? nullptr : &*at;
}

void compare(const Table& before, const Table& after, std::vector<Difference>& into) {
  for (std::size_t i = 0; i < after.values.size(); ++i) {
    const auto& [name, value] = after.values[i];
    if (before.values[i].second == value) continue;
    const std::string key = after.name.empty() ? name : after.name + " " + name;
    into.push_back({key, before.values[i].second, value, needs_restart(key)});
  }
}

/// The names of the tables that both have, in the order of `tables`.
std::vector<std::string> shared_order(const std::vector<Table>& tables, const std::vector<Table>& other) {
  std::vector<std::string> names;
  for (const Table& table : tables)
    if (table.repeated && find(other, table.name) != nullptr) names.push_back(table.name);
  return names;
}

}  // namespace

std::string Difference::text() const {
  if (before.empty()) return key + ": new";
  if (after.empty()) return key + ": gone";
  return key + ": " + after + ", was " + before;
}

std::vector<Difference> differences(const Configuration& before, const Configuration& after) {
  const std::vector<Table> old_tables = tables_of(before);
  const std::vector<Table> new_tables = tables_of(after);
  std::vector<Difference> found;
  for (const Table& table : new_tables) {
    const Table* old = find(old_tables, table.name);
    if (old == nullptr) {
      found.push_back({table.name, {}, "new"});
    } else {
      compare(*old, table, found);
    }
  }
  for (const Table& table : old_tables)
    if (find(new_tables, table.name) == nullptr) found.push_back({table.name, "gone", {}});
  if (shared_order(old_tables, new_tables) != shared_order(new_tables, old_tables))
    found.push_back({"[[...]] order", "another", "as in the file"});
  return found;
}

}  // namespace ringpost::config
