#include "config/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/text.h"
#include "config/every_section.h"

namespace ringpost::config {

namespace {

constexpr std::string_view prefix = "RINGPOST_";
constexpr std::string_view lookup_table = "lookup";
// Read elsewhere: the path of the file (cli), and whether the unit tests may rewrite docs/.
constexpr std::array<std::string_view, 2> reserved{"RINGPOST_CONFIG", "RINGPOST_UPDATE_DOCS"};

std::string capitals(std::string_view text) {
  std::string out;
  for (const char c : text) out += is_alnum(c) ? ascii_upper(c) : '_';
  return out;
}

// A key and the variables that mean it: `before`, for tables of which there are several a number or a name, `after`.
struct Key {
  enum class Table : std::uint8_t { single, numbered, named };
  Table kind = Table::single;
  std::string table;   // "queue"; empty: the top of the file
  std::string name;    // "retry.first"
  std::string before;  // "RINGPOST_QUEUE_"
  std::string after;   // "RETRY_FIRST"
  Form form = Form::text;
};

template <class T>
void add_keys(std::vector<Key>& keys, const Section<T>& section) {
  const bool named = section.name.starts_with("lookup.");
  const std::string table = named ? std::string(lookup_table) : section.name;
  const std::string before = std::string(prefix) + (table.empty() ? "" : capitals(table) + "_");
  const Key::Table kind = named ? Key::Table::named : section.repeated ? Key::Table::numbered : Key::Table::single;
  for (const Row<T>& row : section.rows)
    keys.push_back({kind, table, row.name, before, variable_suffix(row.name), row.form});
}

const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> made;
    visit_sections([&made](const auto& section, const auto&) { add_keys(made, section); });
    return made;
  }();
  return keys;
}

