#include "sasl/claims.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.h"

namespace ringpost::sasl {

namespace {

using Json = nlohmann::json;

constexpr double seconds_max = 1e11;  // year 5138
constexpr std::size_t login_octets_max = 512;

std::unexpected<Error> refuse(const std::string& why) {
  return fail(ErrorKind::refused, why);
}

// RFC 7519 2, NumericDate: seconds, perhaps with a fraction.
Result<std::optional<std::int64_t>> read_date(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  if (!found->is_number()) return refuse(std::string(name) + " is not a number");
  const double value = found->get<double>();
  if (!(value >= 0 && value <= seconds_max)) return refuse(std::string(name) + " is not a time");
  return static_cast<std::int64_t>(std::floor(value));
}

void add_words(std::string_view text, std::vector<std::string>& words) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// A string or a list of strings; a string is one value, or where `words`, several.
Result<void> read_list(const Json& object, const char* name, bool words, std::vector<std::string>& into) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (found->is_string()) {
    if (words) {
      add_words(found->get_ref<const std::string&>(), into);
    } else {
      into.push_back(found->get<std::string>());
    }
    return {};
  }
  if (!found->is_array()) return refuse(std::string(name) + " is neither a string nor a list");
  for (const Json& each : *found) {
    if (!each.is_string()) return refuse(std::string(name) + " holds something that is not a string");
    into.push_back(each.get<std::string>());
  }
  return {};
}

// An issuer lets people write whatever address they like until they have proved it.
bool unverified_address(const Json& object, const std::string& login_claim) {
  if (login_claim != "email") return false;
  const auto verified = object.find("email_verified");
  return verified != object.end() && *verified != true && *verified != "true";
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

}  // namespace

Result<Claims> read_claims(const Json& object, const std::string& login_claim) {
  Claims claims;
  if (const auto found = object.find("iss"); found != object.end()) {
    if (!found->is_string()) return refuse("iss is not a string");
    claims.issuer = found->get<std::string>();
  }
  const std::pair<const char*, std::optional<std::int64_t>*> dates[] = {
      {"exp", &claims.expires}, {"nbf", &claims.not_before}, {"iat", &claims.issued_at}};
  for (const auto& [name, into] : dates) {
    auto date = read_date(object, name);
    if (!date) return propagate(date);
    *into = *date;
  }
  auto read = read_list(object, "aud", false, claims.audience);
  if (read) read = read_list(object, "scope", true, claims.scopes);
  if (read) read = read_list(object, "scp", true, claims.scopes);
  if (!read) return propagate(read);
  if (const auto found = object.find(login_claim); found != object.end() && found->is_string()) {
    claims.login = found->get<std::string>();
    if (claims.login.size() > login_octets_max || claims.login.find('\0') != std::string::npos)
      return refuse(login_claim + " is not a login");
  }
  if (unverified_address(object, login_claim)) return refuse("the issuer has not verified the e-mail address");
  return claims;
}

Result<void> check_claims(const Claims& claims, const TokenIssuer& issuer, WallTime now, Duration skew,
                          bool must_expire) {
  const std::int64_t seconds = now.milliseconds / 1000;
  const std::int64_t slack = std::chrono::duration_cast<std::chrono::seconds>(skew).count();
  if (claims.issuer ? *claims.issuer != issuer.issuer : must_expire) return refuse("iss is not " + issuer.issuer);
  if (must_expire && !claims.expires) return refuse("the token has no exp");
  if (claims.expires && seconds >= *claims.expires + slack) return refuse("the token has expired");
  if (claims.not_before && seconds + slack < *claims.not_before) return refuse("the token is not yet valid");
  if (claims.issued_at && seconds + slack < *claims.issued_at) return refuse("the token is from the future");
  if (!issuer.audience.empty() && !contains(claims.audience, issuer.audience))
    return refuse("aud does not hold " + issuer.audience);
  if (!issuer.scope.empty() && !contains(claims.scopes, issuer.scope))
    return refuse("scope does not hold " + issuer.scope);
  if (claims.login.empty()) return refuse("the token has no " + issuer.login_claim);
  return {};
}

}  // namespace ringpost::sasl
