#include "mail/xtext.h"

#include <cstdint>

#include "mail/address.h"

namespace ringpost::mail {
namespace {

constexpr std::string_view upper_hex = "0123456789ABCDEF";

int hex_value(char c) noexcept {  // xtext knows capitals only
  const std::size_t at = upper_hex.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool is_xchar(char c) noexcept {
  return c >= 33 && c <= 126 && c != '+' && c != '=';
}

bool is_hex_escape(std::string_view text, std::size_t at) noexcept {
  return text.size() - at >= 3 && text[at] == '+' && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
}

/// Octets of "\x{HEX}" at `at`, 0 where there is none (RFC 6533 3: EmbeddedUnicodeChar, 2 to 6 digits, not beyond
/// Unicode).
std::size_t embedded_unicode_char(std::string_view text, std::size_t at) noexcept {
  if (text.substr(at, 3) != "\\x{") return 0;
  std::uint32_t point = 0;
  for (std::size_t digits = 0; digits <= 6; ++digits) {
    if (at + 3 + digits >= text.size()) return 0;
    const char c = text[at + 3 + digits];
    if (c == '}') {
      const bool surrogate = point >= 0xd800 && point <= 0xdfff;
      return digits >= 2 && point <= 0x10ffff && !surrogate ? digits + 4 : 0;
    }
    if (hex_value(c) < 0) return 0;
    point = point << 4 | static_cast<std::uint32_t>(hex_value(c));
  }
  return 0;
}

}  // namespace

bool valid_xtext(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    if (is_xchar(text[i])) {
      ++i;
    } else if (is_hex_escape(text, i)) {
      i += 3;
    } else {
      return false;
    }
  }
  return true;
}

std::string encode_xtext(std::string_view octets) {
  std::string out;
  out.reserve(octets.size());
  for (const char c : octets) {
    if (is_xchar(c)) {
      out.push_back(c);
    } else {
      const auto value = static_cast<unsigned char>(c);
      out.push_back('+');
      out.push_back(upper_hex[value >> 4]);
      out.push_back(upper_hex[value & 15]);
    }
  }
  return out;
}

Result<std::string> decode_xtext(std::string_view text) {
  if (!valid_xtext(text)) return fail(ErrorKind::invalid, "not xtext", {501, {5, 5, 4}});
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool valid_utf8_addr(std::string_view text, bool smtputf8) noexcept {
  if (text.empty() || !valid_utf8(text)) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\\') {
      const std::size_t octets = embedded_unicode_char(text, i);
      if (octets == 0) return false;
      i += octets;
    } else {
      const bool above_ascii = static_cast<unsigned char>(text[i]) > 127;
      if (above_ascii ? !smtputf8 : !is_xchar(text[i])) return false;
      ++i;
    }
  }
  return true;
}

}  // namespace ringpost::mail
