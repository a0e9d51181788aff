#include "account/postgres_store.h"

#include "account/password_check.h"
#include "account/scram_keys.h"
#include "account/strangers.h"
#include "base/text.h"
#include "lookup/connection_pool.h"
#include "mail/saslprep.h"

namespace ringpost::account {

namespace {

/// An array of PostgreSQL's, or texts between commas and blanks.
std::vector<std::string> list_of(const std::string& text) {
  if (auto array = lookup::parse_array(text)) return std::move(*array);
  std::vector<std::string> items;
  constexpr const char* between = ", \t\r\n";
  for (std::size_t at = text.find_first_not_of(between); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(between, at), text.size());
    items.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(between, end);
  }
  return items;
}

std::unexpected<Error> wrong_column(const std::string& name, const std::string& what) {
  return fail(ErrorKind::unavailable, "the account query: column " + printable(name) + ": " + what,
              lookup::temporarily_down);
}

/// False: not a value for this column.
bool take(Account& account, const std::string& name, const std::string& value) {
  if (name == "login") {
    account.identity.login = value;
  } else if (name == "display_name") {
    account.identity.display_name = value;
  } else if (name == "addresses") {
    account.identity.addresses = list_of(value);
  } else if (name == "enabled") {
    account.enabled = value == "t" || value == "true" || value == "1";
  } else if (name == "password_hash") {
    account.password_hash = istarts_with(value, "{CRYPT}") ? value.substr(7) : value;
  } else if (name == "scram_sha256") {
    if (!value.empty()) account.scram_sha256 = parse_scram_keys(value, true);
    return value.empty() || account.scram_sha256.has_value();
  } else {
    if (!value.empty()) account.scram_sha1 = parse_scram_keys(value, false);
    return value.empty() || account.scram_sha1.has_value();
  }
  return true;
}

bool known_column(std::string_view name) noexcept {
  for (const std::string_view known :
       {"login", "display_name", "addresses", "enabled", "password_hash", "scram_sha256", "scram_sha1"})
    if (name == known) return true;
  return false;
}

class PostgresStore : public Store {
 public:
  explicit PostgresStore(std::unique_ptr<lookup::Postgres> database) : database_(std::move(database)) {}

  Abilities abilities() const noexcept override {
    Abilities abilities;
    abilities.plain = abilities.scram_sha256 = abilities.scram_sha1 = abilities.names = true;
    return abilities;
  }

  Result<Account> find(std::string_view login) override {
    const auto key = mail::login_key(login);
    if (!key) return fail(ErrorKind::not_found, "no such account", wrong_credentials);
    auto rows = database_->ask(*key);
    if (!rows) return propagate(rows);
    if (rows->empty()) return fail(ErrorKind::not_found, "no such account", wrong_credentials);
    if (rows->size() > 1)
      return fail(ErrorKind::not_found, "more than one row for the login: narrow the query", wrong_credentials);
    auto account = account_of_row(rows->front(), *key);
    if (account) strangers_.saw(*account);
    return account;
  }

  Result<Account> verify(std::string_view login, std::string_view password) override {
    const MonotonicTime begin = monotonic_now();
    auto account = find(login);
    if (!account && account.error().kind != ErrorKind::not_found) return account;
    if (!account) {
      strangers_.wait_as_if_known(begin, password);
      return fail(ErrorKind::refused, std::move(account.error().reason), wrong_credentials);
    }
    if (!password_matches(*account, password)) {
      strangers_.refused_known(begin);
      return fail(ErrorKind::refused, "wrong password", wrong_credentials);
    }
    if (!account->enabled) return fail(ErrorKind::refused, "the account is disabled", wrong_credentials);
    return account;
  }

  ScramKeys decoy(std::string_view login, bool sha256) override { return strangers_.decoy(login, sha256); }

 private:
  const std::unique_ptr<lookup::Postgres> database_;
  Strangers strangers_;
};

}  // namespace

Result<Account> account_of_row(const lookup::Row& row, std::string_view login) {
  Account account;
  account.identity.login = login;
  for (const auto& [name, value] : row) {
    if (!known_column(name))
      return wrong_column(name,
                          "expected login, display_name, addresses, enabled, password_hash, scram_sha256 or "
                          "scram_sha1");
    if (value && !take(account, name, *value)) return wrong_column(name, "not SCRAM keys");
    if (!value && name == "enabled") account.enabled = false;
  }
  if (!row.contains("addresses") && account.identity.login.contains('@'))
    account.identity.addresses.push_back(account.identity.login);
  return account;
}

std::unique_ptr<Store> make_postgres_store(std::unique_ptr<lookup::Postgres> database) {
  return std::make_unique<PostgresStore>(std::move(database));
}

Result<std::unique_ptr<Store>> open_postgres_store(const PostgresOptions& options) {
  if (!options.query.contains("$1")) return fail(ErrorKind::invalid, "PostgreSQL query: expected $1 somewhere in it");
  auto database = lookup::Postgres::create(options.server, options.query);
  if (!database) return propagate(database);
  return make_postgres_store(std::move(*database));
}

}  // namespace ringpost::account
