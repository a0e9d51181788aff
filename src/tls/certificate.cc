#include "tls/certificate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <ctime>

#include "base/text.h"
#include "tls/der.h"
#include "tls/wolf.h"

namespace ringpost::tls {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t subject_octets_max = 500;
constexpr std::size_t names_max = 200;

constexpr auto oid_alternative_names = "\x55\x1d\x11"sv, oid_basic_constraints = "\x55\x1d\x13"sv,
               oid_extended_key_usage = "\x55\x1d\x25"sv, oid_key_usage = "\x55\x1d\x0f"sv,
               oid_common_name = "\x55\x04\x03"sv;
constexpr auto oid_any_usage = "\x55\x1d\x25\x00"sv, oid_server_usage = "\x2b\x06\x01\x05\x05\x07\x03\x01"sv,
               oid_client_usage = "\x2b\x06\x01\x05\x05\x07\x03\x02"sv;

std::string hexadecimal(std::string_view octets) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char octet : octets) {
    text += digits[static_cast<std::uint8_t>(octet) >> 4];
    text += digits[static_cast<std::uint8_t>(octet) & 15];
  }
  return text;
}

// RFC 4514 3.
std::string_view attribute_name(std::string_view oid) noexcept {
  struct Known {
    std::string_view oid, name;
  };
  static constexpr Known known[] = {
      {"\x55\x04\x03"sv, "CN"},
      {"\x55\x04\x07"sv, "L"},
      {"\x55\x04\x08"sv, "ST"},
      {"\x55\x04\x0a"sv, "O"},
      {"\x55\x04\x0b"sv, "OU"},
      {"\x55\x04\x06"sv, "C"},
      {"\x55\x04\x09"sv, "STREET"},
      {"\x55\x04\x05"sv, "serialNumber"},
      {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"sv, "DC"},
      {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"sv, "UID"},
      {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"sv, "emailAddress"},
  };
  for (const Known& each : known) {
    if (each.oid == oid) return each.name;
  }
  return {};
}

std::string dotted(std::string_view oid) {
  std::string text;
  std::uint64_t arc = 0;
  bool first = true;
  for (const char c : oid.substr(0, 40)) {
    const auto octet = static_cast<std::uint8_t>(c);
    arc = arc << 7 | (octet & 0x7F);
    if ((octet & 0x80) != 0) continue;
    if (first) {
      const std::uint64_t top = std::min<std::uint64_t>(arc / 40, 2);
      text = std::to_string(top) + "." + std::to_string(arc - top * 40);
    } else {
      text += "." + std::to_string(arc);
    }
    first = false;
    arc = 0;
  }
  return text;
}

std::string escaped(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool at_end = i == 0 || i + 1 == value.size();
    if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) {
      text += "\\" + hexadecimal(value.substr(i, 1));
    } else {
      if ("\"+,;<>\\"sv.contains(c) || (c == ' ' && at_end) || (c == '#' && i == 0)) text += '\\';
      text += c;
    }
  }
  return text;
}

/// Relative names come most significant first in a certificate and last in text.
void read_subject(std::string_view name, CertificateFacts& facts) {
  DerReader parts(name);
  while (!parts.empty() && facts.subject.size() < subject_octets_max) {
    DerReader attributes(parts.next().content);
    std::string part;
    while (!attributes.empty()) {
      DerReader attribute(attributes.next(der::sequence));
      const std::string_view oid = attribute.next(der::oid);
      const DerElement value = attribute.next();
      if (oid.empty() || value.tag == 0) break;
      const std::string_view known = attribute_name(oid);
      if (!part.empty()) part += '+';
      part += known.empty() ? dotted(oid) + "=#" + hexadecimal(value.whole)
                            : std::string(known) + "=" + escaped(value.content);
      if (oid == oid_common_name && !value.content.contains('\0')) facts.common_name = printable(value.content, 253);
    }
    if (part.empty()) continue;
    facts.subject = facts.subject.empty() ? part : part + "," + facts.subject;
  }
  if (facts.subject.size() > subject_octets_max) facts.subject.resize(subject_octets_max);
}

// A NUL inside a name once made "bank.example\0.evil.example" stand for the bank; such names stand for nothing.
bool is_plain(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 253 &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && static_cast<std::uint8_t>(c) < 0x7F; });
}

void read_alternative_names(std::string_view extension, CertificateFacts& facts) {
  facts.has_alternative_names = true;
  DerReader names(DerReader(extension).next(der::sequence));
  for (std::size_t count = 0; !names.empty() && count < names_max; ++count) {
    const DerElement name = names.next();
    if (name.tag == der::context(2) && is_plain(name.content)) {
      facts.dns_names.push_back(to_lower(name.content));
    } else if (name.tag == der::context(1) && is_plain(name.content)) {
      facts.emails.emplace_back(name.content);
    } else if (name.tag == der::context(7) && (name.content.size() == 4 || name.content.size() == 16)) {
      facts.addresses.emplace_back(name.content);
    }
  }
}

void read_constraints(std::string_view extension, CertificateFacts& facts) {
  DerReader constraints(DerReader(extension).next(der::sequence));
  const std::string_view authority = constraints.next(der::boolean);
  facts.is_authority = authority.size() == 1 && authority[0] != 0;
  const std::string_view length = constraints.next(der::integer);
  if (length.size() == 1 && static_cast<std::uint8_t>(length[0]) < 0x80) facts.path_length = length[0];
}

