#include "sasl/jwt.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "sasl/strict_json.h"

namespace ringpost::sasl {

namespace {

using Json = nlohmann::json;
using crypto::SignatureScheme;

constexpr std::size_t key_id_octets_max = 1024;

constexpr std::pair<std::string_view, SignatureScheme> schemes[] = {
    {"RS256", SignatureScheme::rs256},  {"RS384", SignatureScheme::rs384}, {"RS512", SignatureScheme::rs512},
    {"PS256", SignatureScheme::ps256},  {"PS384", SignatureScheme::ps384}, {"PS512", SignatureScheme::ps512},
    {"ES256", SignatureScheme::es256},  {"ES384", SignatureScheme::es384}, {"ES512", SignatureScheme::es512},
    {"EdDSA", SignatureScheme::ed25519}};

std::unexpected<Error> invalid(const char* why) {
  return fail(ErrorKind::invalid, why);
}

std::optional<Json> decode_object(std::string_view part) {
  const auto octets = base64url_decode(part);
  return octets ? parse_strict_object(*octets) : std::nullopt;
}

const std::string* text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? &found->get_ref<const std::string&>() : nullptr;
}

// RFC 7515 4.1. `crit` names extensions that must be understood, and none is.
Result<void> read_header(const Json& header, Jwt& jwt) {
  const std::string* const alg = text_of(header, "alg");
  if (alg == nullptr) return invalid("the token names no algorithm");
  const auto scheme = signature_scheme(*alg);
  if (!scheme) return fail(ErrorKind::invalid, "algorithm '" + printable(*alg, 20) + "' is not accepted");
  if (header.contains("crit")) return invalid("the token needs an extension");
  jwt.scheme = *scheme;
  if (!header.contains("kid")) return {};
  const std::string* const key_id = text_of(header, "kid");
  if (key_id == nullptr || key_id->size() > key_id_octets_max) return invalid("the token's kid is not a key's name");
  jwt.key_id = *key_id;
  return {};
}

}  // namespace

std::optional<SignatureScheme> signature_scheme(std::string_view alg) noexcept {
  for (const auto& [name, scheme] : schemes)
    if (name == alg) return scheme;
  return std::nullopt;
}

Result<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > jwt_octets_max) return invalid("the token is too long");
  const auto first = token.find('.');
  const auto second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return invalid("the token does not have three parts");
  const auto header = decode_object(token.substr(0, first));
  if (!header) return invalid("the token's header cannot be read");
  Jwt jwt;
  auto read = read_header(*header, jwt);
  if (!read) return propagate(read);
  auto payload = decode_object(token.substr(first + 1, second - first - 1));
  if (!payload) return invalid("the token's claims cannot be read");
  auto signature = base64url_decode(token.substr(second + 1));
  if (!signature || signature->empty()) return invalid("the token's signature cannot be read");
  jwt.signed_text = token.substr(0, second);
  jwt.signature = std::move(*signature);
  jwt.payload = std::make_shared<const Json>(std::move(*payload));
  return jwt;
}

}  // namespace ringpost::sasl
