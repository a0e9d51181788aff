#include "sasl/password_exchange.h"

#include <utility>

#include "crypto/equal.h"
#include "mail/saslprep.h"
#include "sasl/gsasl_exchange.h"

namespace ringpost::sasl {

namespace {

class PasswordExchange : public GsaslExchange {
 protected:
  using GsaslExchange::GsaslExchange;

  int answer(Gsasl_property property) final {
    if (property != GSASL_VALIDATE_SIMPLE) return GSASL_NO_CALLBACK;
    remember_claim(session().known(GSASL_AUTHID));
    std::string password = session().known(GSASL_PASSWORD);
    std::string other = raw_password();
    if (auto prepared = mail::saslprep(password)) password = std::move(*prepared);
    auto error = verify(password);
    // Back ends that hash what the user typed, octet for octet, know it in the form before SASLprep.
    if (error && error->kind == ErrorKind::refused && other != password) error = verify(other);
    crypto::wipe(password);
    crypto::wipe(other);
    if (!error) return GSASL_OK;
    remember_error(*error);
    return GSASL_AUTHENTICATION_ERROR;
  }
  /// As the client sent it.
  virtual std::string raw_password() { return session().known(GSASL_PASSWORD); }

 private:
  std::optional<Error> verify(const std::string& password) {
    if (!claims_a_name()) return Error(ErrorKind::refused, "a login that cannot be a name");
    // An empty password must not reach LDAP: a bind without one succeeds for everybody (RFC 4513 5.1.2).
    if (password.empty()) return Error(ErrorKind::refused, "an empty password");
    auto account = store().verify(claimed(), password);
    if (!account) return std::move(account.error());
    remember_account(std::move(*account));
    return std::nullopt;
  }
};

class PlainExchange final : public PasswordExchange {
 public:
  explicit PlainExchange(account::Store& store) : PasswordExchange(store, {.text = false}) {}

 private:
  std::optional<Refusal> check(std::string_view response) override {
    const auto first = response.find('\0');
    const auto second = first == std::string_view::npos ? first : response.find('\0', first + 1);
    if (second != std::string_view::npos) remember_claim(response.substr(first + 1, second - first - 1));
    return std::nullopt;
  }
  GsaslSession::Outcome advance(std::optional<std::string_view> input) override {
    response_ = input.value_or("");
    auto outcome = session().step(input);
    response_ = {};
    return outcome;
  }
  std::string raw_password() override { return std::string(response_.substr(response_.rfind('\0') + 1)); }

  std::string_view response_;  // the caller's, during a step
};

class LoginExchange final : public PasswordExchange {
 public:
  explicit LoginExchange(account::Store& store) : PasswordExchange(store, {.first = First::either}) {}

 private:
  GsaslSession::Outcome advance(std::optional<std::string_view> input) override {
    // GNU SASL asks for the name whatever comes first; many clients send it with AUTH.
    if (turn_ == 0 && input) {
      auto asked = session().step(std::nullopt);
      if (asked.code != GSASL_NEEDS_MORE) return asked;
      ++turn_;
    }
    auto outcome = session().step(input);
    // Some clients compare the prompts with what Cyrus, Exim and Postfix say.
    if (outcome.code == GSASL_NEEDS_MORE) outcome.output = turn_ == 0 ? "Username:" : "Password:";
    ++turn_;
    return outcome;
  }

  unsigned turn_ = 0;
};

}  // namespace

Result<Maker> prepare_plain(const ServerContext& context) {
  return gsasl_maker("PLAIN", [&store = context.store](Channel) { return std::make_unique<PlainExchange>(store); });
}

Result<Maker> prepare_login(const ServerContext& context) {
  return gsasl_maker("LOGIN", [&store = context.store](Channel) { return std::make_unique<LoginExchange>(store); });
}

}  // namespace ringpost::sasl
