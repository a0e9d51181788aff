// A store of one test: accounts in a list, and a switch that makes it unavailable.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "account/store.h"

namespace ringpost::sasl {

class StoreStub : public account::Store {
 public:
  account::Account& add(std::string login, std::string password = {}) {
    account::Account account;
    account.identity.login = login;
    account.identity.addresses = {login};
    if (!password.empty()) account.password = std::move(password);
    accounts.emplace_back(std::move(login), std::move(account));
    return accounts.back().second;
  }

  account::Abilities abilities() const noexcept override { return {.password = true, .srp = true, .names = true}; }
  Result<account::Account> find(std::string_view login) override {
    asked.emplace_back(login);
    if (down) return fail(ErrorKind::unavailable, "the store is down");
    for (const auto& [name, account] : accounts)
      if (name == login) return account;
    return fail(ErrorKind::not_found, "no such account");
  }
  Result<account::Account> verify(std::string_view, std::string_view) override {
    return fail(ErrorKind::refused, "not asked here");
  }
  account::ScramKeys decoy(std::string_view, bool) override { return {}; }

  std::vector<std::pair<std::string, account::Account>> accounts;
  std::vector<std::string> asked;
  bool down = false;
};

}  // namespace ringpost::sasl
