#include "relay/proxy_header.h"

#include <netinet/in.h>

#include <string_view>

#include "base/assert.h"

namespace ringpost::relay {

namespace {

constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char version_2_proxy = 0x21;
constexpr char tcp_over_ipv4 = 0x11;
constexpr char tcp_over_ipv6 = 0x21;

template <class T>
void append(std::string& out, const T& in_network_order) {
  out.append(reinterpret_cast<const char*>(&in_network_order), sizeof in_network_order);
}

}  // namespace

std::string proxy_v2_header(const io::SocketAddress& source, const io::SocketAddress& destination) {
  RINGPOST_ASSERT(source.family() == destination.family());
  std::string out(signature);
  out += version_2_proxy;
  if (source.family() == AF_INET6) {
    const auto& from = *reinterpret_cast<const sockaddr_in6*>(source.raw());
    const auto& to = *reinterpret_cast<const sockaddr_in6*>(destination.raw());
    out += tcp_over_ipv6;
    append(out, ::htons(36));
    append(out, from.sin6_addr);
    append(out, to.sin6_addr);
    append(out, from.sin6_port);
    append(out, to.sin6_port);
  } else {
    RINGPOST_ASSERT(source.family() == AF_INET);
    const auto& from = *reinterpret_cast<const sockaddr_in*>(source.raw());
    const auto& to = *reinterpret_cast<const sockaddr_in*>(destination.raw());
    out += tcp_over_ipv4;
    append(out, ::htons(12));
    append(out, from.sin_addr);
    append(out, to.sin_addr);
    append(out, from.sin_port);
    append(out, to.sin_port);
  }
  return out;
}

}  // namespace ringpost::relay
