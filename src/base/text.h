// ASCII text helpers. SMTP verbs, keywords and domains compare without case and without locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost {

constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr char ascii_upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alnum(char c) noexcept {
  return is_digit(c) || is_alpha(c);
}

std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b) noexcept;
bool istarts_with(std::string_view text, std::string_view prefix) noexcept;

/// Cuts SP and HTAB at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Decimal digits only, the whole of `text`, at most 20 of them; nullopt on anything else or on overflow.
std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept;

/// One printable line: CR, LF, other controls and non-ASCII become \xNN, cut at `octets_max` with "...".
/// For log lines and reply texts that quote a peer.
std::string printable(std::string_view text, std::size_t octets_max = 200);

}  // namespace ringpost
