#include "sasl/access_token.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "crypto/equal.h"
#include "io/small_file.h"
#include "sasl/client_mechanism.h"
#include "sasl/strict_json.h"

namespace ringpost::sasl {

namespace {

using std::chrono::seconds;

constexpr std::size_t entries_max = 1000;  // far more than there are routes; beyond, the first ones are asked for again
constexpr std::int64_t lifetime_unknown = 60;
constexpr std::int64_t lifetime_max = 24L * 3600;
constexpr std::int64_t margin_max = 60;  // a token must outlive the connection's start

struct Granted {
  std::string token, refresh_token;
  std::int64_t lifetime = lifetime_unknown;  // seconds
};

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<Granted> read_answer(const lookup::HttpResponse& response, const std::string& endpoint) {
  const auto answer = parse_strict_object(response.body);
  if (!answer || response.status != 200) {
    std::string why = endpoint + ": HTTP status " + std::to_string(response.status);
    if (answer) why += ", " + printable(text_of(*answer, "error"), 60);
    return fail(ErrorKind::unavailable, why);
  }
  Granted granted{.token = text_of(*answer, "access_token"), .refresh_token = text_of(*answer, "refresh_token")};
  if (granted.token.empty() || !iequals(text_of(*answer, "token_type"), "bearer"))
    return fail(ErrorKind::unavailable, endpoint + ": the answer holds no bearer token");
  if (const auto found = answer->find("expires_in"); found != answer->end() && found->is_number_integer())
    granted.lifetime = std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, lifetime_max);
  return granted;
}

}  // namespace

AccessTokens::AccessTokens(lookup::HttpFunction http, std::function<MonotonicTime()> clock)
    : http_(std::move(http)), clock_(std::move(clock)) {}

AccessTokens& AccessTokens::process() {
  static AccessTokens tokens([](const lookup::HttpRequest& request) { return lookup::http_request(request); },
                             monotonic_now);
  return tokens;
}

Result<std::string> AccessTokens::get(const ClientOptions& options) {
  if (options.token_endpoint.empty() || options.refresh_token_file.empty())
    return fail(ErrorKind::invalid, "an access token needs token_endpoint and refresh_token_file");
  const auto entry = this->entry(options);
  const std::lock_guard lock(entry->mutex);
  if (entry->token.empty() || clock_() >= entry->good_until) {
    auto refreshed = refresh(options, *entry);
    if (!refreshed) return propagate(refreshed);
  }
  return entry->token;
}

void AccessTokens::forget(const ClientOptions& options, const std::string& token) {
  const auto entry = this->entry(options);
  const std::lock_guard lock(entry->mutex);
  if (entry->token == token) crypto::wipe(entry->token);
}

std::shared_ptr<AccessTokens::Entry> AccessTokens::entry(const ClientOptions& options) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= entries_max) entries_.erase(entries_.begin());
  auto& entry = entries_[{options.token_endpoint, options.client_id, options.refresh_token_file}];
  if (!entry) entry = std::make_shared<Entry>();
  return entry;
}

Result<void> AccessTokens::refresh(const ClientOptions& options, Entry& entry) {
  auto in_file = read_secret(options.refresh_token_file);
  if (!in_file) return propagate(in_file);
  const bool replaced = entry.refresh_token.empty() || *in_file != entry.in_file;
  auto response = ask(options, replaced ? *in_file : entry.refresh_token);
  if (!response) return propagate(response);
  auto granted = read_answer(*response, options.token_endpoint);
  crypto::wipe(response->body);
  if (!granted) return propagate(granted);
  entry.token = std::move(granted->token);
  entry.good_until = clock_() + seconds(granted->lifetime - std::min(margin_max, granted->lifetime / 2));
  if (!granted->refresh_token.empty() && granted->refresh_token != *in_file) {
    // A file that cannot be written is no failure: memory has the new one, and the file says which one it replaces.
    static_cast<void>(io::replace_file(options.refresh_token_file, granted->refresh_token + "\n"));
    entry.refresh_token = std::move(granted->refresh_token);
    entry.in_file = std::move(*in_file);
  }
  return {};
}

Result<lookup::HttpResponse> AccessTokens::ask(const ClientOptions& options, const std::string& refresh_token) {
  lookup::HttpRequest request{.url = options.token_endpoint,
                              .form = {{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}},
                              .user = {},
                              .password = {}};
  if (!options.client_id.empty()) request.form.emplace_back("client_id", options.client_id);
  if (!options.client_secret_file.empty()) {
    auto secret = read_secret(options.client_secret_file);
    if (!secret) return propagate(secret);
    request.form.emplace_back("client_secret", std::move(*secret));
  }
  auto response = http_(request);
  for (auto& [name, value] : request.form) crypto::wipe(value);
  return response;
}

}  // namespace ringpost::sasl
