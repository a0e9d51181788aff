#include "sasl/oauth_exchange.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "mail/saslprep.h"

namespace ringpost::sasl {

namespace {

class OauthExchange final : public ServerExchange {
 public:
  OauthExchange(TokenVerifier& verifier, account::Store& store, OauthDialect dialect)
      : verifier_(verifier), store_(store), dialect_(dialect) {}

  Step step(std::optional<std::string_view> input) override {
    if (refusal_) return std::move(*std::exchange(refusal_, std::nullopt));  // whatever the client answers
    if (!input) return {.kind = Step::Kind::challenge, .output = {}, .identity = {}, .login = {}, .reason = {}};
    const auto message = parse_oauth_message(dialect_, *input);
    if (!message) return failed(Failure::malformed, {}, message.error().reason);
    if (message->token.empty()) return refuse(Failure::credentials, message->user, "no token was sent");
    const auto bearer = verifier_.verify(message->token);
    if (!bearer) return not_verified(bearer.error(), message->user);
    return find_account(*message, bearer->login);
  }

 private:
  static Step failed(Failure failure, std::string login, std::string reason) {
    return {.kind = Step::Kind::failed,
            .output = {},
            .identity = {},
            .login = std::move(login),
            .failure = failure,
            .reason = std::move(reason)};
  }

  // RFC 7628 3.2.2; of XOAUTH2 the status is an HTTP one.
  Step refuse(Failure failure, std::string login, std::string reason) {
    refusal_ = failed(failure, std::move(login), std::move(reason));
    nlohmann::json why;
    if (dialect_ == OauthDialect::oauthbearer) {
      why["status"] = "invalid_token";
      if (const auto discovery = verifier_.discovery(); !discovery.empty()) why["openid-configuration"] = discovery;
    } else {
      why["status"] = "401";
      why["schemes"] = "bearer";
    }
    if (const auto scope = verifier_.scope(); !scope.empty()) why["scope"] = scope;
    return {.kind = Step::Kind::challenge,
            .output = why.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
            .identity = {},
            .login = {},
            .reason = {}};
  }

  Step not_verified(const Error& error, const std::string& user) {
    if (error.kind == ErrorKind::unavailable) return failed(Failure::unavailable, user, error.reason);
    return refuse(Failure::credentials, user, error.reason);
  }

  Step find_account(const OauthMessage& message, const std::string& login) {
    const auto name = mail::saslprep(login);
    auto account = name ? store_.find(*name) : fail(ErrorKind::not_found, "no name");
    if (!account && account.error().kind == ErrorKind::not_found)
      return refuse(Failure::credentials, login, "the token is good, but names no account");
    if (!account) return failed(Failure::unavailable, login, account.error().reason);
    if (!account->enabled) return refuse(Failure::credentials, login, "the account is disabled");
    const mail::Identity& identity = account->identity;
    if (!message.user.empty() && !iequals(message.user, login) && !iequals(message.user, identity.login))
      return refuse(Failure::not_permitted, login, "would act as '" + printable(message.user, 100) + "'");
    return {.kind = Step::Kind::succeeded, .output = {}, .identity = identity, .login = {}, .reason = {}};
  }

  TokenVerifier& verifier_;  // the server's
  account::Store& store_;    // the server's
  const OauthDialect dialect_;
  std::optional<Step> refusal_;  // after the client has heard why
};

Result<Maker> prepare(const ServerContext& context, OauthDialect dialect) {
  const Options& options = context.options;
  if (options.oauth2.empty())
    return fail(ErrorKind::invalid, std::string(mechanism_name(dialect)) + " needs an issuer of tokens");
  auto created = TokenVerifier::create(options.oauth2, options.token_clock_skew);
  if (!created) return propagate(created);
  return [&context, dialect, verifier = std::shared_ptr<TokenVerifier>(std::move(*created))](
             Channel) -> Result<std::unique_ptr<ServerExchange>> {
    return make_oauth_exchange(*verifier, context.store, dialect);
  };
}

}  // namespace

Result<Maker> prepare_oauthbearer(const ServerContext& context) {
  return prepare(context, OauthDialect::oauthbearer);
}

Result<Maker> prepare_xoauth2(const ServerContext& context) {
  return prepare(context, OauthDialect::xoauth2);
}

std::unique_ptr<ServerExchange> make_oauth_exchange(TokenVerifier& verifier, account::Store& store,
                                                    OauthDialect dialect) {
  return std::make_unique<OauthExchange>(verifier, store, dialect);
}

}  // namespace ringpost::sasl
