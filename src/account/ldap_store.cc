#include "account/ldap_store.h"

#include <algorithm>

#include "account/directory_password.h"
#include "account/password_check.h"
#include "account/scram_keys.h"
#include "account/strangers.h"
#include "base/text.h"
#include "mail/saslprep.h"

namespace ringpost::account {

namespace {

constexpr std::string_view placeholder = "{login}";

class LdapStore : public Store {
 public:
  LdapStore(const LdapOptions& options, std::unique_ptr<lookup::Ldap> directory)
      : options_(options), directory_(std::move(directory)), attributes_(options.address_attributes) {
    for (const std::string& name : {options.login_attribute, options.name_attribute, options.scram_attribute})
      if (!name.empty()) attributes_.push_back(name);
    if (options.password == LdapPassword::compare) attributes_.push_back(options.password_attribute);
    attributes_.push_back("objectClass");  // never none, which would ask for all
  }

  Abilities abilities() const noexcept override {
    Abilities abilities;
    abilities.plain = abilities.names = true;
    abilities.scram_sha256 = abilities.scram_sha1 = !options_.scram_attribute.empty();
    return abilities;
  }

  Result<Account> find(std::string_view login) override {
    auto entry = entry_of(login);
    if (!entry) return propagate(entry);
    Account account = account_of(*entry, login);
    strangers_.saw(account);
    return account;
  }

  Result<Account> verify(std::string_view login, std::string_view password) override {
    const MonotonicTime begin = monotonic_now();
    auto entry = entry_of(login);
    if (!entry && entry.error().kind != ErrorKind::not_found) return propagate(entry);
    if (password.empty() || password.contains('\0'))
      return fail(ErrorKind::refused, "an empty password", wrong_credentials);
    if (!entry) {
      strangers_.wait_as_if_known(begin, password);
      return fail(ErrorKind::refused, std::move(entry.error().reason), wrong_credentials);
    }
    auto right = check(*entry, mail::saslprep(password).value_or(std::string(password)));
    if (!right) return propagate(right);
    if (*right) return account_of(*entry, login);
    strangers_.refused_known(begin);
    return fail(ErrorKind::refused, "wrong password", wrong_credentials);
  }

  ScramKeys decoy(std::string_view login, bool sha256) override { return strangers_.decoy(login, sha256); }

 private:
  Result<lookup::LdapEntry> entry_of(std::string_view login) {
    const auto key = mail::login_key(login);
    if (!key) return fail(ErrorKind::not_found, "no such account", wrong_credentials);
    std::string filter = options_.filter;
    const std::string escaped = lookup::escape_filter_value(*key);
    for (std::size_t at = 0; (at = filter.find(placeholder, at)) != std::string::npos; at += escaped.size())
      filter.replace(at, placeholder.size(), escaped);
    auto entries = directory_->search(options_.base, filter, attributes_);
    if (!entries) return propagate(entries);
    if (entries->empty()) return fail(ErrorKind::not_found, "no such account", wrong_credentials);
    if (entries->size() > 1)
      return fail(ErrorKind::not_found, "more than one entry for the login: narrow the filter", wrong_credentials);
    return std::move(entries->front());
  }

  static const std::vector<std::string>& values(const lookup::LdapEntry& entry, const std::string& attribute) {
    static const std::vector<std::string> none;
    const auto at = entry.attributes.find(to_lower(attribute));
    return at == entry.attributes.end() ? none : at->second;
  }
  static std::string value(const lookup::LdapEntry& entry, const std::string& attribute) {
    const auto& all = values(entry, attribute);
    return all.empty() ? std::string() : all.front();
  }

  Account account_of(const lookup::LdapEntry& entry, std::string_view login) const {
    Account account;
    const std::string named = value(entry, options_.login_attribute);
    account.identity.login = named.empty() ? mail::login_key(login).value_or("") : named;
    account.identity.display_name = value(entry, options_.name_attribute);
    for (const std::string& attribute : options_.address_attributes)
      for (const std::string& address : values(entry, attribute)) account.identity.addresses.push_back(address);
    for (const std::string& keys : values(entry, options_.scram_attribute)) {
      if (!account.scram_sha256 && istarts_with(keys, "SCRAM-SHA-256"))
        account.scram_sha256 = parse_scram_keys(keys, true);
      if (!account.scram_sha1 && istarts_with(keys, "SCRAM-SHA-1$")) account.scram_sha1 = parse_scram_keys(keys, false);
    }
    return account;
  }

  Result<bool> check(const lookup::LdapEntry& entry, const std::string& password) {
    if (options_.password == LdapPassword::bind) return directory_->bind(entry.dn, password);
    const auto& stored = values(entry, options_.password_attribute);
    if (stored.empty()) return directory_->compare(entry.dn, options_.password_attribute, password);
    return std::ranges::any_of(stored,
                               [&](const std::string& one) { return directory_password_matches(one, password); });
  }

  const LdapOptions options_;
  const std::unique_ptr<lookup::Ldap> directory_;
  std::vector<std::string> attributes_;
  Strangers strangers_;
};

}  // namespace

std::unique_ptr<Store> make_ldap_store(const LdapOptions& options, std::unique_ptr<lookup::Ldap> directory) {
  return std::make_unique<LdapStore>(options, std::move(directory));
}

Result<std::unique_ptr<Store>> open_ldap_store(const LdapOptions& options) {
  if (!options.filter.contains(placeholder))
    return fail(ErrorKind::invalid, "LDAP filter: expected {login} somewhere in it");
  auto directory = lookup::Ldap::create(options.server);
  if (!directory) return propagate(directory);
  return make_ldap_store(options, std::move(*directory));
}

}  // namespace ringpost::account