void read_usage(std::string_view extension, CertificateFacts& facts) {
  facts.for_servers = facts.for_clients = false;
  DerReader usages(DerReader(extension).next(der::sequence));
  while (!usages.empty()) {
    const std::string_view oid = usages.next().content;
    facts.for_servers = facts.for_servers || oid == oid_server_usage || oid == oid_any_usage;
    facts.for_clients = facts.for_clients || oid == oid_client_usage || oid == oid_any_usage;
  }
}

void read_extensions(std::string_view list, CertificateFacts& facts) {
  DerReader extensions(list);
  while (!extensions.empty()) {
    DerReader extension(extensions.next(der::sequence));
    const std::string_view oid = extension.next(der::oid);
    if (oid.empty()) return;
    extension.next(der::boolean);  // critical
    const std::string_view value = extension.next(der::octet_string);
    if (oid == oid_alternative_names) read_alternative_names(value, facts);
    if (oid == oid_basic_constraints) read_constraints(value, facts);
    if (oid == oid_extended_key_usage) read_usage(value, facts);
    if (oid == oid_key_usage) {
      const std::string_view bits = DerReader(value).next(der::bit_string);  // first octet: how many bits are unused
      facts.may_sign_certificates = bits.size() >= 2 && (bits[1] & 0x04) != 0;
    }
  }
}

}  // namespace

std::optional<CertificateFacts> read_certificate(std::string_view der_octets) {
  CertificateFacts facts;
  DerReader fields(DerReader(DerReader(der_octets).next(der::sequence)).next(der::sequence));
  fields.next(der::context_constructed(0));                     // version
  if (fields.next().tag != der::integer) return std::nullopt;   // serial number
  if (fields.next().tag != der::sequence) return std::nullopt;  // signature
  if (fields.next().tag != der::sequence) return std::nullopt;  // issuer
  DerReader validity(fields.next(der::sequence));
  facts.not_before = read_der_time(validity.next());
  facts.not_after = read_der_time(validity.next());
  const DerElement subject = fields.next();
  if (subject.tag != der::sequence || fields.next().tag != der::sequence) return std::nullopt;  // and the public key
  read_subject(subject.content, facts);
  fields.next(der::context(1));  // unique identifiers of issuer and subject
  fields.next(der::context(2));
  read_extensions(DerReader(fields.next(der::context_constructed(3))).next(der::sequence), facts);
  return facts;
}

std::string_view public_key_of(std::string_view der_octets) noexcept {
  DerReader fields(DerReader(DerReader(der_octets).next(der::sequence)).next(der::sequence));
  fields.next(der::context_constructed(0));  // version
  for (int i = 0; i < 5; ++i) {              // serial number, signature, issuer, validity, subject
    if (fields.next().tag == 0) return {};
  }
  const DerElement key = fields.next();
  return key.tag == der::sequence ? key.whole : std::string_view();
}

std::int64_t read_der_time(const DerElement& element) noexcept {
  std::string_view text = element.content;
  const bool is_utc = element.tag == der::utc_time;
  if ((!is_utc && element.tag != der::generalized_time) || text.size() != (is_utc ? 13 : 15)) return 0;
  if (!std::ranges::all_of(text.substr(0, text.size() - 1), is_digit)) return 0;
  const auto number = [&text](std::size_t digits) {
    int value = 0;
    for (; digits > 0; --digits, text.remove_prefix(1)) value = value * 10 + (text[0] - '0');
    return value;
  };
  std::tm time{};
  const int year = number(is_utc ? 2 : 4);
  time.tm_year = is_utc ? (year < 50 ? year + 100 : year) : year - 1900;
  time.tm_mon = number(2) - 1;
  time.tm_mday = number(2);
  time.tm_hour = number(2);
  time.tm_min = number(2);
  time.tm_sec = number(2);
  return ::timegm(&time);
}

std::string certificate_fingerprint(std::string_view der_octets) {
  std::string digest(WC_SHA256_DIGEST_SIZE, '\0');
  static_cast<void>(wc_Sha256Hash(wolf::bytes(der_octets), static_cast<word32>(der_octets.size()),
                                  reinterpret_cast<unsigned char*>(digest.data())));
  return hexadecimal(digest);
}

bool name_matches(std::string_view pattern, std::string_view host) noexcept {
  if (!pattern.starts_with("*.")) return !pattern.empty() && pattern == host;
  const std::size_t dot = host.find('.');
  // "*.com" is refused by every authority and by us: what follows the star has a dot inside.
  return dot != std::string_view::npos && dot > 0 && pattern.substr(1) == host.substr(dot) &&
         pattern.substr(2).contains('.');
}

bool is_address(std::string_view host) noexcept {
  unsigned char octets[16];
  const std::string text(host.substr(0, 64));
  return ::inet_pton(AF_INET, text.c_str(), octets) == 1 || ::inet_pton(AF_INET6, text.c_str(), octets) == 1;
}

bool stands_for(const CertificateFacts& certificate, std::string_view host) {
  const std::string text = to_lower(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
  unsigned char octets[16];
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, text.c_str(), octets) != 1) continue;
    const std::string_view address(reinterpret_cast<const char*>(octets), family == AF_INET ? 4 : 16);
    return std::ranges::find(certificate.addresses, address) != certificate.addresses.end();
  }
  if (!certificate.has_alternative_names) return name_matches(to_lower(certificate.common_name), text);
  return std::ranges::any_of(certificate.dns_names, [&](const auto& pattern) { return name_matches(pattern, text); });
}

}  // namespace ringpost::tls
