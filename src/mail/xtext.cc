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

struct Embedded {
  std::size_t octets = 0;
  std::uint32_t point = 0;
};

/// The "\x{HEX}" at `at`, of no octets where there is none (RFC 6533 3: EmbeddedUnicodeChar, 2 to 6 digits, not beyond
/// Unicode).
Embedded embedded_unicode_char(std::string_view text, std::size_t at) noexcept {
  if (text.substr(at, 3) != "\\x{") return {};
  std::uint32_t point = 0;
  for (std::size_t digits = 0; digits <= 6; ++digits) {
    if (at + 3 + digits >= text.size()) return {};
    const char c = text[at + 3 + digits];
    if (c == '}') {
      const bool surrogate = point >= 0xd800 && point <= 0xdfff;
      return digits >= 2 && point <= 0x10ffff && !surrogate ? Embedded{digits + 4, point} : Embedded{};
    }
    if (hex_value(c) < 0) return {};
    point = point << 4 | static_cast<std::uint32_t>(hex_value(c));
  }
  return {};
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&out, point](int shift) { out.push_back(static_cast<char>(0x80 | (point >> shift & 0x3f))); };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xc0 | point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | point >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// The character at the front of `text`, which is valid UTF-8 where `utf8` (else: the octet), and cuts it off.
std::uint32_t take_character(std::string_view& text, bool utf8) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  if (!utf8 || lead < 0x80) return lead;
  int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  std::uint32_t point = lead & (0x3fu >> more);
  for (; more > 0; --more) {
    point = point << 6 | (static_cast<unsigned char>(text.front()) & 0x3fu);
    text.remove_prefix(1);
  }
  return point;
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
      const std::size_t octets = embedded_unicode_char(text, i).octets;
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

std::string encode_utf8_addr(std::string_view address) {
  const bool utf8 = valid_utf8(address);
  std::string out;
  while (!address.empty()) {
    const char c = address.front();
    if (is_xchar(c) && c != '\\') {
      out.push_back(c);
      address.remove_prefix(1);
      continue;
    }
    const std::uint32_t point = take_character(address, utf8);
    out += "\\x{";
    int shift = 4;
    while (point >> shift > 15) shift += 4;
    for (; shift >= 0; shift -= 4) out.push_back(upper_hex[point >> shift & 15]);
    out.push_back('}');
  }
  return out;
}

Result<std::string> decode_utf8_addr(std::string_view text) {
  if (!valid_utf8_addr(text, true)) return fail(ErrorKind::invalid, "not an utf-8 address", {501, {5, 5, 4}});
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Embedded embedded = embedded_unicode_char(text, i);
    if (embedded.octets == 0) {
      out.push_back(text[i++]);
    } else {
      append_utf8(out, embedded.point);
      i += embedded.octets;
    }
  }
  return out;
}

}  // namespace ringpost::mail
