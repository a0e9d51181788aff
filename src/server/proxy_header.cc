#include "server/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/text.h"

namespace ringpost::server {

namespace {

using Parsed = Result<std::optional<ProxyHeader>>;

constexpr std::string_view v1_signature = "PROXY ";
constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed_octets = 16;

Parsed invalid(std::string reason) {
  return fail(ErrorKind::invalid, "PROXY header: " + std::move(reason));
}

/// "0" to "65535", no leading zeros.
std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto number = parse_unsigned(text);
  if (!number || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

/// The header's fields, parted by exactly one space each.
template <std::size_t N>
bool split(std::string_view text, std::array<std::string_view, N>& fields) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    const std::size_t space = text.find(' ');
    if ((space == std::string_view::npos) != (i + 1 == N)) return false;
    fields[i] = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return true;
}

Result<policy::IpAddress> parse_v1_address(std::string_view text, bool v6) {
  if ((text.find(':') != std::string_view::npos) != v6) {
    return fail(ErrorKind::invalid, "PROXY header: address of the wrong family");
  }
  return policy::parse_ip(text);
}

Parsed parse_v1(std::string_view received) {
  const std::string_view window = received.substr(0, proxy_v1_octets_max);
  const std::size_t lf = window.find('\n');
  if (lf == std::string_view::npos) {
    if (window.size() == proxy_v1_octets_max) return fail(ErrorKind::too_large, "PROXY header: line without an end");
    return std::nullopt;
  }
  std::string_view line = window.substr(0, lf);
  if (!line.ends_with('\r')) return invalid("line ended by a bare LF");
  line.remove_suffix(1);
  line.remove_prefix(v1_signature.size());

  ProxyHeader header;
  header.octets = lf + 1;
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) {  // what follows is to be ignored
    header.is_local = true;
    return header;
  }
  std::array<std::string_view, 5> fields;
  if (!split(line, fields)) return invalid("not five fields");
  const bool v6 = fields[0] == "TCP6";
  if (!v6 && fields[0] != "TCP4") return invalid("unknown protocol");
  auto source = parse_v1_address(fields[1], v6);
  if (!source) return propagate(source);
  auto destination = parse_v1_address(fields[2], v6);
  if (!destination) return propagate(destination);
  const auto source_port = parse_port(fields[3]);
  const auto destination_port = parse_port(fields[4]);
  if (!source_port || !destination_port) return invalid("port is not 0 to 65535");
  header.source = *source;
  header.destination = *destination;
  header.source_port = *source_port;
  header.destination_port = *destination_port;
  return header;
}

std::uint16_t big_endian_16(std::string_view octets) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(octets[0]) << 8 | static_cast<unsigned char>(octets[1]));
}

/// Four octets become the mapped form, sixteen are the address.
policy::IpAddress address_of(std::string_view octets) noexcept {
  policy::IpAddress address;
  if (octets.size() == 4) address.octets[10] = address.octets[11] = 0xff;
  std::memcpy(address.octets.data() + (address.octets.size() - octets.size()), octets.data(), octets.size());
  return address;
}

Parsed parse_v2(std::string_view received) {
  if (received.size() < v2_fixed_octets) return std::nullopt;
  const auto version_command = static_cast<unsigned char>(received[12]);
  const auto family_protocol = static_cast<unsigned char>(received[13]);
  const std::size_t length = big_endian_16(received.substr(14, 2));
  if (version_command != 0x20 && version_command != 0x21) return invalid("unknown version or command");
  if (v2_fixed_octets + length > proxy_v2_octets_max) return fail(ErrorKind::too_large, "PROXY header: too long");
  if (received.size() < v2_fixed_octets + length) return std::nullopt;

  ProxyHeader header;
  header.octets = v2_fixed_octets + length;
  header.is_local = true;
  if (version_command == 0x20) return header;  // LOCAL: whatever else it says is to be ignored
  const unsigned family = family_protocol >> 4, protocol = family_protocol & 0x0f;
  if (family > 3 || protocol > 2) return invalid("unknown address family or protocol");
  const bool is_tcp = protocol == 1 && (family == 1 || family == 2);
  if (!is_tcp) return header;  // UNSPEC, datagrams, Unix sockets: nothing an SMTP client can have

  const std::size_t width = family == 1 ? 4 : 16;
  if (length < 2 * width + 4) return invalid("addresses cut short");
  const std::string_view body = received.substr(v2_fixed_octets, length);  // TLVs behind the ports are not read
  header.is_local = false;
  header.source = address_of(body.substr(0, width));
  header.destination = address_of(body.substr(width, width));
  header.source_port = big_endian_16(body.substr(2 * width, 2));
  header.destination_port = big_endian_16(body.substr(2 * width + 2, 2));
  return header;
}

/// `received` and `signature` agree as far as both go.
bool agrees(std::string_view received, std::string_view signature) noexcept {
  const std::size_t common = std::min(received.size(), signature.size());
  return received.substr(0, common) == signature.substr(0, common);
}

}  // namespace

Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view received) {
  for (const std::string_view signature : {v1_signature, v2_signature}) {
    if (!agrees(received, signature)) continue;
    if (received.size() < signature.size()) return std::nullopt;
    return signature == v1_signature ? parse_v1(received) : parse_v2(received);
  }
  return invalid("does not begin with a signature");
}

}  // namespace ringpost::server
