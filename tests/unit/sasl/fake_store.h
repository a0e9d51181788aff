// Accounts in memory, with everything a store can have of them; and a store that can be told to be down. Safe to be
// asked by several threads once it is filled.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "account/store.h"
#include "sasl/scram_reference.h"

namespace ringpost::test {

class FakeStore final : public account::Store {
 public:
  account::Abilities able{.plain = true, .scram_sha256 = true, .scram_sha1 = true, .password = true, .names = true};
  bool down = false;
  std::atomic<int> verifications = 0;
  std::vector<std::string> asked_for;  // by find(), only where `notes` is set
  bool notes = true;

  FakeStore() {
    add("ann@example.com", "open sesame");
    add("user", "pencil");
  }

  account::Account& add(const std::string& login, const std::string& password) {
    account::Account account;
    account.identity = {.login = login, .display_name = "", .addresses = {login}};
    account.scram_sha256 = scram_keys(crypto::Digest::sha256, password, "salt of " + login, 4096);
    account.scram_sha1 = scram_keys(crypto::Digest::sha1, password, "salt of " + login, 4096);
    account.password = password;
    return accounts_.insert_or_assign(login, std::move(account)).first->second;
  }
  account::Account& at(const std::string& login) { return accounts_.at(login); }

  account::Abilities abilities() const noexcept override { return able; }
  Result<account::Account> find(std::string_view login) override {
    if (notes) asked_for.emplace_back(login);
    if (down) return fail(ErrorKind::unavailable, "the back end is down");
    const auto found = accounts_.find(std::string(login));
    if (found == accounts_.end()) return fail(ErrorKind::not_found, "no such account");
    return found->second;
  }
  Result<account::Account> verify(std::string_view login, std::string_view password) override {
    ++verifications;
    if (down) return fail(ErrorKind::unavailable, "the back end is down");
    const auto found = accounts_.find(std::string(login));
    if (found == accounts_.end() || !found->second.enabled || found->second.password != password)
      return fail(ErrorKind::refused, "wrong");
    return found->second;
  }
  account::ScramKeys decoy(std::string_view login, bool sha256) override {
    const auto kind = sha256 ? crypto::Digest::sha256 : crypto::Digest::sha1;
    return {.iterations = 4096,
            .salt = crypto::hmac(kind, "secret of the store", login).substr(0, 16),
            .stored_key = "",
            .server_key = ""};
  }

 private:
  std::map<std::string, account::Account> accounts_;
};

}  // namespace ringpost::test
