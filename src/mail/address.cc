#include "mail/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace ringpost::mail {
namespace {

constexpr std::size_t label_octets_max = 63;  // RFC 1035 2.3.4

bool is_utf8_octet(char c) noexcept {
  return static_cast<unsigned char>(c) > 127;
}

/// RFC 5322 3.2.3, with UTF8-non-ascii of RFC 6531 3.3.
bool is_atext(char c) noexcept {
  return is_alnum(c) || is_utf8_octet(c) || (c != '\0' && std::strchr("!#$%&'*+-/=?^_`{|}~", c) != nullptr);
}

bool is_dot_string(std::string_view text) noexcept {
  bool atom_begins = true;
  for (const char c : text) {
    if (c == '.') {
      if (atom_begins) return false;
      atom_begins = true;
    } else {
      if (!is_atext(c)) return false;
      atom_begins = false;
    }
  }
  return !atom_begins;
}

bool is_printable_ascii(char c) noexcept {
  return c >= 32 && c <= 126;
}

/// Unquotes the quoted-string at the start of `text` and cuts it off.
std::optional<std::string> take_quoted_string(std::string_view& text) {
  std::string content;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      text.remove_prefix(i + 1);
      return content;
    }
    if (c == '\\') {
      if (++i == text.size() || !is_printable_ascii(text[i])) return std::nullopt;
      content.push_back(text[i]);
    } else if (is_printable_ascii(c) || is_utf8_octet(c)) {
      content.push_back(c);
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// "@a,@b:" in front of the mailbox; false where it begins like one and is none.
bool drop_source_route(std::string_view& text, bool smtputf8) noexcept {
  if (!text.starts_with('@')) return true;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view route = text.substr(0, colon);
  while (!route.empty()) {
    if (route.front() != '@') return false;
    const std::size_t comma = route.find(',');
    if (!valid_domain(route.substr(1, comma == std::string_view::npos ? comma : comma - 1), smtputf8)) return false;
    if (comma == std::string_view::npos) break;
    route.remove_prefix(comma + 1);
    if (route.empty()) return false;
  }
  text.remove_prefix(colon + 1);
  return true;
}

/// The 63 octets of a U-label are those of its A-label, which only a look-up makes: here its domain bounds it.
bool valid_label(std::string_view label, bool smtputf8) noexcept {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  bool above_ascii = false;
  for (const char c : label) {
    if (is_utf8_octet(c)) above_ascii = true;
    if (!is_alnum(c) && c != '-' && !(smtputf8 && is_utf8_octet(c))) return false;
  }
  return above_ascii || label.size() <= label_octets_max;
}

bool valid_ipv4(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = text.find('.');
    if ((part < 3) == (dot == std::string_view::npos)) return false;
    const std::string_view number = text.substr(0, dot);
    if (number.size() > 3) return false;
    const auto value = parse_unsigned(number);
    if (!value || *value > 255) return false;
    if (part < 3) text.remove_prefix(dot + 1);
  }
  return true;
}

bool valid_ipv6(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), terminated);
  in6_addr ignored{};
  return inet_pton(AF_INET6, terminated, &ignored) == 1;
}

/// Standardized-tag ":" 1*dcontent.
bool valid_general_literal(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size()) return false;
  const std::string_view tag = text.substr(0, colon);
  if (!is_alnum(tag.back())) return false;
  if (!std::ranges::all_of(tag, [](char c) { return is_alnum(c) || c == '-'; })) return false;
  return std::ranges::all_of(text.substr(colon + 1),
                             [](char c) { return c >= 33 && c <= 126 && c != '[' && c != ']' && c != '\\'; });
}

std::string canonical_domain(std::string_view domain) {
  std::string lower = to_lower(domain);
  if (lower.starts_with("[ipv6:")) std::copy_n("IPv6", 4, lower.begin() + 1);
  return lower;
}

std::unexpected<Error> bad_address(std::string_view text, std::string_view why, bool reverse) {
  const EnhancedCode code = reverse ? EnhancedCode{5, 1, 7} : EnhancedCode{5, 1, 3};
  return fail(ErrorKind::invalid, std::string(why) + ": " + printable(text), {501, code});
}

}  // namespace

bool Address::needs_utf8() const noexcept {
  return std::ranges::any_of(local, is_utf8_octet) || std::ranges::any_of(domain, is_utf8_octet);
}

std::string Address::text() const {
  if (is_null()) return {};
  std::string out;
  out.reserve(local.size() + domain.size() + 3);
  if (is_dot_string(local)) {
    out = local;
  } else {
    out.push_back('"');
    for (const char c : local) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    out.push_back('"');
  }
  if (!domain.empty()) out.append("@").append(domain);
  return out;
}

Result<Address> parse_address(std::string_view text, bool smtputf8, bool reverse) {
  if (text.empty() && reverse) return Address{};
  if (text.size() + 2 > path_octets_max) return bad_address(text, "path too long", reverse);
  if (std::ranges::any_of(text, is_utf8_octet)) {
    if (!smtputf8) return fail(ErrorKind::invalid, "UTF-8 without SMTPUTF8: " + printable(text), {553, {5, 6, 7}});
    if (!valid_utf8(text)) return bad_address(text, "not UTF-8", reverse);
  }
  if (!reverse && iequals(text, "postmaster")) return Address{"postmaster", {}};

  std::string_view rest = text;
  if (!drop_source_route(rest, smtputf8)) return bad_address(text, "bad source route", reverse);
  Address address;
  if (rest.starts_with('"')) {
    auto local = take_quoted_string(rest);
    if (!local || !rest.starts_with('@')) return bad_address(text, "bad quoted local part", reverse);
    address.local = std::move(*local);
  } else {
    const std::string_view local = rest.substr(0, rest.find('@'));
    if (local.size() == rest.size()) return bad_address(text, "no domain", reverse);
    if (!is_dot_string(local)) return bad_address(text, "bad local part", reverse);
    address.local = local;
    rest.remove_prefix(local.size());
  }
  rest.remove_prefix(1);
  if (!valid_domain(rest, smtputf8) && !valid_address_literal(rest)) return bad_address(text, "bad domain", reverse);
  address.domain = canonical_domain(rest);
  return address;
}

bool valid_domain(std::string_view text, bool smtputf8) noexcept {
  if (text.size() > domain_octets_max || (smtputf8 && !valid_utf8(text))) return false;
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!valid_label(text.substr(0, dot), smtputf8)) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool valid_address_literal(std::string_view text) noexcept {
  if (text.size() < 3 || text.size() > domain_octets_max || text.front() != '[' || text.back() != ']') return false;
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (istarts_with(inside, "IPv6:")) return valid_ipv6(inside.substr(5));
  return valid_ipv4(inside) || valid_general_literal(inside);
}

bool valid_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < static_cast<std::size_t>(more)) return false;
    std::uint32_t point = lead & (0x3fu >> more);
    for (int k = 0; k < more; ++k) {
      const auto next = static_cast<unsigned char>(text[i++]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3fu);
    }
    constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
  }
  return true;
}

}  // namespace ringpost::mail
