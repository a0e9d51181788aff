// An IPv4 or IPv6 network in CIDR notation, and a client address to ask it about. An IPv4-mapped IPv6 address is the
// IPv4 address it maps. Standards: RFC 4632, RFC 4291 2.5.5.2.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::policy {

struct IpAddress {
  std::array<std::uint8_t, 16> octets{};  // IPv4 in the mapped form ::ffff:a.b.c.d
  bool is_v4() const noexcept;
  /// "192.0.2.1" or "2001:db8::1", as inet_ntop prints.
  std::string text() const;
  bool operator==(const IpAddress&) const = default;
};

Result<IpAddress> parse_ip(std::string_view text);

class Network {
 public:
  Network() = default;
  bool contains(const IpAddress& address) const noexcept;
  std::string text() const;
  bool operator==(const Network&) const = default;

 private:
  friend Result<Network> parse_network(std::string_view text);
  IpAddress base_;
  std::uint8_t prefix_bits_ = 128;  // of the mapped form: an IPv4 /8 is 104 here
};

/// "192.0.2.0/24", "2001:db8::/32", or a bare address. Errors: invalid; also when bits behind the prefix are set.
Result<Network> parse_network(std::string_view text);

bool any_contains(std::span<const Network> networks, const IpAddress& address) noexcept;

}  // namespace ringpost::policy
