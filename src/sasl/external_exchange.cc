#include "sasl/external_exchange.h"

#include <utility>

#include "mail/saslprep.h"
#include "sasl/gsasl_exchange.h"

namespace ringpost::sasl {

namespace {

class ExternalExchange final : public GsaslExchange {
 public:
  ExternalExchange(account::Store& store, Channel channel)
      : GsaslExchange(store, {.empty_response = true}), channel_(std::move(channel)) {}

 private:
  int answer(Gsasl_property property) override {
    if (property != GSASL_VALIDATE_EXTERNAL) return GSASL_NO_CALLBACK;
    const std::string wanted = session().known(GSASL_AUTHZID);
    const auto authzid = mail::saslprep(wanted);
    if (!wanted.empty() && !authzid) return GSASL_MECHANISM_PARSE_ERROR;
    return choose(authzid) ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
  }

  /// The first name that is an account; with an authorization identity the one that is that account.
  bool choose(const std::optional<std::string>& authzid) {
    std::optional<Error> error;
    bool known = false;
    for (const std::string& name : channel_.certificate_identities) {
      remember_claim(name);
      auto account = claims_a_name() ? store().find(claimed()) : fail(ErrorKind::not_found, "no name");
      if (!account) {
        if (account.error().kind != ErrorKind::not_found || !error) error = account.error();
        continue;
      }
      known = true;
      if (authzid && *authzid != claimed() && *authzid != account->identity.login) continue;
      remember_account(std::move(*account));
      return true;
    }
    if (error && error->kind != ErrorKind::not_found) {
      remember_error(*error);
    } else if (known) {
      remember_refusal(Failure::not_permitted, "the certificate is not of the account it would act as");
    } else {
      remember_refusal(Failure::credentials, "no name in the certificate is an account");
    }
    return false;
  }

  const Channel channel_;
};

}  // namespace

Result<Maker> prepare_external(const ServerContext& context) {
  return gsasl_maker("EXTERNAL", [&context](Channel channel) {
    return std::make_unique<ExternalExchange>(context.store, std::move(channel));
  });
}

}  // namespace ringpost::sasl
