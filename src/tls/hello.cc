#include "tls/hello.h"

#include <cstdint>

#include "base/text.h"

namespace ringpost::tls {

namespace {

constexpr std::size_t record_header_octets = 5;
constexpr std::uint8_t record_alert = 21, record_handshake = 22;
constexpr std::uint8_t client_hello = 1, server_hello = 2;
constexpr std::uint16_t extension_server_name = 0, extension_extended_master_secret = 23,
                        extension_psk_key_exchange_modes = 45;
constexpr char psk_dhe_ke = 1;
constexpr std::size_t host_name_octets_max = 253;

/// Reads numbers and vectors from the front; once something is missing everything after it is, too.
class Reader {
 public:
  explicit Reader(std::string_view octets) noexcept : rest_(octets) {}

  std::size_t number(std::size_t width) noexcept {
    std::size_t value = 0;
    for (const char octet : take(width)) value = value << 8 | static_cast<std::uint8_t>(octet);
    return value;
  }
  std::string_view take(std::size_t count) noexcept {
    if (count > rest_.size()) {
      missing_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  /// A vector whose length stands before it in `width` octets.
  std::string_view vector(std::size_t width) noexcept { return take(number(width)); }
  bool empty() const noexcept { return rest_.empty(); }
  bool missing() const noexcept { return missing_; }

 private:
  std::string_view rest_;
  bool missing_ = false;
};

bool is_host_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > host_name_octets_max) return false;
  for (const char c : name) {
    if (!is_alnum(c) && c != '-' && c != '.' && c != '_') return false;
  }
  return true;
}

std::string server_name_in(std::string_view extension) {
  Reader list(Reader(extension).vector(2));
  while (!list.empty()) {
    const std::size_t type = list.number(1);
    std::string_view name = list.vector(2);
    if (type != 0 || list.missing()) continue;
    if (name.ends_with('.')) name.remove_suffix(1);
    if (is_host_name(name)) return to_lower(name);
  }
  return {};
}

void read_extensions(Reader extensions, Hello& hello) {
  while (!extensions.empty()) {
    const std::size_t type = extensions.number(2);
    const std::string_view content = extensions.vector(2);
    if (extensions.missing()) return;
    if (type == extension_server_name) hello.server_name = server_name_in(content);
    if (type == extension_extended_master_secret) hello.extended_master_secret = true;
    if (type == extension_psk_key_exchange_modes) {
      hello.psk_without_key_exchange = !Reader(content).vector(1).contains(psk_dhe_ke);
    }
  }
}

/// `message` without its header of four octets.
void read_message(std::uint8_t type, std::string_view message, Hello& hello) {
  Reader body(message);
  body.take(2 + 32);  // version, random
  body.vector(1);     // session id
  if (type == client_hello) {
    body.vector(2);  // cipher suites
    body.vector(1);  // compression
  } else {
    body.take(2 + 1);
  }
  if (!body.empty()) read_extensions(Reader(body.vector(2)), hello);
}

bool starts_like_tls(std::string_view octets) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(octets[i]); };
  if (!octets.empty() && at(0) != record_handshake && at(0) != record_alert) return false;
  return octets.size() < 2 || at(1) == 3;
}

}  // namespace

Hello parse_hello(std::string_view octets) {
  Hello hello;
  if (!starts_like_tls(octets)) {
    hello.state = Hello::State::not_tls;
    return hello;
  }
  if (octets.size() >= hello_octets_max) hello.state = Hello::State::complete;
  std::string message;  // the handshake messages, without the borders of records
  while (octets.size() >= record_header_octets) {
    const auto type = static_cast<std::uint8_t>(octets[0]);
    const std::size_t length = Reader(octets.substr(3, 2)).number(2);
    if (type != record_handshake || length == 0 || length > hello_octets_max) {
      hello.state = Hello::State::complete;
      return hello;
    }
    message += octets.substr(record_header_octets, length);
    if (message.size() >= 4) {
      const auto kind = static_cast<std::uint8_t>(message[0]);
      const std::size_t wanted = Reader(std::string_view(message).substr(1, 3)).number(3);
      if ((kind != client_hello && kind != server_hello) || wanted > hello_octets_max) {
        hello.state = Hello::State::complete;
        return hello;
      }
      if (message.size() - 4 >= wanted) {
        hello.state = Hello::State::complete;
        read_message(kind, std::string_view(message).substr(4, wanted), hello);
        return hello;
      }
    }
    if (octets.size() - record_header_octets < length) return hello;
    octets.remove_prefix(record_header_octets + length);
  }
  return hello;
}

std::string_view describe_not_tls(std::string_view octets) noexcept {
  for (const std::string_view verb : {"EHLO", "HELO", "LHLO", "MAIL", "QUIT", "NOOP", "STARTTLS", "AUTH", "RSET"}) {
    if (istarts_with(octets, verb)) return "an SMTP command in clear text";
  }
  for (const std::string_view verb : {"GET ", "POST ", "HEAD ", "OPTIONS ", "CONNECT ", "PRI "}) {
    if (octets.starts_with(verb)) return "an HTTP request";
  }
  if (octets.size() >= 3 && (static_cast<std::uint8_t>(octets[0]) & 0x80) != 0 && octets[2] == 1) {
    return "an SSL 2 hello";
  }
  if (octets.starts_with("220") || octets.starts_with("421") || octets.starts_with("554")) {
    return "an SMTP greeting in clear text";
  }
  return "other octets";
}

}  // namespace ringpost::tls
