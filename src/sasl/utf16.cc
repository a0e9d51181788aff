#include "sasl/utf16.h"

#include <locale.h>
#include <wctype.h>

#include <cstdint>

#include "base/text.h"

namespace ringpost::sasl {

namespace {

constexpr char32_t none = 0xffffffff;

unsigned octet(char c) noexcept {
  return static_cast<unsigned char>(c);
}

// The character at the front, which is taken away; none: it is not UTF-8 (RFC 3629 4).
char32_t take_utf8(std::string_view& text) noexcept {
  const unsigned first = octet(text[0]);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xc2 ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size == 0 || size > text.size()) return none;
  char32_t character = size == 1 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(text[i]) & 0xc0) != 0x80) return none;
    character = character << 6 | (octet(text[i]) & 0x3f);
  }
  text.remove_prefix(size);
  const bool too_short = (size == 3 && character < 0x800) || (size == 4 && character < 0x10000);
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  return too_short || surrogate || character > 0x10ffff ? none : character;
}

void append_utf8(std::string& text, char32_t character) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80 | (character >> shift & 0x3f)); };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xc0 | character >> 6);
    tail(0);
  } else if (character < 0x10000) {
    text += static_cast<char>(0xe0 | character >> 12);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | character >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

void append_unit(std::string& octets, unsigned unit) {
  octets += static_cast<char>(unit & 0xff);
  octets += static_cast<char>(unit >> 8 & 0xff);
}

unsigned unit_at(std::string_view octets, std::size_t at) noexcept {
  return octet(octets[at]) | octet(octets[at + 1]) << 8;
}

}  // namespace

std::optional<std::string> utf16le_from_utf8(std::string_view text) {
  std::string octets;
  octets.reserve(text.size() * 2);
  while (!text.empty()) {
    const char32_t character = take_utf8(text);
    if (character == none) return std::nullopt;
    if (character < 0x10000) {
      append_unit(octets, static_cast<unsigned>(character));
    } else {
      append_unit(octets, static_cast<unsigned>(0xd800 + ((character - 0x10000) >> 10)));
      append_unit(octets, static_cast<unsigned>(0xdc00 + ((character - 0x10000) & 0x3ff)));
    }
  }
  return octets;
}

std::optional<std::string> utf8_from_utf16le(std::string_view octets) {
  if (octets.size() % 2 != 0) return std::nullopt;
  std::string text;
  for (std::size_t at = 0; at < octets.size(); at += 2) {
    const unsigned unit = unit_at(octets, at);
    if (unit < 0xd800 || unit > 0xdfff) {
      append_utf8(text, unit);
      continue;
    }
    const unsigned low = at + 2 < octets.size() ? unit_at(octets, at + 2) : 0;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) return std::nullopt;
    append_utf8(text, 0x10000 + ((unit - 0xd800U) << 10) + (low - 0xdc00U));
    at += 2;
  }
  return text;
}

std::string utf16le_capitals(std::string_view octets) {
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string capitals;
  capitals.reserve(octets.size());
  for (std::size_t at = 0; at + 1 < octets.size(); at += 2) {
    const unsigned unit = unit_at(octets, at);
    unsigned capital = unit;
    if (unit < 0x80) {
      capital = octet(ascii_upper(static_cast<char>(unit)));
    } else if (unicode != nullptr && (unit < 0xd800 || unit > 0xdfff)) {
      const auto upper = static_cast<std::uint32_t>(::towupper_l(static_cast<wint_t>(unit), unicode));
      if (upper >= 0x80 && upper < 0x10000) capital = upper;
    }
    append_unit(capitals, capital);
  }
  return capitals;
}

}  // namespace ringpost::sasl
