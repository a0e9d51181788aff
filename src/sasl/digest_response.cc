#include "sasl/digest_response.h"

#include <algorithm>

namespace ringpost::sasl {

namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view blanks_and_quotes = " \t\r\n\"";

std::string_view strip(std::string_view text, std::string_view octets) {
  const auto begin = text.find_first_not_of(octets);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(octets) - begin + 1);
}

/// Up to the next comma that is in no quotes; then blanks are skipped.
std::string_view take_directive(std::string_view& rest) {
  bool quoted = false;
  const auto end = std::ranges::find_if(rest, [&quoted](char c) {
    if (c == '"') quoted = !quoted;
    return c == ',' && !quoted;
  });
  const std::string_view directive(rest.begin(), end);
  rest.remove_prefix(directive.size() + (end == rest.end() ? 0 : 1));
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  return directive;
}

}  // namespace

std::optional<DigestResponse> parse_digest_response(std::string_view response) {
  DigestResponse found;
  while (!response.empty()) {
    const std::string_view directive = take_directive(response);
    if (directive.empty()) continue;  // RFC 2831 7.1: lists may have empty elements
    const auto equals = directive.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = directive.substr(0, equals);
    auto* field = name == "realm"        ? &found.realm
                  : name == "digest-uri" ? &found.digest_uri
                  : name == "username"   ? &found.username
                                         : nullptr;
    if (!field) continue;
    if (*field) return std::nullopt;
    *field = strip(directive.substr(equals + 1), blanks_and_quotes);
  }
  return found;
}

}  // namespace ringpost::sasl
