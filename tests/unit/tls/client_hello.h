// A ClientHello put together octet by octet (RFC 8446, section 4.1.2), for what no library's client would send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ringpost::tls {

inline std::string number(std::size_t value, int width) {
  std::string octets;
  for (int i = width - 1; i >= 0; --i) octets += static_cast<char>(value >> (8 * i));
  return octets;
}

/// A length of `width` octets, then the content.
inline std::string vector(const std::string& content, int width) {
  return number(content.size(), width) + content;
}

inline std::string extension(std::size_t type, const std::string& content) {
  return number(type, 2) + vector(content, 2);
}

/// The handshake message of a client that offers these cipher suites and extensions (see `extension`).
inline std::string client_hello(const std::vector<std::size_t>& suites, const std::string& extensions) {
  std::string offered;
  for (const std::size_t suite : suites) offered += number(suite, 2);
  const std::string body = number(0x0303, 2) + std::string(32, 'r') + vector(std::string(32, 's'), 1) +
                           vector(offered, 2) + vector(std::string(1, '\0'), 1) + vector(extensions, 2);
  return number(1, 1) + vector(body, 3);
}

/// The content as one record of handshake messages.
inline std::string record(const std::string& content) {
  return number(22, 1) + number(0x0301, 2) + vector(content, 2);
}

}  // namespace ringpost::tls
