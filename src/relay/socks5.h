// The client's side of SOCKS5, octets in and out: greeting, login by name and password, CONNECT to an address, and
// what a proxy answers, which may be anything. Parsers ask for more (nullopt) as long as an answer may be whole within
// its bound, and are given everything since the last answer. Sans-I/O.
//
// Standards: RFC 1928 3 (methods), 4 to 6 (CONNECT and its replies), RFC 1929 (name and password).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/socket_address.h"

namespace ringpost::relay {

inline constexpr std::size_t socks5_login_octets_max = 255;   // name, and password (RFC 1929 2)
inline constexpr std::size_t socks5_answer_octets_max = 262;  // with a name of 255 octets as its address

enum class Socks5Method : std::uint8_t { none = 0x00, login = 0x02 };

struct Socks5Reply {
  std::uint8_t code = 0;
  std::size_t octets = 0;  // of the answer; what follows is the peer's
};

std::string socks5_greeting(bool with_login);
/// Both 1 to socks5_login_octets_max octets.
std::string socks5_login(std::string_view name, std::string_view password);
/// IPv4 or IPv6.
std::string socks5_connect(const io::SocketAddress& destination);

/// Errors: invalid; refused, when it takes none of the methods of a greeting `with_login` or without.
Result<std::optional<Socks5Method>> parse_socks5_method(std::string_view received, bool with_login);
/// True: the login is good. Errors: invalid; refused.
Result<bool> parse_socks5_login_reply(std::string_view received);
/// Errors: invalid.
Result<std::optional<Socks5Reply>> parse_socks5_reply(std::string_view received);

/// "host unreachable (4)".
std::string socks5_reply_text(std::uint8_t code);
/// The proxy works, and it is the destination that cannot be reached.
bool socks5_blames_destination(std::uint8_t code) noexcept;

}  // namespace ringpost::relay
