// Where a socket is bound or goes to: IPv4, IPv6 or a unix path. Plain value.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringpost::io {

class SocketAddress {
 public:
  SocketAddress() noexcept = default;

  /// "192.0.2.1:25", "[2001:db8::1]:25", "[::]:0". Numeric only. Errors: invalid.
  static Result<SocketAddress> parse(std::string_view text);
  /// Numeric host without brackets.
  static Result<SocketAddress> from_host_port(std::string_view host, std::uint16_t port);
  static Result<SocketAddress> unix_path(std::string_view path);
  static SocketAddress from_raw(const sockaddr* address, socklen_t length) noexcept;
  /// Of a connected or bound socket; empty when the kernel does not know (the peer has gone).
  static SocketAddress of_peer(int fd) noexcept;
  static SocketAddress of_local(int fd) noexcept;

  const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const noexcept { return length_; }
  int family() const noexcept { return length_ == 0 ? AF_UNSPEC : storage_.ss_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }

  /// "192.0.2.1" (also for ::ffff:192.0.2.1), "2001:db8::1"; the path of a unix socket; "" when empty.
  std::string host() const;
  std::uint16_t port() const noexcept;
  /// "192.0.2.1:25", "[2001:db8::1]:25", "unix:/path".
  std::string text() const;

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

}  // namespace ringpost::io
