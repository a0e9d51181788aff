#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace ringpost {

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ascii_lower);
  return out;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::ranges::equal(a, b, [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept {
  if (text.empty() || text.size() > 20 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::string printable(std::string_view text, std::size_t octets_max) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, octets_max)) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += hex[octet >> 4];
      out += hex[octet & 15];
    }
  }
  if (text.size() > octets_max) out += "...";
  return out;
}

}  // namespace ringpost
