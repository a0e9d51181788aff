#include "sasl/scram_message.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace ringpost::sasl {

namespace {

/// What stands before the next comma, which is cut off as well. nullopt: there is no comma.
std::optional<std::string_view> take_field(std::string_view& rest) {
  const auto comma = rest.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(0, comma);
  rest.remove_prefix(comma + 1);
  return field;
}

/// saslname: "=2C" and "=3D" are the only uses of "=".
std::optional<std::string> unescape(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const bool escape = name.front() == '=';
    if (escape && !name.starts_with("=2C") && !name.starts_with("=3D")) return std::nullopt;
    text += !escape ? name.front() : name[1] == '2' ? ',' : '=';
    name.remove_prefix(escape ? 3 : 1);
  }
  return text;
}

bool is_binding_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

}  // namespace

std::optional<ScramClientFirst> parse_scram_client_first(std::string_view message) {
  ScramClientFirst first;
  const auto flag = take_field(message);
  const auto authzid = take_field(message);
  const auto login = take_field(message);
  if (!flag || flag->empty() || !authzid || !login) return std::nullopt;

  first.flag = flag->front();
  if (first.flag == 'p') {
    if (!flag->starts_with("p=") || !is_binding_name(flag->substr(2))) return std::nullopt;
    first.binding_type = flag->substr(2);
  } else if (*flag != "n" && *flag != "y") {
    return std::nullopt;
  }
  if (!authzid->empty()) {
    auto name = authzid->starts_with("a=") ? unescape(authzid->substr(2)) : std::nullopt;
    if (!name || name->empty()) return std::nullopt;
    first.authzid = std::move(*name);
  }
  // "m=" in place of "n=" would be an extension that must be understood; there are none.
  auto name = login->starts_with("n=") ? unescape(login->substr(2)) : std::nullopt;
  if (!name || name->empty() || !message.starts_with("r=")) return std::nullopt;
  first.login = std::move(*name);
  return first;
}

std::optional<std::uint64_t> scram_iterations(std::string_view server_first) {
  const auto nonce = take_field(server_first);
  const auto salt = take_field(server_first);
  if (!nonce || !salt || !server_first.starts_with("i=")) return std::nullopt;
  server_first.remove_prefix(2);
  return parse_unsigned(server_first.substr(0, server_first.find(',')));
}

}  // namespace ringpost::sasl
