#include "sasl/mechanism.h"

#include <algorithm>
#include <array>

#include "sasl/external_exchange.h"
#include "sasl/gssapi_exchange.h"
#include "sasl/ntlm_exchange.h"
#include "sasl/oauth_exchange.h"
#include "sasl/password_exchange.h"
#include "sasl/scram_exchange.h"
#include "sasl/shared_secret_exchange.h"
#include "sasl/srp_exchange.h"

namespace ringpost::sasl {

namespace {

using account::Abilities;

constexpr std::array mechanisms{
    Mechanism{.name = "SCRAM-SHA-256-PLUS",
              .ability = &Abilities::scram_sha256,
              .prepare = prepare_scram_sha256_plus,
              .needs_binding = true},
    Mechanism{.name = "SCRAM-SHA-256", .ability = &Abilities::scram_sha256, .prepare = prepare_scram_sha256},
    Mechanism{.name = "SCRAM-SHA-1-PLUS",
              .ability = &Abilities::scram_sha1,
              .prepare = prepare_scram_sha1_plus,
              .needs_binding = true},
    Mechanism{.name = "SCRAM-SHA-1", .ability = &Abilities::scram_sha1, .prepare = prepare_scram_sha1},
    Mechanism{.name = "PLAIN", .ability = &Abilities::plain, .prepare = prepare_plain, .shows_password = true},
    Mechanism{.name = "LOGIN", .ability = &Abilities::plain, .prepare = prepare_login, .shows_password = true},
    Mechanism{.name = "CRAM-MD5", .ability = &Abilities::password, .prepare = prepare_cram_md5, .weak = true},
    Mechanism{.name = "DIGEST-MD5", .ability = &Abilities::password, .prepare = prepare_digest_md5, .weak = true},
    Mechanism{.name = "EXTERNAL", .ability = &Abilities::names, .prepare = prepare_external, .needs_certificate = true},
    Mechanism{.name = "GSSAPI", .ability = &Abilities::names, .prepare = prepare_gssapi},
    Mechanism{
        .name = "OAUTHBEARER", .ability = &Abilities::names, .prepare = prepare_oauthbearer, .shows_password = true},
    Mechanism{.name = "XOAUTH2", .ability = &Abilities::names, .prepare = prepare_xoauth2, .shows_password = true},
    Mechanism{.name = "SRP", .ability = &Abilities::srp, .prepare = prepare_srp},
    Mechanism{.name = "NTLM", .ability = &Abilities::password, .prepare = prepare_ntlm, .weak = true},
};

bool can_bind(const Channel& channel) {
  return !channel.binding.empty() && (channel.binding_type == "tls-exporter" || channel.binding_type == "tls-unique");
}

bool switched_on(const Mechanism& mechanism, const Options& options) {
  return std::ranges::find(options.mechanisms, mechanism.name) != options.mechanisms.end();
}

}  // namespace

std::span<const Mechanism> mechanism_table() noexcept {
  return mechanisms;
}

const Mechanism* find_mechanism(std::string_view name) noexcept {
  const auto found = std::ranges::find(mechanisms, name, &Mechanism::name);
  return found == mechanisms.end() ? nullptr : &*found;
}

std::optional<Error> obstacle(const Mechanism& mechanism, const ServerContext& context, const Channel& channel) {
  const std::string name(mechanism.name);
  if (!switched_on(mechanism, context.options)) return Error(ErrorKind::not_found, name + " is switched off");
  if (!(context.store.abilities().*mechanism.ability))
    return Error(ErrorKind::not_found, "the accounts have nothing that " + name + " could verify");
  if (!channel.encrypted && !context.options.plaintext_without_tls)
    return Error(ErrorKind::refused, name + " needs encryption");
  if (mechanism.needs_binding && !can_bind(channel))
    return Error(ErrorKind::not_found, name + " needs a channel that can be bound to");
  if (mechanism.needs_certificate && channel.certificate_identities.empty())
    return Error(ErrorKind::not_found, name + " needs a verified client certificate");
  return std::nullopt;
}

bool offers_binding(const ServerContext& context, const Channel& channel) {
  return std::ranges::any_of(mechanisms, [&](const Mechanism& mechanism) {
    return mechanism.needs_binding && !obstacle(mechanism, context, channel);
  });
}

}  // namespace ringpost::sasl
