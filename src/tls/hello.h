// Looks into the first flight of a handshake, which is in the clear: the name a client asks for decides the certificate
// before a session exists, and a peer that does not speak TLS at all is told apart from one that speaks it badly.
//
// Everything else about the message is the library's to judge: what is odd here is given to it as it came.
// Standards: RFC 8446 4.1.2, 5.1; RFC 6066 3 (server_name); RFC 7627 (extended_master_secret);
// RFC 8446 4.2.9 (psk_key_exchange_modes).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringpost::tls {

/// A hello longer than this is not waited for. The largest known, with post-quantum shares, has about 2,000 octets.
inline constexpr std::size_t hello_octets_max = 16'384;

struct Hello {
  enum class State {
    incomplete,  // more octets are needed
    not_tls,     // the first octets are no TLS record
    complete,    // or so odd that the library shall say what is wrong
  };
  State state = State::incomplete;
  std::string server_name;  // lower case, without final dot; empty: none, or nothing that is a host name
  bool extended_master_secret = false;
  bool psk_without_key_exchange = false;  // it would resume a session in no other way (psk_ke)
};

/// `octets` are the first ones a peer has sent: a ClientHello or a ServerHello, in one record or several.
Hello parse_hello(std::string_view octets);

/// What octets that are no TLS look like, for the log: "an SMTP command", "HTTP", "an SSL 2 hello", "other octets".
std::string_view describe_not_tls(std::string_view octets) noexcept;

}  // namespace ringpost::tls
