#include "config/value_type.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/units.h"

namespace ringpost::config {

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet == 0x7f) {
      out += fmt::format("\\u{:04x}", octet);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

ValueType<std::string> text_type(std::string name, std::string expected, Check check) {
  return {std::move(name), std::move(expected),
          [check = std::move(check)](const Node& node) -> std::expected<std::string, std::string> {
            if (node.kind != Node::Kind::string) return std::unexpected("");
            if (node.text.find('\0') != std::string::npos) return std::unexpected("it holds a NUL character");
            if (std::string why = check(node.text); !why.empty()) return std::unexpected(std::move(why));
            return node.text;
          },
          [](const std::string& value) { return toml_quoted(value); }};
}

ValueType<std::string> lower_case_type(std::string name, std::string expected, Check check) {
  ValueType<std::string> type = text_type(std::move(name), std::move(expected), std::move(check));
  type.read = [read = std::move(type.read)](const Node& node) {
    auto value = read(node);
    if (value) *value = to_lower(*value);
    return value;
  };
  return type;
}

ValueType<Duration> duration_type(Duration min, Duration max) {
  const std::string range = format_duration(min) + " to " + format_duration(max);
  return {"duration, " + range, "a duration like \"30s\", \"5m\" or \"1h30m\", " + range,
          [min, max](const Node& node) -> std::expected<Duration, std::string> {
            if (node.kind != Node::Kind::string) return std::unexpected("");
            const auto value = parse_duration(node.text);
            if (!value || *value < min || *value > max) return std::unexpected("");
            return *value;
          },
          [](const Duration& value) { return toml_quoted(format_duration(value)); }};
}

ValueType<std::uint64_t> size_type(std::uint64_t min, std::uint64_t max) {
  const std::string range = format_size(min) + " to " + format_size(max);
  return {"size, " + range, "a size like \"64KiB\" or \"50MiB\", " + range,
          [min, max](const Node& node) -> std::expected<std::uint64_t, std::string> {
            if (node.kind != Node::Kind::string) return std::unexpected("");
            const auto value = parse_size(node.text);
            if (!value || *value < min || *value > max) return std::unexpected("");
            return *value;
          },
          [](const std::uint64_t& value) { return toml_quoted(format_size(value)); }};
}

ValueType<std::uint64_t> size_or_auto_type(std::uint64_t min, std::uint64_t max) {
  ValueType<std::uint64_t> type = size_type(min, max);
  type.name += ", or `auto`";
  type.expected += ", or \"auto\"";
  type.read = [read = std::move(type.read)](const Node& node) -> std::expected<std::uint64_t, std::string> {
    if (node.kind == Node::Kind::string && node.text == "auto") return 0;
    return read(node);
  };
  type.print = [print = std::move(type.print)](const std::uint64_t& value) {
    return value == 0 ? std::string("\"auto\"") : print(value);
  };
  return type;
}

ValueType<Rate> rate_type() {
  return {"rate, or `\"\"`", "a rate like \"1000/min\", by /s, /min, /h or /d, or \"\"",
          [](const Node& node) -> std::expected<Rate, std::string> {
            if (node.kind != Node::Kind::string) return std::unexpected("");
            const auto value = parse_rate(node.text);
            if (!value) return std::unexpected("");
            return *value;
          },
          [](const Rate& value) { return toml_quoted(format_rate(value)); }};
}

ValueType<std::uint32_t> count_type(std::uint32_t min, std::uint32_t max) {
  const std::string range = fmt::format("{} to {}", min, max);
  return {"integer, " + range, "an integer from " + range,
          [min, max](const Node& node) -> std::expected<std::uint32_t, std::string> {
            if (node.kind != Node::Kind::integer || node.integer < min || node.integer > max)
              return std::unexpected("");
            return static_cast<std::uint32_t>(node.integer);
          },
          [](const std::uint32_t& value) { return std::to_string(value); }, Form::toml};
}

ValueType<std::int8_t> priority_type() {
  return {"integer, -9 to 9", "an integer from -9 to 9",
          [](const Node& node) -> std::expected<std::int8_t, std::string> {
            if (node.kind != Node::Kind::integer || node.integer < -9 || node.integer > 9) return std::unexpected("");
            return static_cast<std::int8_t>(node.integer);
          },
          [](const std::int8_t& value) { return std::to_string(value); }, Form::toml};
}

ValueType<std::vector<std::uint32_t>> count_list_type(std::uint32_t min, std::uint32_t max, std::size_t length_max) {
  using Counts = std::vector<std::uint32_t>;
  const ValueType<std::uint32_t> one = count_type(min, max);
  return {"array of integers", fmt::format("an array of at most {} integers from {} to {}", length_max, min, max),
          [one, length_max](const Node& node) -> std::expected<Counts, std::string> {
            if (node.kind != Node::Kind::array || node.items.size() > length_max) return std::unexpected("");
            Counts counts;
            for (const Node& item : node.items) {
              const auto count = one.read(item);
              if (!count) return std::unexpected("");
              counts.push_back(*count);
            }
            return counts;
          },
          [](const Counts& counts) {
            std::string out;
            for (const std::uint32_t count : counts) out += (out.empty() ? "" : ", ") + std::to_string(count);
            return "[" + out + "]";
          },
          Form::toml};
}

ValueType<double> factor_type(double min, double max) {
  const std::string range = fmt::format("{} to {}", min, max);
  return {"number, " + range, "a number from " + range,
          [min, max](const Node& node) -> std::expected<double, std::string> {
            double value = node.real;
            if (node.kind == Node::Kind::integer) {
              value = static_cast<double>(node.integer);
            } else if (node.kind != Node::Kind::real) {
              return std::unexpected("");
            }
            if (!(value >= min && value <= max)) return std::unexpected("");  // NaN is neither
            return value;
          },
          [](const double& value) {
            const std::string text = fmt::format("{}", value);
            return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
          },
          Form::toml};
}

ValueType<bool> bool_type() {
  return {"boolean", "true or false",
          [](const Node& node) -> std::expected<bool, std::string> {
            if (node.kind != Node::Kind::boolean) return std::unexpected("");
            return node.boolean;
          },
          [](const bool& value) { return std::string(value ? "true" : "false"); }, Form::toml};
}

ValueType<std::vector<policy::Network>> networks_type() {
  using Networks = std::vector<policy::Network>;
  return {"array of networks", "an array of networks like [\"192.0.2.0/24\", \"2001:db8::/32\"]",
          [](const Node& node) -> std::expected<Networks, std::string> {
            if (node.kind != Node::Kind::array) return std::unexpected("");
            Networks networks;
            for (const Node& item : node.items) {
              if (item.kind != Node::Kind::string) return std::unexpected("");
              auto network = policy::parse_network(item.text);
              if (!network) return std::unexpected(network.error().reason);
              networks.push_back(*network);
            }
            return networks;
          },
          [](const Networks& networks) {
            std::string out;
            for (const policy::Network& network : networks)
              out += (out.empty() ? "" : ", ") + toml_quoted(network.text());
            return "[" + out + "]";
          },
          Form::toml};
}

ValueType<std::vector<std::string>> text_list_type(std::string name, std::string expected, Check check) {
  using Texts = std::vector<std::string>;
  const ValueType<std::string> one = text_type("", "", std::move(check));
  return {std::move(name), std::move(expected),
          [one](const Node& node) -> std::expected<Texts, std::string> {
            if (node.kind != Node::Kind::array) return std::unexpected("");
            Texts texts;
            for (const Node& item : node.items) {
              auto text = one.read(item);
              if (!text) return std::unexpected(std::move(text.error()));
              texts.push_back(std::move(*text));
            }
            return texts;
          },
          [](const Texts& texts) {
            std::string out;
            for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + toml_quoted(text);
            return "[" + out + "]";
          },
          Form::toml};
}

ValueType<std::vector<std::string>> text_or_list_type(std::string name, std::string expected, Check check) {
  using Texts = std::vector<std::string>;
  const ValueType<std::string> one = text_type("", "", std::move(check));
  return {std::move(name), std::move(expected),
          [one](const Node& node) -> std::expected<Texts, std::string> {
            Texts texts;
            const auto add = [&](const Node& item) -> std::expected<void, std::string> {
              auto text = one.read(item);
              if (!text) return std::unexpected(std::move(text.error()));
              texts.push_back(std::move(*text));
              return {};
            };
            if (node.kind != Node::Kind::array) {
              if (auto added = add(node); !added) return std::unexpected(std::move(added.error()));
              return texts;
            }
            if (node.items.empty()) return std::unexpected("the list is empty");
            for (const Node& item : node.items)
              if (auto added = add(item); !added) return std::unexpected(std::move(added.error()));
            return texts;
          },
          [](const Texts& texts) {
            if (texts.size() == 1) return toml_quoted(texts.front());
            std::string out;
            for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + toml_quoted(text);
            return "[" + out + "]";
          },
          Form::text_or_toml};
}

}  // namespace ringpost::config
