#include "sasl/gsasl_exchange.h"

#include <utility>

#include "base/text.h"
#include "crypto/equal.h"
#include "mail/saslprep.h"

namespace ringpost::sasl {

namespace {

Failure failure_of(int code) noexcept {
  switch (code) {
    case GSASL_MECHANISM_PARSE_ERROR:
    case GSASL_BASE64_ERROR:
    case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES:
    case GSASL_GSSAPI_UNSUPPORTED_PROTECTION_ERROR:
      return Failure::malformed;
    case GSASL_MALLOC_ERROR:
    case GSASL_CRYPTO_ERROR:
    case GSASL_NO_SERVICE:
    case GSASL_NO_HOSTNAME:
    case GSASL_GSSAPI_IMPORT_NAME_ERROR:
    case GSASL_GSSAPI_ACQUIRE_CRED_ERROR:
      return Failure::unavailable;
    default:
      return Failure::credentials;
  }
}

Step challenge(std::string output) {
  Step step;
  step.kind = Step::Kind::challenge;
  step.output = std::move(output);
  return step;
}

}  // namespace

GsaslExchange::~GsaslExchange() {
  if (!account_) return;
  crypto::wipe(account_->password_hash);
  if (account_->password) crypto::wipe(*account_->password);
  for (auto* keys : {&account_->scram_sha256, &account_->scram_sha1}) {
    if (!*keys) continue;
    crypto::wipe((*keys)->stored_key);
    crypto::wipe((*keys)->server_key);
  }
}

Result<void> GsaslExchange::begin(const GsaslSession::Context& context, const std::string& mechanism) {
  auto session = GsaslSession::start(context, GsaslSession::Side::server, mechanism, *this);
  if (!session) return propagate(session);
  session_ = std::move(*session);
  return {};
}

Step GsaslExchange::step(std::optional<std::string_view> input) {
  if (over_) return failed(Failure::malformed, "a response after the end of the exchange");
  if (++steps_ > exchange_steps_max) return failed(Failure::malformed, "an exchange without an end");
  if (steps_ > 1 && !input) input = "";
  if (proof_said_) {
    if (!input->empty()) return failed(Failure::malformed, "more data where there was nothing left to say");
    return succeeded();
  }
  if (auto refusal = check_turn(input)) return failed(refusal->failure, std::move(refusal->reason));
  if (input) {
    if (auto refusal = check(*input)) return failed(refusal->failure, std::move(refusal->reason));
    spoken_ = true;
  }
  return conclude(advance(input));
}

std::optional<Refusal> GsaslExchange::check_turn(const std::optional<std::string_view>& input) const {
  if (!input) return std::nullopt;
  if (steps_ == 1 && manners_.first == First::server)
    return Refusal{Failure::malformed, "an initial response where the server speaks first"};
  if (input->size() > response_octets_max) return Refusal{Failure::malformed, "a response that is too long"};
  if (manners_.text && input->find('\0') != std::string_view::npos)
    return Refusal{Failure::malformed, "a NUL in a response"};
  if (input->empty() && !spoken_ && !manners_.empty_response) return Refusal{Failure::malformed, "an empty response"};
  return std::nullopt;
}

Step GsaslExchange::conclude(GsaslSession::Outcome outcome) {
  // The library goes on with values of its own where an answer was missing, so what the answers found comes first.
  if (refusal_ && refusal_->failure == Failure::unavailable) return failed(Failure::unavailable, refusal_->reason);
  if (outcome.code == GSASL_NEEDS_MORE) return challenge(std::move(outcome.output));
  if (outcome.code != GSASL_OK) {
    const Refusal refusal = refusal_ && failure_of(outcome.code) != Failure::malformed
                                ? *refusal_
                                : Refusal{failure_of(outcome.code), gsasl_reason(outcome.code)};
    return failed(refusal.failure, refusal.reason);
  }
  if (auto refusal = verdict()) return failed(refusal->failure, std::move(refusal->reason));
  if (outcome.output.empty()) return succeeded();
  proof_said_ = true;
  return challenge(std::move(outcome.output));
}

std::optional<Refusal> GsaslExchange::verdict() const {
  if (refusal_) return refusal_;
  if (!account_) return Refusal{Failure::credentials, "no such account"};
  if (!account_->enabled) return Refusal{Failure::credentials, "the account is disabled"};
  const std::string authzid = session_->known(GSASL_AUTHZID);
  if (authzid.empty()) return std::nullopt;
  const auto prepared = mail::saslprep(authzid);
  if (!prepared) return Refusal{Failure::malformed, "an authorization identity that cannot be a name"};
  if (!may_act_as(*prepared)) return Refusal{Failure::not_permitted, "it may not act as " + printable(*prepared)};
  return std::nullopt;
}

bool GsaslExchange::may_act_as(const std::string& authzid) const {
  return authzid == login_ || authzid == account_->identity.login;
}

Step GsaslExchange::succeeded() {
  over_ = true;
  Step step;
  step.kind = Step::Kind::succeeded;
  step.identity = std::move(account_->identity);
  return step;
}

Step GsaslExchange::failed(Failure failure, std::string reason) {
  over_ = true;
  Step step;
  step.kind = Step::Kind::failed;
  step.login = login_.substr(0, login_octets_max);
  step.failure = failure;
  step.reason = std::move(reason);
  return step;
}

void GsaslExchange::remember_claim(std::string_view login) {
  login_ = mail::saslprep(login).value_or(std::string(login));
}

bool GsaslExchange::claims_a_name() const {
  return login_.size() <= login_octets_max && mail::saslprep(login_).has_value();
}

void GsaslExchange::remember_refusal(Failure failure, std::string reason) {
  if (!refusal_ || failure == Failure::unavailable) refusal_ = Refusal{failure, std::move(reason)};
}

void GsaslExchange::remember_error(const Error& error) {
  const bool ours = error.kind == ErrorKind::not_found || error.kind == ErrorKind::refused;
  remember_refusal(ours ? Failure::credentials : Failure::unavailable, error.reason);
}

const account::Account* GsaslExchange::look_up(std::string_view login) {
  remember_claim(login);
  if (!claims_a_name()) {
    remember_refusal(Failure::credentials, "a login that cannot be a name");
    return nullptr;
  }
  auto found = store_.find(login_);
  if (!found) {
    remember_error(found.error());
    return nullptr;
  }
  account_ = std::move(*found);
  return &*account_;
}

}  // namespace ringpost::sasl
