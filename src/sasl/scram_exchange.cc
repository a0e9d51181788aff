#include "sasl/scram_exchange.h"

#include <span>
#include <utility>

#include "base/base64.h"
#include "base/random.h"
#include "sasl/gsasl_exchange.h"
#include "sasl/scram_message.h"

namespace ringpost::sasl {

namespace {

struct Variant {
  bool sha256;
  bool plus;
};

std::string random_key(std::size_t octets) {
  std::string key(octets, '\0');
  random_octets(std::as_writable_bytes(std::span(key)));
  return key;
}

class ScramExchange final : public GsaslExchange {
 public:
  /// `bound`: some -PLUS mechanism is offered on this channel.
  ScramExchange(const ServerContext& context, Variant variant, Channel channel, bool bound)
      : GsaslExchange(context.store, {}), variant_(variant), channel_(std::move(channel)), bound_(bound) {}

 private:
  std::optional<Refusal> check(std::string_view response) override {
    if (std::exchange(begun_, true)) return std::nullopt;
    const auto first = parse_scram_client_first(response);
    if (!first) return Refusal{Failure::malformed, "no client-first-message"};
    remember_claim(first->login);
    if (variant_.plus != (first->flag == 'p'))
      return Refusal{Failure::malformed, "channel binding and the name of the mechanism do not agree"};
    // RFC 5802 6: somebody in between has taken -PLUS out of our offer.
    if (first->flag == 'y' && bound_)
      return Refusal{Failure::credentials, "a downgrade: the client did not see that channel binding is offered"};
    if (first->flag == 'p' && first->binding_type != channel_.binding_type)
      return Refusal{Failure::credentials, "channel binding of a type we do not have: " + first->binding_type};
    if (!claims_a_name()) return Refusal{Failure::credentials, "a login that cannot be a name"};
    return std::nullopt;
  }

  int answer(Gsasl_property property) override {
    switch (property) {
      case GSASL_SCRAM_ITER:
      case GSASL_SCRAM_SALT:
      case GSASL_SCRAM_STOREDKEY:
      case GSASL_SCRAM_SERVERKEY:
        return std::exchange(keys_given_, true) ? GSASL_NO_CALLBACK : give_keys();
      case GSASL_CB_TLS_EXPORTER:
        return give_binding("tls-exporter", property);
      case GSASL_CB_TLS_UNIQUE:
        return give_binding("tls-unique", property);
      default:
        return GSASL_NO_CALLBACK;
    }
  }

  int give_binding(std::string_view type, Gsasl_property property) {
    // Without -PLUS the library takes a binding that is there as "the client has missed it": check() has seen to that.
    if (!variant_.plus || channel_.binding_type != type) return GSASL_NO_CALLBACK;
    return session().set(property, base64_encode(channel_.binding));
  }

  int give_keys() {
    const std::size_t key_octets = variant_.sha256 ? 32 : 20;
    const account::Account* account = look_up(claimed());
    auto keys = account ? (variant_.sha256 ? account->scram_sha256 : account->scram_sha1) : std::nullopt;
    const bool usable = keys && keys->iterations != 0 && !keys->salt.empty() && keys->stored_key.size() == key_octets &&
                        keys->server_key.size() == key_octets;
    if (!usable) {
      remember_refusal(Failure::credentials, "the account has no keys for this mechanism");
      keys = store().decoy(claimed(), variant_.sha256);
      keys->stored_key = random_key(key_octets);
      keys->server_key = random_key(key_octets);
    }
    session().set(GSASL_SCRAM_ITER, std::to_string(keys->iterations));
    session().set(GSASL_SCRAM_SALT, base64_encode(keys->salt));
    session().set(GSASL_SCRAM_STOREDKEY, base64_encode(keys->stored_key));
    return session().set(GSASL_SCRAM_SERVERKEY, base64_encode(keys->server_key));
  }

  const Variant variant_;
  const Channel channel_;
  const bool bound_;
  bool begun_ = false;
  bool keys_given_ = false;
};

Result<Maker> prepare(const char* name, const ServerContext& context, Variant variant) {
  return gsasl_maker(name, [&context, variant](Channel channel) {
    const bool bound = offers_binding(context, channel);
    return std::make_unique<ScramExchange>(context, variant, std::move(channel), bound);
  });
}

}  // namespace

Result<Maker> prepare_scram_sha256_plus(const ServerContext& context) {
  return prepare("SCRAM-SHA-256-PLUS", context, {.sha256 = true, .plus = true});
}

Result<Maker> prepare_scram_sha256(const ServerContext& context) {
  return prepare("SCRAM-SHA-256", context, {.sha256 = true, .plus = false});
}

Result<Maker> prepare_scram_sha1_plus(const ServerContext& context) {
  return prepare("SCRAM-SHA-1-PLUS", context, {.sha256 = false, .plus = true});
}

Result<Maker> prepare_scram_sha1(const ServerContext& context) {
  return prepare("SCRAM-SHA-1", context, {.sha256 = false, .plus = false});
}

}  // namespace ringpost::sasl