/// A place in a table of which there are several, as variables write it: no sign, no zero in front.
std::optional<std::size_t> parse_index(std::string_view text) {
  constexpr std::size_t digits_max = 4;
  if (text.empty() || text.size() > digits_max || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto value = parse_unsigned(text);
  return value ? std::optional<std::size_t>(*value) : std::nullopt;
}

struct Match {
  const Key* key = nullptr;
  std::string element;  // the number or the name between `before` and `after`
};

Match match(std::string_view variable) {
  Match found;
  for (const Key& key : all_keys()) {
    if (!variable.starts_with(key.before)) continue;
    std::string_view rest = variable.substr(key.before.size());
    if (!rest.ends_with(key.after)) continue;
    rest.remove_suffix(key.after.size());
    if (key.kind == Key::Table::single) {
      if (rest.empty()) return {&key, {}};
      continue;
    }
    if (rest.size() < 2 || !rest.ends_with('_')) continue;
    rest.remove_suffix(1);
    if (key.kind == Key::Table::numbered && !parse_index(rest)) continue;
    // Of keys that end alike the longest is meant.
    if (found.key == nullptr || found.key->after.size() < key.after.size()) found = {&key, std::string(rest)};
  }
  return found;
}

void stamp(Node& node, const std::string& variable) {
  node.variable = variable;
  node.line = node.column = 0;
  for (Node& item : node.items) stamp(item, variable);
  for (Member& member : node.members) {
    member.line = member.column = 0;
    stamp(member.value, variable);
  }
}

/// The only value of `v = TEXT`; nullopt where it is not TOML, or more than one value.
std::optional<Node> toml_value(std::string_view text) {
  auto document = read_document("v = " + std::string(text), "environment");
  if (!document || document->members.size() != 1 || document->members[0].name != "v") return std::nullopt;
  return std::move(document->members[0].value);
}

std::optional<Node> read_value(const std::string& variable, const std::string& text, Form form, Report& report) {
  if (text.size() > variable_octets_max) {
    report.add_variable(variable, "is longer than 64 KiB");
    return std::nullopt;
  }
  std::optional<Node> value;
  const bool bracket = text.starts_with('[') || text.starts_with('{');
  if (form == Form::toml || (form == Form::text_or_toml && bracket)) value = toml_value(text);
  // What is not TOML where TOML is needed is told of by the key's reader, who knows what was expected.
  if (!value) value = toml_value(toml_quoted(text));
  if (!value) {
    report.add_variable(variable, "is not UTF-8");
    return std::nullopt;
  }
  stamp(*value, variable);
  return value;
}

/// The table `name` of `table`, made where there is none; nullptr where it is something else, which its reader reports.
Node* table_in(Node& table, std::string_view name, const std::string& variable) {
  if (Member* member = table.find(name)) return member->value.kind == Node::Kind::table ? &member->value : nullptr;
  Member made{std::string(name), 0, 0, {}};
  made.value.variable = variable;
  table.members.push_back(std::move(made));
  return &table.members.back().value;
}

void set(Node& table, const std::string& key, Node value) {
  const std::size_t dot = key.find('.');
  if (dot != std::string::npos) {
    Node* inner = table_in(table, key.substr(0, dot), value.variable);
    if (inner != nullptr) set(*inner, key.substr(dot + 1), std::move(value));
    return;
  }
  if (Member* member = table.find(key)) {
    member->value = std::move(value);
  } else {
    table.members.push_back({key, 0, 0, std::move(value)});
  }
}

/// The member of [lookup] that variables write as `element`: one of the file's, or a new one in lower case.
std::string lookup_name(const Node& lookups, const std::string& element) {
  for (const Member& member : lookups.members)
    if (capitals(member.name) == capitals(element)) return member.name;
  return to_lower(element);
}

void report_unknown_variable(const std::string& variable, Report& report) {
  const std::string shown = printable(variable, 100);
  std::vector<std::string> known;
  for (const Key& key : all_keys()) {
    if (key.kind == Key::Table::single) {
      known.push_back(key.before + key.after);
      continue;
    }
    if (!variable.starts_with(key.before)) continue;
    // The number or the name as it was given, so that only the key is looked for.
    const std::string rest = variable.substr(key.before.size());
    const std::string element = rest.substr(0, rest.find('_'));
    const bool fits = key.kind == Key::Table::named ? !element.empty() : parse_index(element).has_value();
    if (fits) known.push_back(key.before + element + "_" + key.after);
    if (!fits && key.kind == Key::Table::numbered) {
      return report.add_variable(
          shown, "unknown; tables of [[" + key.table + "]] are numbered, as in " + key.before + "0_" + key.after);
    }
  }
  // Without what all have in common, which would let anything pass for a slip.
  for (std::string& name : known) name.erase(0, prefix.size());
  const std::string meant = nearest(std::string_view(variable).substr(prefix.size()), known);
  report.add_variable(shown, meant.empty() ? "unknown" : "unknown; did you mean " + std::string(prefix) + meant + "?");
}

using Values = std::vector<std::pair<std::string, Node>>;  // keys of one table

/// Elements of a table of which there are several: those that the file has are changed, the next ones are appended.
void set_numbered(Node& root, const std::string& table, std::map<std::size_t, Values> elements, Report& report) {
  Member* member = root.find(table);
  if (member == nullptr) {
    Node array;
    array.kind = Node::Kind::array;
    array.variable = std::string(prefix) + capitals(table);
    root.members.push_back({table, 0, 0, std::move(array)});
    member = &root.members.back();
  }
  const auto is_table = [](const Node& node) { return node.kind == Node::Kind::table; };
  std::vector<Node>& items = member->value.items;
  if (member->value.kind != Node::Kind::array || !std::ranges::all_of(items, is_table)) return;  // its reader reports
  const std::size_t in_file = items.size();
  for (auto& [index, values] : elements) {
    if (index > items.size()) {
      report.add_variable(values.front().second.variable,
                          "there is no number " + std::to_string(items.size()) + ": [[" + table +
                              "]] is numbered from 0 without a gap, and the file has " + std::to_string(in_file));
      return;
    }
    if (index == items.size()) {
      Node made;
      made.variable = std::string(prefix) + capitals(table) + "_" + std::to_string(index);
      items.push_back(std::move(made));
    }
    for (auto& [key, value] : values) set(items[index], key, std::move(value));
  }
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

}  // namespace

std::string variable_prefix(std::string_view section, bool repeated) {
  if (section.empty()) return std::string(prefix);
  if (section.starts_with("lookup.")) return std::string(prefix) + "LOOKUP_NAME_";
  return std::string(prefix) + capitals(section) + (repeated ? "_N_" : "_");
}

std::string variable_suffix(std::string_view key) {
  return capitals(key);
}

bool is_service_variable(std::string_view name, std::string_view value) {
  if (!name.starts_with(prefix)) return false;
  if (name.ends_with("_SERVICE_HOST")) return true;
  if (const auto at = name.rfind("_SERVICE_PORT"); at != std::string_view::npos) {
    const std::string_view rest = name.substr(at + std::string_view("_SERVICE_PORT").size());
    return is_number(value) && (rest.empty() || rest.starts_with('_'));
  }
  const auto is_address = [value] {
    return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
  };
  if (name.ends_with("_PORT") && is_address()) return true;
  // RINGPOST_PORT_25_TCP=tcp://10.0.0.1:25, and _PROTO, _PORT and _ADDR behind it.
  const auto at = name.rfind("_PORT_", name.ends_with("_PORT") ? name.size() - 6 : std::string_view::npos);
  if (at == std::string_view::npos) return false;
  std::string_view rest = name.substr(at + 6);
  const auto digits = std::min(rest.find('_'), rest.size());
  if (!is_number(rest.substr(0, digits))) return false;
  rest.remove_prefix(digits);
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (!rest.starts_with(protocol)) continue;
    rest.remove_prefix(protocol.size());
    return rest.empty() || rest == "_PROTO" || rest == "_PORT" || rest == "_ADDR";
  }
  return false;
}

void overlay(Node& root, const Environment& environment, Report& report) {
  std::map<std::string, std::map<std::size_t, Values>> numbered;
  // A name that is there twice means its first value, as to getenv(3).
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : environment)
    if (name.starts_with(prefix)) variables.emplace(name, value);
  for (const auto& [variable, text] : variables) {
    if (std::ranges::find(reserved, variable) != reserved.end()) continue;
    const Match found = match(variable);
    if (found.key == nullptr) {
      if (!is_service_variable(variable, text)) report_unknown_variable(variable, report);
      continue;
    }
    const Key& key = *found.key;
    auto value = read_value(variable, text, key.form, report);
    if (!value) continue;
    if (key.kind == Key::Table::numbered) {
      numbered[key.table][*parse_index(found.element)].emplace_back(key.name, std::move(*value));
      continue;
    }
    Node* table = key.table.empty() ? &root : table_in(root, key.table, variable);
    if (table != nullptr && key.kind == Key::Table::named)
      table = table_in(*table, lookup_name(*table, found.element), variable);
    if (table != nullptr) set(*table, key.name, std::move(*value));
  }
  for (auto& [table, elements] : numbered) set_numbered(root, table, std::move(elements), report);
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos && text.starts_with(prefix))
      environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace ringpost::config
