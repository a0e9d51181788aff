// What a key's value may be: how it reads from TOML, how it is printed, and what to tell an operator who wrote
// something else. Private to config.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "config/document.h"
#include "policy/network.h"

namespace ringpost::config {

/// How a value is written in an environment variable: as text without quotes, as TOML, or as TOML where it begins with
/// a bracket and as text otherwise.
enum class Form : std::uint8_t { text, toml, text_or_toml };

template <class V>
struct ValueType {
  std::string name;      // for the reference: "duration"
  std::string expected;  // for problems: "a duration like \"5m\", at least 1s"
  /// The value, or why not: empty where `expected` says it all.
  std::function<std::expected<V, std::string>(const Node&)> read;
  std::function<std::string(const V&)> print;
  Form form = Form::text;
};

/// Basic string with escapes.
std::string toml_quoted(std::string_view text);

/// `check` says why a string is not acceptable, or nothing.
using Check = std::function<std::string(std::string_view)>;
ValueType<std::string> text_type(std::string name, std::string expected, Check check);
/// As text_type; what is accepted is kept in lower case.
ValueType<std::string> lower_case_type(std::string name, std::string expected, Check check);
ValueType<Duration> duration_type(Duration min, Duration max);
ValueType<std::uint64_t> size_type(std::uint64_t min, std::uint64_t max);
/// As size_type, or "auto", which is 0.
ValueType<std::uint64_t> size_or_auto_type(std::uint64_t min, std::uint64_t max);
ValueType<Rate> rate_type();
ValueType<std::uint32_t> count_type(std::uint32_t min, std::uint32_t max);
/// Of RFC 6710.
ValueType<std::int8_t> priority_type();
/// An array of at most `length_max` of them.
ValueType<std::vector<std::uint32_t>> count_list_type(std::uint32_t min, std::uint32_t max, std::size_t length_max);
ValueType<double> factor_type(double min, double max);
ValueType<bool> bool_type();
ValueType<std::vector<policy::Network>> networks_type();
/// A string or an array of strings, one at least.
ValueType<std::vector<std::string>> text_or_list_type(std::string name, std::string expected, Check check);
/// An array of strings, which may be empty.
ValueType<std::vector<std::string>> text_list_type(std::string name, std::string expected, Check check);

template <class E>
ValueType<E> enum_type(std::vector<std::pair<std::string_view, E>> values) {
  ValueType<E> type;
  for (const auto& [name, value] : values) type.name += (type.name.empty() ? "" : ", ") + toml_quoted(name);
  type.expected = "one of " + type.name;
  type.read = [values](const Node& node) -> std::expected<E, std::string> {
    if (node.kind == Node::Kind::string)
      for (const auto& [name, value] : values)
        if (node.text == name) return value;
    return std::unexpected("");
  };
  type.print = [values](const E& wanted) {
    for (const auto& [name, value] : values)
      if (value == wanted) return toml_quoted(name);
    return std::string();
  };
  return type;
}

}  // namespace ringpost::config
