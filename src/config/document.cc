#include "config/document.h"

#include <toml++/toml.h>

#include <array>
#include <exception>

namespace ringpost::config {

namespace {

Node copy(const toml::node& from);

void copy_value(const toml::node& from, Node& to) {
  switch (from.type()) {
    case toml::node_type::string:
      to.kind = Node::Kind::string;
      to.text = from.as_string()->get();
      return;
    case toml::node_type::integer:
      to.kind = Node::Kind::integer;
      to.integer = from.as_integer()->get();
      return;
    case toml::node_type::floating_point:
      to.kind = Node::Kind::real;
      to.real = from.as_floating_point()->get();
      return;
    case toml::node_type::boolean:
      to.kind = Node::Kind::boolean;
      to.boolean = from.as_boolean()->get();
      return;
    case toml::node_type::array:
      to.kind = Node::Kind::array;
      for (const toml::node& item : *from.as_array()) to.items.push_back(copy(item));
      return;
    case toml::node_type::table:
      to.kind = Node::Kind::table;
      for (const auto& [key, value] : *from.as_table())
        to.members.push_back({std::string(key.str()), key.source().begin.line, key.source().begin.column, copy(value)});
      return;
    default:
      to.kind = Node::Kind::time;
      return;
  }
}

Node copy(const toml::node& from) {
  Node to;
  to.line = from.source().begin.line;
  to.column = from.source().begin.column;
  copy_value(from, to);
  return to;
}

}  // namespace

const Member* Node::find(std::string_view name) const noexcept {
  for (const Member& member : members)
    if (member.name == name) return &member;
  return nullptr;
}

Member* Node::find(std::string_view name) noexcept {
  for (Member& member : members)
    if (member.name == name) return &member;
  return nullptr;
}

const Node& place_of(const Node& table, std::string_view key) noexcept {
  const Member* member = table.find(key);
  return member == nullptr ? table : member->value;
}

std::string_view Node::kind_name() const noexcept {
  static constexpr std::array<std::string_view, 7> names{
      "a string", "an integer", "a number with a fraction", "true or false", "a date or time", "an array", "a table"};
  return names[static_cast<std::size_t>(kind)];
}

std::expected<Node, Problem> read_document(std::string_view text, const std::string& name) {
  try {
    return copy(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return std::unexpected(Problem{name, at.line, at.column, "not TOML: " + std::string(error.description())});
  } catch (const std::exception& error) {
    return std::unexpected(Problem{name, 0, 0, std::string("cannot be read: ") + error.what()});
  }
}

}  // namespace ringpost::config
