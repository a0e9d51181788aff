#include "relay/socks5.h"

#include <netinet/in.h>

#include <array>

#include "base/assert.h"

namespace ringpost::relay {

namespace {

constexpr char version = 0x05;
constexpr char login_version = 0x01;
constexpr char connect_command = 0x01;
constexpr std::uint8_t no_method = 0xff;
enum AddressType : std::uint8_t { ipv4 = 1, name = 3, ipv6 = 4 };

// RFC 1928 6, by their codes.
constexpr std::array<std::string_view, 9> reply_texts{
    "succeeded",           "general failure",       "not allowed by its rules",
    "network unreachable", "host unreachable",      "connection refused",
    "TTL expired",         "command not supported", "address type not supported"};

std::uint8_t octet(std::string_view octets, std::size_t at) noexcept {
  return static_cast<std::uint8_t>(octets[at]);
}

std::unexpected<Error> invalid(const char* what) {
  return fail(ErrorKind::invalid, std::string("speaks no SOCKS5: ") + what);
}

}  // namespace

std::string socks5_greeting(bool with_login) {
  return with_login
             ? std::string{version, 2, static_cast<char>(Socks5Method::none), static_cast<char>(Socks5Method::login)}
             : std::string{version, 1, static_cast<char>(Socks5Method::none)};
}

std::string socks5_login(std::string_view user, std::string_view password) {
  RINGPOST_ASSERT(!user.empty() && user.size() <= socks5_login_octets_max);
  RINGPOST_ASSERT(!password.empty() && password.size() <= socks5_login_octets_max);
  std::string out{login_version, static_cast<char>(user.size())};
  out += user;
  out += static_cast<char>(password.size());
  return out.append(password);
}

std::string socks5_connect(const io::SocketAddress& destination) {
  std::string out{version, connect_command, 0};
  const auto append = [&out](AddressType type, const auto& address, std::uint16_t network_port) {
    out += static_cast<char>(type);
    out.append(reinterpret_cast<const char*>(&address), sizeof address);
    out.append(reinterpret_cast<const char*>(&network_port), sizeof network_port);
  };
  if (destination.family() == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(destination.raw());
    append(ipv6, v6.sin6_addr, v6.sin6_port);
  } else {
    RINGPOST_ASSERT(destination.family() == AF_INET);
    const auto& v4 = *reinterpret_cast<const sockaddr_in*>(destination.raw());
    append(ipv4, v4.sin_addr, v4.sin_port);
  }
  return out;
}

Result<std::optional<Socks5Method>> parse_socks5_method(std::string_view received, bool with_login) {
  if (!received.empty() && received[0] != version) return invalid("another version");
  if (received.size() < 2) return std::nullopt;
  if (received.size() > 2) return invalid("it goes on behind its choice of a method");
  const std::uint8_t method = octet(received, 1);
  if (method == static_cast<std::uint8_t>(Socks5Method::none)) return Socks5Method::none;
  if (method == static_cast<std::uint8_t>(Socks5Method::login) && with_login) return Socks5Method::login;
  if (method != no_method) return invalid("it chose a method that was not offered");
  return fail(ErrorKind::refused, with_login ? "takes neither our login nor nobody's" : "wants a login");
}

Result<bool> parse_socks5_login_reply(std::string_view received) {
  // Some answer with the version of SOCKS instead of that of the login.
  if (!received.empty() && received[0] != login_version && received[0] != version) return invalid("another version");
  if (received.size() < 2) return false;
  if (received.size() > 2) return invalid("it goes on behind its answer to the login");
  if (octet(received, 1) != 0) return fail(ErrorKind::refused, "refuses our login");
  return true;
}

Result<std::optional<Socks5Reply>> parse_socks5_reply(std::string_view received) {
  if (!received.empty() && received[0] != version) return invalid("another version");
  if (received.size() < 2) return std::nullopt;
  Socks5Reply reply{octet(received, 1), 0};
  // Whoever refuses closes the connection, and not everybody says an address before.
  if (reply.code != 0) return reply;
  if (received.size() < 5) return std::nullopt;
  constexpr std::size_t frame_octets = 6;  // version, reply, reserved, type, port
  switch (octet(received, 3)) {
    case ipv4:
      reply.octets = frame_octets + 4;
      break;
    case ipv6:
      reply.octets = frame_octets + 16;
      break;
    case name:
      reply.octets = frame_octets + 1 + octet(received, 4);
      break;
    default:
      return invalid("an unknown type of address");
  }
  if (received.size() < reply.octets) return std::nullopt;
  return reply;
}

std::string socks5_reply_text(std::uint8_t code) {
  const std::string_view text = code < reply_texts.size() ? reply_texts[code] : "unknown reply";
  return std::string(text) + " (" + std::to_string(code) + ")";
}

bool socks5_blames_destination(std::uint8_t code) noexcept {
  return code >= 3 && code <= 6;
}

}  // namespace ringpost::relay
