#include "sasl/oauth_message.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace ringpost::sasl {

namespace {

constexpr char separator = '\x01';
constexpr std::string_view bearer = "Bearer ";

std::unexpected<Error> invalid(const char* why) {
  return fail(ErrorKind::invalid, why);
}

// RFC 6750 2.1, b64token.
bool is_token(std::string_view text) noexcept {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
  });
}

// RFC 5801 4: "," and "=" are written as =2C and =3D, and NUL never.
std::optional<std::string> decode_saslname(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    if (text[0] == '=') {
      if (!text.starts_with("=2C") && !text.starts_with("=3D")) return std::nullopt;
      name += text[1] == '2' ? ',' : '=';
      text.remove_prefix(3);
      continue;
    }
    if (text[0] == '\0') return std::nullopt;
    name += text[0];
    text.remove_prefix(1);
  }
  return name;
}

std::string encode_saslname(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == ',') {
      text += "=2C";
    } else if (c == '=') {
      text += "=3D";
    } else {
      text += c;
    }
  }
  return text;
}

// "n,a=ann@example.com," before the first separator. Binding to the channel ("p=") is not part of this mechanism.
Result<std::string> read_gs2_header(std::string_view header) {
  if (!header.starts_with("n,") && !header.starts_with("y,")) return invalid("the GS2 header cannot be read");
  header.remove_prefix(2);
  if (!header.ends_with(',')) return invalid("the GS2 header does not end");
  header.remove_suffix(1);
  if (header.empty()) return std::string();
  if (!header.starts_with("a=") || header.find(',') != header.npos)
    return invalid("the GS2 header holds something else than an identity");
  auto name = decode_saslname(header.substr(2));
  if (!name || name->empty()) return invalid("the authorization identity cannot be read");
  return std::move(*name);
}

bool is_value(std::string_view text) noexcept {  // RFC 7628 3.1
  return std::ranges::all_of(text,
                             [](char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\r' || c == '\n'; });
}

Result<std::string> read_credentials(std::string_view value) {
  if (value.empty()) return std::string();
  if (!istarts_with(value, bearer)) return invalid("the credentials are not a bearer token");
  value = trim(value.substr(bearer.size()));
  if (!is_token(value)) return invalid("the bearer token has characters that no token has");
  return std::string(value);
}

// key=value pairs, each closed by a separator, and one more separator behind them. Of XOAUTH2 `user` is one of them.
Result<void> read_pairs(std::string_view pairs, OauthDialect dialect, OauthMessage& message) {
  bool have_credentials = false, have_user = false;
  while (!pairs.starts_with(separator)) {
    const auto end = pairs.find(separator);
    if (end == pairs.npos) return invalid("the message does not end");
    const std::string_view pair = pairs.substr(0, end);
    pairs.remove_prefix(end + 1);
    const auto equals = pair.find('=');
    if (equals == pair.npos || equals == 0 || !std::ranges::all_of(pair.substr(0, equals), is_alpha))
      return invalid("a pair has no key");
    const std::string_view key = pair.substr(0, equals), value = pair.substr(equals + 1);
    if (key == "user" && dialect == OauthDialect::xoauth2) {
      if (std::exchange(have_user, true) || value.find('\0') != value.npos) return invalid("the user cannot be read");
      message.user = value;
      continue;
    }
    if (!is_value(value)) return invalid("a value holds a character that may not be there");
    if (key != "auth") continue;  // host, port and whatever else: the token says where it may be used
    if (std::exchange(have_credentials, true)) return invalid("credentials stand twice");
    auto token = read_credentials(value);
    if (!token) return propagate(token);
    message.token = std::move(*token);
  }
  if (pairs.size() != 1) return invalid("something stands behind the message");
  return {};
}

}  // namespace

std::string_view mechanism_name(OauthDialect dialect) noexcept {
  return dialect == OauthDialect::oauthbearer ? "OAUTHBEARER" : "XOAUTH2";
}

Result<OauthMessage> parse_oauth_message(OauthDialect dialect, std::string_view octets) {
  OauthMessage message;
  if (dialect == OauthDialect::oauthbearer) {
    const auto end = octets.find(separator);
    if (end == octets.npos) return invalid("the GS2 header does not end");
    auto user = read_gs2_header(octets.substr(0, end));
    if (!user) return propagate(user);
    message.user = std::move(*user);
    octets.remove_prefix(end + 1);
  }
  auto read = read_pairs(octets, dialect, message);
  if (!read) return propagate(read);
  return message;
}

Result<std::string> write_oauth_message(OauthDialect dialect, const OauthMessage& message, std::string_view host) {
  if (!is_token(message.token)) return invalid("the access token has characters that no token has");
  if (message.user.find(separator) != std::string::npos || message.user.find('\0') != std::string::npos)
    return invalid("the user has characters that cannot be sent");
  std::string octets;
  if (dialect == OauthDialect::xoauth2) {
    octets = "user=" + message.user;
  } else {
    octets = message.user.empty() ? "n,," : "n,a=" + encode_saslname(message.user) + ",";
    if (!host.empty()) octets.append(1, separator).append("host=").append(host);
  }
  octets.append(1, separator).append("auth=").append(bearer).append(message.token).append(2, separator);
  return octets;
}

}  // namespace ringpost::sasl
