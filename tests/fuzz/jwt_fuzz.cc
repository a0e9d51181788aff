// A stranger's octets as a token, as a key set, as JSON and as what a client sends with a token: whatever is accepted
// must be what it claims to be.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/base64.h"
#include "sasl/claims.h"
#include "sasl/jwk_set.h"
#include "sasl/jwt.h"
#include "sasl/oauth_message.h"
#include "sasl/strict_json.h"

namespace {

using namespace ringpost;

void check_token(std::string_view octets) {
  const auto jwt = sasl::parse_jwt(octets);
  if (!jwt) return;
  RINGPOST_ASSERT(jwt->signed_text + "." + base64url_encode(jwt->signature) == octets);
  RINGPOST_ASSERT(jwt->payload->is_object());
}

void check_claims(std::string_view octets) {
  const auto object = sasl::parse_strict_object(octets);
  if (!object) return;
  const auto claims = sasl::read_claims(*object, "email");
  if (!claims) return;
  const sasl::TokenIssuer issuer{.issuer = "i", .audience = "a", .scope = "s"};
  const auto checked = sasl::check_claims(*claims, issuer, WallTime{1'000'000}, std::chrono::seconds(60), true);
  if (checked) RINGPOST_ASSERT(claims->issuer == "i" && !claims->login.empty() && *claims->expires > 940);
}

void check_message(std::string_view octets) {
  for (const auto dialect : {sasl::OauthDialect::oauthbearer, sasl::OauthDialect::xoauth2}) {
    const auto message = sasl::parse_oauth_message(dialect, octets);
    if (!message || message->token.empty() || message->user.find('\x01') != std::string::npos) continue;
    const auto written = sasl::write_oauth_message(dialect, *message, "");
    RINGPOST_ASSERT(written);
    const auto again = sasl::parse_oauth_message(dialect, *written);
    RINGPOST_ASSERT(again && again->user == message->user && again->token == message->token);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_token(octets);
  // As JSON the fuzzer reaches deeper than through base64.
  const auto half = octets.size() / 2;
  check_token(base64url_encode(octets.substr(0, half)) + "." + base64url_encode(octets.substr(half)) + ".AAAA");
  check_claims(octets);
  check_message(octets);
  const auto keys = sasl::parse_issuer_keys(octets);
  if (keys) RINGPOST_ASSERT(keys->size() <= sasl::issuer_keys_max);
  return 0;
}
