#include "io/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace ringpost::io {

Result<SocketAddress> SocketAddress::from_host_port(std::string_view host, std::uint16_t port) {
  const std::string name(host);
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, name.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return from_raw(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, name.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return from_raw(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return fail(ErrorKind::invalid, "not a numeric IP address: " + printable(host));
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(ErrorKind::invalid, "no port in " + printable(text));
  const auto port = parse_unsigned(text.substr(colon + 1));
  if (!port || *port > 65'535) return fail(ErrorKind::invalid, "not a port: " + printable(text.substr(colon + 1)));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) {
    return fail(ErrorKind::invalid, "an IPv6 address needs brackets before the port: " + printable(text));
  }
  return from_host_port(host, static_cast<std::uint16_t>(*port));
}

Result<SocketAddress> SocketAddress::unix_path(std::string_view path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(ErrorKind::invalid, "not a usable unix socket path: " + printable(path));
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return from_raw(reinterpret_cast<const sockaddr*>(&address),
                  static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
}

SocketAddress SocketAddress::from_raw(const sockaddr* address, socklen_t length) noexcept {
  SocketAddress out;
  out.length_ = std::min<socklen_t>(length, sizeof out.storage_);
  std::memcpy(&out.storage_, address, out.length_);
  return out;
}

SocketAddress SocketAddress::of_peer(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return from_raw(reinterpret_cast<const sockaddr*>(&storage), length);
}

SocketAddress SocketAddress::of_local(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return from_raw(reinterpret_cast<const sockaddr*>(&storage), length);
}

std::string SocketAddress::host() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, buffer, sizeof buffer);
  } else if (family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      ::inet_ntop(AF_INET, &v6.s6_addr[12], buffer, sizeof buffer);
    } else {
      ::inet_ntop(AF_INET6, &v6, buffer, sizeof buffer);
    }
  } else if (is_unix()) {
    const auto* path = reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
    return std::string(path, ::strnlen(path, sizeof(sockaddr_un::sun_path)));
  }
  return buffer;
}

std::uint16_t SocketAddress::port() const noexcept {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  return 0;
}

std::string SocketAddress::text() const {
  if (length_ == 0) return "";
  if (is_unix()) return "unix:" + host();
  std::string address = host();
  if (address.find(':') != std::string::npos) address = "[" + address + "]";
  return address + ":" + std::to_string(port());
}

}  // namespace ringpost::io
