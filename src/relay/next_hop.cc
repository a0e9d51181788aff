#include "relay/next_hop.h"

#include <algorithm>

#include "base/text.h"
#include "mail/address.h"
#include "policy/network.h"

namespace ringpost::relay {

namespace {

constexpr std::uint16_t smtp_port = 25;
constexpr std::uint16_t smtps_port = 465;  // RFC 8314 7.3
constexpr std::uint16_t lmtp_port = 24;
constexpr std::size_t socket_path_octets_max = 107;  // sun_path without its NUL
constexpr std::size_t path_octets_max = 1024;

std::unexpected<Error> invalid(std::string_view text, std::string_view expected) {
  return fail(ErrorKind::invalid, "'" + printable(text) + "': " + std::string(expected));
}

Result<NextHop> parse_host(NextHop::Kind kind, std::uint16_t default_port, std::string_view text,
                           std::string_view rest) {
  NextHop hop{.kind = kind, .host = {}, .port = default_port, .path = {}};
  std::string_view host = rest;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return invalid(text, "the bracket of the IPv6 address is not closed");
    host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    const auto address = policy::parse_ip(host);
    if (!address || host.find(':') == std::string_view::npos)
      return invalid(text, "expected an IPv6 address in brackets");
  } else {
    const auto colon = rest.find(':');
    host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
    // A name of digits and dots only is a mistyped address: no top-level domain is numeric.
    const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
    if (numeric ? !policy::parse_ip(host).has_value() : !mail::valid_domain(host, false))
      return invalid(text, "expected a host name, an IPv4 address or [IPv6 address]");
  }
  if (!port.empty()) {
    const auto number = parse_unsigned(port.substr(1));
    if (port.front() != ':' || !number || *number == 0 || *number > 65535)
      return invalid(text, "expected a port from 1 to 65535 after the host");
    hop.port = static_cast<std::uint16_t>(*number);
  }
  hop.host = to_lower(host);
  return hop;
}

bool has_parent_segment(std::string_view path) noexcept {
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (path.substr(at, end - at) == "..") return true;
    at = end + 1;
  }
  return false;
}

Result<NextHop> parse_path(NextHop::Kind kind, std::size_t octets_max, std::string_view text, std::string_view path) {
  if (path.size() < 2 || path.front() != '/') return invalid(text, "expected an absolute path");
  if (path.size() > octets_max)
    return invalid(text, "the path is longer than " + std::to_string(octets_max) + " octets");
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == ','; }) ||
      has_parent_segment(path))
    return invalid(text, "the path must not hold control characters, commas or \"..\"");
  return NextHop{.kind = kind, .host = {}, .port = 0, .path = std::string(path)};
}

Result<NextHop> parse_maildir(std::string_view text, std::string_view path) {
  for (auto at = path.find_first_of("{}"); at != std::string_view::npos; at = path.find_first_of("{}", at)) {
    const std::string_view rest = path.substr(at);
    if (rest.starts_with("{domain}")) {
      at += 8;
    } else if (rest.starts_with("{local}")) {
      at += 7;
    } else {
      return invalid(text, "the only placeholders are {domain} and {local}");
    }
  }
  return parse_path(NextHop::Kind::maildir, path_octets_max, text, path);
}

}  // namespace

Result<NextHop> parse_next_hop(std::string_view text) {
  using Kind = NextHop::Kind;
  const auto after = [text](std::string_view scheme) { return text.substr(scheme.size()); };
  if (text == "mx") return NextHop{};
  if (text == "discard:") return NextHop{.kind = Kind::discard, .host = {}, .port = 0, .path = {}};
  if (text.starts_with("smtp://")) return parse_host(Kind::smtp, smtp_port, text, after("smtp://"));
  if (text.starts_with("smtps://")) return parse_host(Kind::smtps, smtps_port, text, after("smtps://"));
  if (text.starts_with("lmtp://")) return parse_host(Kind::lmtp, lmtp_port, text, after("lmtp://"));
  if (text.starts_with("lmtp+unix:"))
    return parse_path(Kind::lmtp_unix, socket_path_octets_max, text, after("lmtp+unix:"));
  if (text.starts_with("maildir:")) return parse_maildir(text, after("maildir:"));
  return invalid(text,
                 "expected mx, smtp://host:port, smtps://host:port, lmtp://host:port, lmtp+unix:/path, "
                 "maildir:/path/{domain}/{local} or discard:");
}

bool NextHop::has_host_name() const noexcept {
  return !host.empty() && !policy::parse_ip(host);
}

std::string NextHop::text() const {
  const auto authority = [this] {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  };
  switch (kind) {
    case Kind::mx:
      return "mx";
    case Kind::smtp:
      return "smtp://" + authority();
    case Kind::smtps:
      return "smtps://" + authority();
    case Kind::lmtp:
      return "lmtp://" + authority();
    case Kind::lmtp_unix:
      return "lmtp+unix:" + path;
    case Kind::maildir:
      return "maildir:" + path;
    case Kind::discard:
      return "discard:";
  }
  return {};
}

}  // namespace ringpost::relay
