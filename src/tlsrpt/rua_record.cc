#include "tlsrpt/rua_record.h"

#include <algorithm>

#include "base/text.h"
#include "mail/address.h"

namespace ringpost::tlsrpt {

namespace {

constexpr std::string_view version = "v=TLSRPTv1";
constexpr std::size_t name_octets_max = 32;

/// The character strings of a TXT record, joined; nullopt: broken, or too long.
std::optional<std::string> joined(std::string_view rdata) {
  std::string text;
  while (!rdata.empty()) {
    const auto octets = static_cast<std::uint8_t>(rdata[0]);
    if (octets >= rdata.size()) return std::nullopt;
    text += rdata.substr(1, octets);
    rdata.remove_prefix(octets + std::size_t{1});
    if (text.size() > RuaRecord::octets_max) return std::nullopt;
  }
  return text;
}

bool is_version(std::string_view text) noexcept {
  return text.starts_with(version) && trim(text.substr(version.size())).starts_with(';');
}

/// Visible ASCII, and nothing that RFC 8460 3 wants to be encoded in a URI.
bool is_uri_text(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '!' && c != '"' && c != '\\'; });
}

std::optional<std::string> percent_decoded(std::string_view text) {
  const auto digit = [](char c) { return is_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10; };
  const auto is_hex = [](char c) { return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f'); };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return std::nullopt;
    out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::optional<ReportTarget> mail_target(std::string_view uri) {
  std::string_view path = uri.substr(uri.find(':') + 1);
  path = path.substr(0, path.find('?'));  // header fields that somebody else chooses are not ours to send
  auto text = percent_decoded(path);
  if (!text) return std::nullopt;
  const auto address = mail::parse_address(*text, false, false);
  if (!address || address->domain.empty() || address->is_literal()) return std::nullopt;
  return ReportTarget{ReportTarget::Kind::mail, std::string(uri), address->text(), {}};
}

std::optional<ReportTarget> https_target(std::string_view uri) {
  constexpr std::string_view scheme = "https://";
  const std::string_view rest = uri.substr(scheme.size());
  const std::size_t end = rest.find_first_of("/?#");
  if (end != std::string_view::npos && rest[end] != '/') return std::nullopt;  // nobody writes them without a path
  const std::string_view authority = rest.substr(0, end);
  const std::size_t colon = authority.find(':');
  const std::string_view host = authority.substr(0, colon);
  if (!mail::valid_domain(host, false) || !host.contains('.') || is_digit(host.back())) return std::nullopt;
  if (colon != std::string_view::npos) {
    const auto port = parse_unsigned(authority.substr(colon + 1));
    if (!port || *port == 0 || *port > 65'535) return std::nullopt;
  }
  return ReportTarget{ReportTarget::Kind::https, std::string(scheme) + std::string(rest), {}, to_lower(host)};
}

void add_target(std::string_view uri, std::vector<ReportTarget>& targets) {
  if (uri.empty() || uri.size() > RuaRecord::uri_octets_max || !is_uri_text(uri)) return;
  if (targets.size() >= RuaRecord::targets_max) return;
  std::optional<ReportTarget> target;
  if (istarts_with(uri, "mailto:")) target = mail_target(uri);
  if (istarts_with(uri, "https://")) target = https_target(uri);
  if (target && std::ranges::find(targets, *target) == targets.end()) targets.push_back(std::move(*target));
}

bool is_extension_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= name_octets_max && is_alnum(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

/// "v=TLSRPTv1; rua=...;", of which is_version() holds.
std::optional<RuaRecord> record_of(std::string_view text) {
  RuaRecord record;
  bool has_rua = false;
  for (text.remove_prefix(std::min(text.find(';'), text.size())); !text.empty();) {
    text.remove_prefix(1);
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view field = trim(text.substr(0, end));
    text.remove_prefix(end);
    if (field.empty() && text.empty()) break;  // the last delimiter
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos || !is_extension_name(field.substr(0, equals))) return std::nullopt;
    if (field.substr(0, equals) != "rua") continue;
    if (has_rua) return std::nullopt;
    has_rua = true;
    std::string_view uris = field.substr(equals + 1);
    for (bool more = true; more;) {
      const std::size_t comma = uris.find(',');
      add_target(trim(uris.substr(0, comma)), record.targets);
      more = comma != std::string_view::npos;
      if (more) uris.remove_prefix(comma + 1);
    }
  }
  return has_rua ? std::optional(std::move(record)) : std::nullopt;
}

}  // namespace

std::optional<RuaRecord> parse_rua_records(const std::vector<std::string>& records) {
  std::optional<std::string> found;
  for (const std::string& record : records) {
    auto text = joined(record);
    if (!text || !is_version(*text)) continue;
    if (found) return std::nullopt;
    found = std::move(text);
  }
  return found ? record_of(*found) : std::nullopt;
}

}  // namespace ringpost::tlsrpt
