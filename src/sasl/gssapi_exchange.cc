#include "sasl/gssapi_exchange.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "sasl/gsasl_exchange.h"

namespace ringpost::sasl {

namespace {

constexpr const char* keytab_variable = "KRB5_KTNAME";
constexpr const char* system_keytab = "/etc/krb5.keytab";

class GssapiExchange final : public GsaslExchange {
 public:
  explicit GssapiExchange(const ServerContext& context)
      : GsaslExchange(context.store, {.text = false}), context_(context) {}

 private:
  int answer(Gsasl_property property) override {
    if (property == GSASL_SERVICE) return session().set(property, "smtp");
    if (property == GSASL_HOSTNAME) return session().set(property, context_.hostname);
    if (property != GSASL_VALIDATE_GSSAPI) return GSASL_NO_CALLBACK;
    const std::string principal = session().known(GSASL_GSSAPI_DISPLAY_NAME);
    auto account = find(principal);
    const std::string local = local_principal(principal, context_.options.realm, context_.hostname);
    if (!account && account.error().kind == ErrorKind::not_found && !local.empty()) account = find(local);
    if (!account) {
      remember_error(account.error());
      return GSASL_AUTHENTICATION_ERROR;
    }
    remember_account(std::move(*account));
    return GSASL_OK;
  }

  Result<account::Account> find(const std::string& name) {
    remember_claim(name);
    if (!claims_a_name()) return fail(ErrorKind::not_found, "a principal that cannot be a name");
    return store().find(claimed());
  }

  const ServerContext& context_;
};

/// Kerberos takes it from the environment only.
Result<void> choose_keytab(const std::string& configured) {
  const char* variable = std::getenv(keytab_variable);
  const std::string present = variable ? variable : "";
  if (!configured.empty() && configured != present && ::setenv(keytab_variable, configured.c_str(), 1) != 0)
    return fail_errno(errno, "setenv KRB5_KTNAME");
  std::string path = !configured.empty() ? configured : !present.empty() ? present : system_keytab;
  if (path.starts_with("FILE:")) path.erase(0, 5);
  if (::access(path.c_str(), R_OK) != 0)
    return fail(ErrorKind::invalid, "GSSAPI needs a keytab that we can read: " + path);
  return {};
}

}  // namespace

std::string local_principal(std::string_view principal, std::string_view realm, std::string_view hostname) {
  const auto at = principal.rfind('@');
  if (at == std::string_view::npos || at + 1 == principal.size()) return {};
  const std::string theirs = to_lower(principal.substr(at + 1));
  const std::string host = to_lower(hostname);
  const bool parent = theirs.find('.') != std::string::npos && host.ends_with("." + theirs);
  const bool ours = realm.empty() ? host == theirs || parent : to_lower(realm) == theirs;
  return ours ? std::string(principal.substr(0, at)) : std::string();
}

Result<Maker> prepare_gssapi(const ServerContext& context) {
  auto chosen = choose_keytab(context.options.keytab);
  if (!chosen) return propagate(chosen);
  return gsasl_maker("GSSAPI", [&context](Channel) { return std::make_unique<GssapiExchange>(context); });
}

}  // namespace ringpost::sasl
