#include "sasl/token_verifier.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text.h"
#include "sasl/claims.h"
#include "sasl/introspection.h"
#include "sasl/issuer_keys.h"
#include "sasl/jwt.h"

namespace ringpost::sasl {

namespace {

struct KeyedIssuer {
  TokenIssuer issuer;
  std::unique_ptr<IssuerKeys> keys;
};

std::optional<std::string> issuer_of(const Jwt& jwt) {
  const auto found = jwt.payload->find("iss");
  if (found == jwt.payload->end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// OpenID Connect Discovery 4.
std::string_view discovery_path(std::string_view issuer) noexcept {
  return std::string_view("/.well-known/openid-configuration").substr(issuer.ends_with('/') ? 1 : 0);
}

class Verifier final : public TokenVerifier {
 public:
  Verifier(Duration clock_skew, TokenWorld world) : clock_skew_(clock_skew), world_(std::move(world)) {}

  Result<void> add(const TokenIssuer& issuer) {
    const int sources = !issuer.keys_file.empty() + !issuer.jwks_url.empty() + !issuer.introspection_url.empty();
    if (sources != 1 || issuer.issuer.empty())
      return fail(ErrorKind::invalid,
                  "an issuer of tokens needs a name and one of keys_file, jwks_url, introspection_url");
    if (keyed_.empty() && asked_.empty()) {
      scope_ = issuer.scope;
      if (issuer.issuer.starts_with("https://"))
        discovery_ = issuer.issuer + std::string(discovery_path(issuer.issuer));
    }
    if (!issuer.introspection_url.empty()) {
      asked_.push_back(std::make_unique<Introspection>(issuer, clock_skew_, world_.http, world_.wall_clock));
      return {};
    }
    if (!issuer.jwks_url.empty()) {
      keyed_.push_back({issuer, issuer_keys_at_url(issuer.jwks_url, world_.http, world_.clock)});
      return {};
    }
    auto keys = issuer_keys_in_file(issuer.keys_file);
    if (!keys) return propagate(keys);
    keyed_.push_back({issuer, std::move(*keys)});
    return {};
  }

  Result<TokenBearer> verify(std::string_view token) override {
    if (token.empty() || token.size() > jwt_octets_max) return fail(ErrorKind::refused, "not a token");
    const auto jwt = parse_jwt(token);
    const auto named = jwt ? issuer_of(*jwt) : std::nullopt;
    if (!named) {
      if (!asked_.empty()) return ask_all(token);
      return fail(ErrorKind::refused, jwt ? "the token names no issuer" : jwt.error().reason);
    }
    std::optional<Error> error;  // an issuer may stand in several entries, each for an audience
    for (const KeyedIssuer& each : keyed_) {
      if (each.issuer.issuer != *named) continue;
      auto bearer = verify_signed(*jwt, each);
      if (bearer) return bearer;
      error = bearer.error();
    }
    for (const auto& each : asked_) {
      if (each->issuer().issuer != *named) continue;
      auto bearer = ask(*each, token);
      if (bearer) return bearer;
      error = bearer.error();
    }
    if (error) return std::unexpected(*error);
    return fail(ErrorKind::refused, "issuer '" + printable(*named, 100) + "' is not known here");
  }

  std::string scope() const override { return scope_; }
  std::string discovery() const override { return discovery_; }

 private:
  Result<TokenBearer> verify_signed(const Jwt& jwt, const KeyedIssuer& by) const {
    const auto keys = by.keys->find(jwt.key_id, jwt.scheme);
    if (!keys) return std::unexpected(keys.error());
    const auto possible = candidates(**keys, jwt.key_id, jwt.scheme);
    if (possible.empty()) return fail(ErrorKind::refused, "the token's key is not one of its issuer's");
    if (!std::ranges::any_of(possible, [&](const IssuerKey* each) {
          return each->key.verifies(jwt.scheme, jwt.signed_text, jwt.signature);
        }))
      return fail(ErrorKind::refused, "the token's signature is wrong");
    auto claims = read_claims(*jwt.payload, by.issuer.login_claim);
    if (!claims) return propagate(claims);
    auto checked = check_claims(*claims, by.issuer, world_.wall_clock(), clock_skew_, true);
    if (!checked) return propagate(checked);
    return TokenBearer{claims->login, by.issuer.issuer};
  }

  static Result<TokenBearer> ask(Introspection& issuer, std::string_view token) {
    auto login = issuer.ask(token);
    if (!login) return propagate(login);
    return TokenBearer{std::move(*login), issuer.issuer().issuer};
  }

  // Any of them may know an opaque token; one that is down may be the one.
  Result<TokenBearer> ask_all(std::string_view token) const {
    std::optional<Error> error;
    for (const auto& each : asked_) {
      auto bearer = ask(*each, token);
      if (bearer) return bearer;
      if (!error || bearer.error().kind == ErrorKind::unavailable) error = bearer.error();
    }
    return std::unexpected(*error);
  }

  const Duration clock_skew_;
  const TokenWorld world_;
  std::string scope_, discovery_;  // of the first issuer
  std::vector<KeyedIssuer> keyed_;
  std::vector<std::unique_ptr<Introspection>> asked_;
};

}  // namespace

Result<std::unique_ptr<TokenVerifier>> TokenVerifier::create(const std::vector<TokenIssuer>& issuers,
                                                             Duration clock_skew, TokenWorld world) {
  auto verifier = std::make_unique<Verifier>(clock_skew, std::move(world));
  for (const TokenIssuer& issuer : issuers) {
    auto added = verifier->add(issuer);
    if (!added) return propagate(added);
  }
  return verifier;
}

}  // namespace ringpost::sasl
