#include "sasl/jwk_set.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/text.h"
#include "sasl/jwt.h"
#include "sasl/strict_json.h"

namespace ringpost::sasl {

namespace {

using crypto::PublicKey;
using Json = nlohmann::json;
using Kind = PublicKey::Kind;

constexpr std::string_view pem_begin = "-----BEGIN ";
constexpr std::string_view pem_end = "-----END ";

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<std::string> octets_of(const Json& object, const char* name) {
  return base64url_decode(text_of(object, name));
}

Result<PublicKey> elliptic_key(const Json& jwk, Kind kind) {
  const auto x = octets_of(jwk, "x"), y = octets_of(jwk, "y");
  if (!x || !y) return fail(ErrorKind::invalid, "coordinates cannot be read");
  return PublicKey::elliptic(kind, *x, *y);
}

Result<PublicKey> read_key(const Json& jwk) {
  const std::string type = text_of(jwk, "kty"), curve = text_of(jwk, "crv");
  if (type == "RSA") {
    const auto n = octets_of(jwk, "n"), e = octets_of(jwk, "e");
    if (!n || !e) return fail(ErrorKind::invalid, "numbers cannot be read");
    return PublicKey::rsa(*n, *e);
  }
  if (type == "EC" && curve == "P-256") return elliptic_key(jwk, Kind::p256);
  if (type == "EC" && curve == "P-384") return elliptic_key(jwk, Kind::p384);
  if (type == "EC" && curve == "P-521") return elliptic_key(jwk, Kind::p521);
  if (type == "OKP" && curve == "Ed25519") return PublicKey::edwards(octets_of(jwk, "x").value_or(""));
  return fail(ErrorKind::invalid, "a kind of key that is not known here");
}

// RFC 7517 4.2, 4.3: a key published for encryption says nothing about signatures.
bool for_signatures(const Json& jwk) {
  if (const auto use = jwk.find("use"); use != jwk.end() && *use != "sig") return false;
  const auto operations = jwk.find("key_ops");
  if (operations == jwk.end()) return true;
  return operations->is_array() && std::ranges::any_of(*operations, [](const Json& each) { return each == "verify"; });
}

std::optional<IssuerKey> usable_key(const Json& jwk) {
  if (!jwk.is_object() || !for_signatures(jwk)) return std::nullopt;
  std::optional<crypto::SignatureScheme> only;
  if (jwk.contains("alg")) {
    only = signature_scheme(text_of(jwk, "alg"));
    if (!only) return std::nullopt;
  }
  auto key = read_key(jwk);
  if (!key) return std::nullopt;
  return IssuerKey{.id = text_of(jwk, "kid"), .only = only, .key = std::move(*key)};
}

Result<std::vector<IssuerKey>> parse_pem(std::string_view text) {
  std::vector<IssuerKey> keys;
  for (auto begin = text.find(pem_begin); begin != text.npos; begin = text.find(pem_begin, begin + 1)) {
    const auto end = text.find(pem_end, begin);
    const auto line_end = std::min(text.find('\n', end), text.size());
    if (end == text.npos) return fail(ErrorKind::invalid, "a key in PEM has no end");
    if (keys.size() == issuer_keys_max) return fail(ErrorKind::invalid, "too many keys");
    auto key = PublicKey::from_pem(std::string(text.substr(begin, line_end - begin)) + "\n");
    if (!key) return propagate(key);
    keys.push_back(IssuerKey{.id = {}, .only = {}, .key = std::move(*key)});
  }
  return keys;
}

}  // namespace

Result<std::vector<IssuerKey>> parse_issuer_keys(std::string_view text) {
  if (text.find(pem_begin) != text.npos) return parse_pem(text);
  const auto document = parse_strict_object(text);
  const auto list = document ? document->find("keys") : Json::const_iterator{};
  if (!document || list == document->end() || !list->is_array())
    return fail(ErrorKind::invalid, "neither a JWK set nor public keys in PEM");
  if (list->size() > issuer_keys_max) return fail(ErrorKind::invalid, "too many keys");
  std::vector<IssuerKey> keys;
  for (const Json& jwk : *list) {
    auto key = usable_key(jwk);
    if (key) keys.push_back(std::move(*key));
  }
  if (keys.empty()) return fail(ErrorKind::invalid, "no usable key in the set");
  return keys;
}

std::vector<const IssuerKey*> candidates(const std::vector<IssuerKey>& keys, std::string_view key_id,
                                         crypto::SignatureScheme scheme) {
  std::vector<const IssuerKey*> found;
  for (const IssuerKey& each : keys) {
    const bool named = key_id.empty() || each.id.empty() || each.id == key_id;
    if (named && each.may(scheme)) found.push_back(&each);
  }
  return found;
}

}  // namespace ringpost::sasl
