#include "sasl/shared_secret_exchange.h"

#include <span>

#include "base/base64.h"
#include "base/random.h"
#include "base/text.h"
#include "sasl/digest_response.h"
#include "sasl/gsasl_exchange.h"

namespace ringpost::sasl {

namespace {

std::string random_password() {
  std::string octets(16, '\0');
  random_octets(std::as_writable_bytes(std::span(octets)));
  return base64url_encode(octets);
}

class SharedSecretExchange : public GsaslExchange {
 protected:
  explicit SharedSecretExchange(account::Store& store) : GsaslExchange(store, {.first = First::server}) {}

  int answer(Gsasl_property property) override {
    if (property != GSASL_PASSWORD) return GSASL_NO_CALLBACK;
    const account::Account* account = look_up(session().known(GSASL_AUTHID));
    if (account && account->password && !account->password->empty())
      return session().set(GSASL_PASSWORD, *account->password);
    remember_refusal(Failure::credentials, "the account has no password for this mechanism");
    return session().set(GSASL_PASSWORD, random_password());
  }
};

class CramMd5Exchange final : public SharedSecretExchange {
 public:
  explicit CramMd5Exchange(account::Store& store) : SharedSecretExchange(store) {}
};

class DigestMd5Exchange final : public SharedSecretExchange {
 public:
  explicit DigestMd5Exchange(const ServerContext& context)
      : SharedSecretExchange(context.store), realm_(context.realm()) {}

 private:
  std::optional<Refusal> check(std::string_view message) override {
    const auto response = parse_digest_response(message);
    if (!response || !response->realm || !response->digest_uri || !response->username)
      return Refusal{Failure::malformed, "no digest-response"};
    remember_claim(*response->username);
    if (*response->realm != realm_) return Refusal{Failure::credentials, "a realm that is not ours"};
    // Made for another service, it was meant for somebody else. The host in it is whatever name the client calls us by.
    if (!istarts_with(*response->digest_uri, "smtp/"))
      return Refusal{Failure::credentials, "a response that was made for another service"};
    return std::nullopt;
  }

  int answer(Gsasl_property property) override {
    if (property == GSASL_REALM) return session().set(property, realm_);
    if (property == GSASL_QOPS) return session().set(property, "qop-auth");
    return SharedSecretExchange::answer(property);
  }

  const std::string realm_;
};

}  // namespace

Result<Maker> prepare_cram_md5(const ServerContext& context) {
  return gsasl_maker("CRAM-MD5", [&context](Channel) { return std::make_unique<CramMd5Exchange>(context.store); });
}

Result<Maker> prepare_digest_md5(const ServerContext& context) {
  return gsasl_maker("DIGEST-MD5", [&context](Channel) { return std::make_unique<DigestMd5Exchange>(context); });
}

}  // namespace ringpost::sasl
