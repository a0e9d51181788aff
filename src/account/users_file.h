// The account file as it is written: TOML, one [[user]] table an account, strictly read, so that a slip of the pen is a
// complaint with its line and column and not an account that can't log in (docs/accounts.md has the format).
//
// Standards: TOML 1.0.0.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.h"

namespace ringpost::account {

struct UserEntry {
  std::string login;
  std::string name;
  std::optional<std::vector<std::string>> addresses;  // nullopt: the login, where it is an address
  std::vector<std::string> groups;
  bool enabled = true;
  std::string hash;
  std::optional<ScramKeys> scram_sha256, scram_sha1;
  std::string sealed;
  std::optional<SrpVerifier> srp;
  unsigned line = 0;  // of its [[user]]; 0: not read from a file
};

/// In the order of the file. `name` is the file's name in problems: "users.toml:3:1: unknown key ...". All problems of
/// the file, the first hundred at most; never empty.
std::expected<std::vector<UserEntry>, std::vector<std::string>> parse_users(std::string_view text,
                                                                            const std::string& name);
/// One [[user]] table, which parse_users() reads back as the same.
std::string print_user(const UserEntry& user);

/// Everything but the password behind `sealed`.
Account to_account(const UserEntry& user);

/// Why it can't be a login, an address to send as, a group's or a person's name; nullptr: it can.
const char* wrong_login(std::string_view login);
const char* wrong_address(std::string_view address);
const char* wrong_name(std::string_view name);

}  // namespace ringpost::account
