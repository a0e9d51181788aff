#include "sasl/oauth_client.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "crypto/equal.h"

namespace ringpost::sasl {

namespace {

class OauthClient final : public ClientExchange {
 public:
  OauthClient(ClientOptions options, OauthDialect dialect, std::string token, std::string message, AccessTokens& tokens)
      : options_(std::move(options)),
        dialect_(dialect),
        token_(std::move(token)),
        initial_response_(std::move(message)),
        tokens_(tokens) {}
  ~OauthClient() override {
    crypto::wipe(token_);
    if (initial_response_) crypto::wipe(*initial_response_);
  }

  std::string_view mechanism() const noexcept override { return mechanism_name(dialect_); }
  const std::optional<std::string>& initial_response() const noexcept override { return initial_response_; }

  Result<std::string> step(std::string_view challenge) override {
    if (refused_) return fail(ErrorKind::refused, "the server goes on after it has refused the token");
    refused_ = true;
    reason_ = "the server does not take the token: " + printable(challenge);
    tokens_.forget(options_, token_);
    return std::string(dialect_ == OauthDialect::oauthbearer ? "\x01" : "");
  }

  Result<void> finish() override {
    if (refused_) return fail(ErrorKind::refused, reason_);
    return {};
  }

 private:
  const ClientOptions options_;
  const OauthDialect dialect_;
  std::string token_;
  std::optional<std::string> initial_response_;
  AccessTokens& tokens_;  // the process's, or a test's
  bool refused_ = false;
  std::string reason_;
};

}  // namespace

Result<std::unique_ptr<ClientExchange>> make_oauth_client(const ClientOptions& options, OauthDialect dialect,
                                                          const std::string& server_name, AccessTokens& tokens) {
  auto token = tokens.get(options);
  if (!token) return propagate(token);
  auto message = write_oauth_message(dialect, {.user = options.user, .token = *token}, server_name);
  if (!message) return propagate(message);
  return std::make_unique<OauthClient>(options, dialect, std::move(*token), std::move(*message), tokens);
}

Result<std::unique_ptr<ClientExchange>> start_oauth_client(std::string_view mechanism, const ClientOptions& options,
                                                           const std::string& server_name) {
  for (const OauthDialect dialect : {OauthDialect::oauthbearer, OauthDialect::xoauth2})
    if (iequals(mechanism, mechanism_name(dialect)))
      return make_oauth_client(options, dialect, server_name, AccessTokens::process());
  return fail(ErrorKind::not_found, printable(mechanism, 40) + " is not a mechanism with tokens");
}

}  // namespace ringpost::sasl
