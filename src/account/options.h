// Where accounts are kept and how they are asked for. Filled by config/; every value has its default here.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lookup/options.h"

namespace ringpost::account {

struct FileOptions {
  std::string path;
  std::string key_file;  // opens sealed passwords; empty: none may be sealed
  Duration look_again = std::chrono::seconds(1);
  bool operator==(const FileOptions&) const = default;
};

enum class LdapPassword : std::uint8_t {
  bind,     // the user's own bind: any hash the directory knows, its lock-outs and its expiry
  compare,  // read from `password_attribute` ({CRYPT}, SCRAM keys, plain text); unreadable: compared there
};

/// [lookup.NAME] of type "ldap": the questions.
struct LdapOptions {
  lookup::LdapServer server;
  std::string base;
  std::string filter = "(&(objectClass=inetOrgPerson)(mail={login}))";
  std::string login_attribute;  // the name the account goes by; empty: the login as it was given
  std::vector<std::string> address_attributes{"mail"};
  std::string name_attribute = "displayName";
  LdapPassword password = LdapPassword::bind;
  std::string password_attribute = "userPassword";
  std::string scram_attribute;  // RFC 5803 values, as authPassword; empty: no SCRAM
  bool operator==(const LdapOptions&) const = default;
};

/// [lookup.NAME] of type "postgres": the question. $1 is the login. Columns by name: login, display_name, addresses,
/// enabled, password_hash, scram_sha256, scram_sha1; which of them there are is the query's choice.
struct PostgresOptions {
  lookup::PostgresServer server;
  std::string query =
      "SELECT login, display_name, addresses, enabled, password_hash, scram_sha256, scram_sha1"
      " FROM accounts WHERE lower(login) = lower($1)";
  bool operator==(const PostgresOptions&) const = default;
};

/// How long an answer of LDAP or PostgreSQL is believed.
struct CacheOptions {
  Duration life = std::chrono::seconds(60);
  Duration failure_life = std::chrono::seconds(10);  // of "no such account"
  std::uint32_t entries_max = 10'000;
  bool operator==(const CacheOptions&) const = default;
};

/// [auth] users and [lookup.NAME]
struct Options {
  std::string users = "file:users.toml";  // "file:PATH", "ldap:NAME", "postgres:NAME"
  std::string key_file;                   // of sealed passwords
  std::map<std::string, LdapOptions> ldap;
  std::map<std::string, PostgresOptions> postgres;
  CacheOptions cache;
  bool operator==(const Options&) const = default;
};

}  // namespace ringpost::account
