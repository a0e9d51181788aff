#include "sasl/introspection.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "crypto/digest.h"
#include "crypto/equal.h"
#include "sasl/client_mechanism.h"
#include "sasl/strict_json.h"

namespace ringpost::sasl {

namespace {

constexpr Duration kept_for = std::chrono::seconds(60);
constexpr std::size_t answers_max = 10'000;

}  // namespace

Introspection::Introspection(TokenIssuer issuer, Duration clock_skew, lookup::HttpFunction http,
                             std::function<WallTime()> wall_clock)
    : issuer_(std::move(issuer)), clock_skew_(clock_skew), http_(std::move(http)), wall_clock_(std::move(wall_clock)) {}

Result<std::string> Introspection::ask(std::string_view token) {
  const std::string key = crypto::digest(crypto::Digest::sha256, token);
  if (auto login = remembered(key)) return *login;
  auto claims = ask_issuer(token);
  if (!claims) return propagate(claims);
  auto checked = check_claims(*claims, issuer_, wall_clock_(), clock_skew_, false);
  if (!checked) return propagate(checked);
  remember(key, *claims);
  return claims->login;
}

Result<Claims> Introspection::ask_issuer(std::string_view token) {
  lookup::HttpRequest request{.url = issuer_.introspection_url,
                              .form = {{"token", std::string(token)}, {"token_type_hint", "access_token"}},
                              .user = issuer_.client_id,
                              .password = {}};
  if (!issuer_.client_secret_file.empty()) {
    auto secret = read_secret(issuer_.client_secret_file);
    if (!secret) return fail(ErrorKind::unavailable, secret.error().reason);
    request.password = std::move(*secret);
  }
  auto response = http_(request);
  crypto::wipe(request.password);
  crypto::wipe(request.form[0].second);
  if (!response) return propagate(response);
  if (response->status != 200)
    return fail(ErrorKind::unavailable,
                issuer_.introspection_url + ": HTTP status " + std::to_string(response->status));
  const auto answer = parse_strict_object(response->body);
  const auto active = answer ? answer->find("active") : nlohmann::json::const_iterator{};
  if (!answer || active == answer->end() || !active->is_boolean())
    return fail(ErrorKind::unavailable, issuer_.introspection_url + ": the answer is not one of RFC 7662");
  if (!active->get<bool>()) return fail(ErrorKind::refused, "the issuer says that the token is not active");
  return read_claims(*answer, issuer_.login_claim);
}

std::optional<std::string> Introspection::remembered(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(key);
  if (found == answers_.end()) return std::nullopt;
  if (wall_clock_() < found->second.good_until) return found->second.login;
  answers_.erase(found);
  return std::nullopt;
}

void Introspection::remember(const std::string& key, const Claims& claims) {
  const WallTime now = wall_clock_();
  WallTime until = now + kept_for;
  if (claims.expires) until = std::min(until, WallTime{*claims.expires * 1000});
  const std::lock_guard lock(mutex_);
  if (answers_.size() >= answers_max)
    std::erase_if(answers_, [now](const auto& each) { return each.second.good_until <= now; });
  if (answers_.size() >= answers_max) answers_.clear();
  answers_.insert_or_assign(key, Answer{claims.login, until});
}

}  // namespace ringpost::sasl
