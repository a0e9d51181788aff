// A TOML document as a tree of values that remember where they stand, so that every later complaint can point there.
// The door to the TOML library: nothing else sees it. Standards: TOML 1.0.0.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace ringpost::config {

struct Member;

struct Node {
  enum class Kind : std::uint8_t { string, integer, real, boolean, time, array, table };
  Kind kind = Kind::table;
  unsigned line = 0;
  unsigned column = 0;
  std::string variable;  // the one of the environment that it came from; empty: it stands in the file
  std::string text;      // of a string
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<Node> items;      // of an array
  std::vector<Member> members;  // of a table; order of the names

  /// nullptr where the table has no such member.
  const Member* find(std::string_view name) const noexcept;
  Member* find(std::string_view name) noexcept;
  /// "a string", "an integer", ...
  std::string_view kind_name() const noexcept;
};

/// Where to point to when something is wrong with `key` of `table`: its value, or the table where it is left out.
const Node& place_of(const Node& table, std::string_view key) noexcept;

struct Member {
  std::string name;
  unsigned line = 0;
  unsigned column = 0;
  Node value;
};

/// The root table, or the one problem at which reading stopped.
std::expected<Node, Problem> read_document(std::string_view text, const std::string& name);

}  // namespace ringpost::config
