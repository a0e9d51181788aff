// What a load balancer puts before the first octet of a connection: who really connected. Both forms: a text line and a
// binary block, told apart by their first octets. Sans-I/O: the owner keeps what it received so far and asks again
// with more of it. Believe it only from networks the operator named.
//
// Standards: "The PROXY protocol, versions 1 & 2", sections 2.1 (text, at most 107 octets) and 2.2 (binary).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "policy/network.h"

namespace ringpost::server {

inline constexpr std::size_t proxy_v1_octets_max = 107;   // with its CRLF
inline constexpr std::size_t proxy_v2_octets_max = 4096;  // the format could carry 16 + 65535; no balancer needs it

struct ProxyHeader {
  policy::IpAddress source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::size_t octets = 0;  // length of the header; the client's own octets follow
  /// The header names nobody (LOCAL, UNKNOWN, UNSPEC, a datagram or Unix socket): the connection's own addresses hold.
  bool is_local = false;
};

/// `received`: everything since the connection began. nullopt: more is needed; never so for proxy_v2_octets_max octets
/// or more. Errors: invalid (not a PROXY header, or a wrong one), too_large (above the limits here).
Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view received);

}  // namespace ringpost::server
