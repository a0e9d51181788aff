#include "sasl/gsasl_client.h"

#include <optional>
#include <utility>

#include "crypto/equal.h"
#include "sasl/client_mechanism.h"
#include "sasl/gsasl_session.h"
#include "sasl/salted_passwords.h"
#include "sasl/scram_message.h"
#include "smtp/limits.h"

namespace ringpost::sasl {

namespace {

class GsaslClient final : public ClientExchange, private GsaslSession::Owner {
 public:
  GsaslClient(std::string_view name, const ClientOptions& options, std::string password)
      : name_(name),
        scram_(name.starts_with("SCRAM-")),
        user_(options.user),
        password_(std::move(password)),
        salted_passwords_(scram_ ? options.salted_passwords : nullptr) {}
  ~GsaslClient() override {
    crypto::wipe(password_);
    if (initial_) crypto::wipe(*initial_);
  }

  Result<void> begin() {
    auto context = GsaslSession::make_context();
    if (!context) return propagate(context);
    auto session = GsaslSession::start(std::move(*context), GsaslSession::Side::client, name_, *this);
    if (!session) return propagate(session);
    session_ = std::move(*session);
    if (!scram_ && name_ != "PLAIN") return {};  // the server speaks first
    auto outcome = advance(std::nullopt);
    if (!outcome) return propagate(outcome);
    initial_ = std::move(*outcome);
    return {};
  }

  std::string_view mechanism() const noexcept override { return name_; }
  const std::optional<std::string>& initial_response() const noexcept override { return initial_; }

  Result<std::string> step(std::string_view challenge) override {
    if (done_) return refused("the server asks for more than the mechanism has");
    if (challenge.size() > smtp::limits::auth_line_octets_max) return refused("a challenge that is too long");
    if (scram_ && std::exchange(first_challenge_, false)) {
      const auto iterations = scram_iterations(challenge);
      if (!iterations) return refused("no server-first-message");
      if (*iterations < scram_iterations_least || *iterations > scram_iterations_max)
        return refused("an iteration count that we do not accept: " + std::to_string(*iterations));
    }
    return advance(challenge);
  }

  Result<void> finish() override {
    if (done_) return {};
    return refused(scram_ ? "the server did not prove that it knows the password"
                          : "the server was content before the mechanism had ended");
  }

 private:
  int answer(Gsasl_property property) override {
    if (property == GSASL_AUTHID) return session_->set(property, user_);
    if (property == GSASL_PASSWORD) return session_->set(property, password_);
    if (property == GSASL_SCRAM_SALTED_PASSWORD && salted_passwords_) {
      if (const auto known = salted_passwords_->find(cache_key())) return session_->set(property, *known);
    }
    return GSASL_NO_CALLBACK;
  }

  Result<std::string> advance(std::optional<std::string_view> input) {
    auto outcome = session_->step(input);
    if (outcome.code != GSASL_OK && outcome.code != GSASL_NEEDS_MORE) return refused(gsasl_reason(outcome.code));
    done_ = outcome.code == GSASL_OK;
    // The server has proved that it knows the password, so this one is it.
    if (done_ && salted_passwords_) {
      salted_passwords_->keep(cache_key(), session_->known(GSASL_SCRAM_SALTED_PASSWORD));
    }
    return std::move(outcome.output);
  }

  std::string cache_key() const {
    return SaltedPasswords::key(name_, password_, session_->known(GSASL_SCRAM_SALT), session_->known(GSASL_SCRAM_ITER));
  }

  std::unexpected<Error> refused(const std::string& why) const { return fail(ErrorKind::refused, name_ + ": " + why); }

  const std::string name_;
  const bool scram_;
  const std::string user_;
  std::string password_;
  const std::shared_ptr<SaltedPasswords> salted_passwords_;
  std::optional<std::string> initial_;
  std::unique_ptr<GsaslSession> session_;
  bool first_challenge_ = true;
  bool done_ = false;
};

}  // namespace

Result<std::unique_ptr<ClientExchange>> start_gsasl_client(std::string_view name, const ClientOptions& options,
                                                           const std::string& /*server_name*/) {
  auto password = read_secret(options.password_file);
  if (!password) return propagate(password);
  auto client = std::make_unique<GsaslClient>(name, options, std::move(*password));
  auto begun = client->begin();
  if (!begun) return propagate(begun);
  return client;
}

}  // namespace ringpost::sasl
