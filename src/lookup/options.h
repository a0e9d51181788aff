// What it takes to reach the servers that hold tables and accounts. Filled by config/; every value has its default
// here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace ringpost::lookup {

/// [lookup.NAME] of type "ldap": the connection.
struct LdapServer {
  std::vector<std::string> urls;  // ldap://, ldaps:// or ldapi://; the first that answers
  bool start_tls = false;         // on ldap://: refused where the server can't
  std::string ca_file;            // empty: the system's
  std::string bind_dn;            // empty: anonymous
  std::string bind_password_file;
  Duration connect_timeout = std::chrono::seconds(5);
  Duration operation_timeout = std::chrono::seconds(5);
  std::uint32_t connections_max = 8;
  bool operator==(const LdapServer&) const = default;
};

/// [lookup.NAME] of type "postgres": the connection.
struct PostgresServer {
  std::string conninfo;       // "host=db dbname=mail user=ringpost sslmode=verify-full", or a postgresql:// URL
  std::string conninfo_file;  // the same from a file, where it holds a password
  Duration connect_timeout = std::chrono::seconds(5);
  Duration statement_timeout = std::chrono::seconds(5);
  std::uint32_t connections_max = 8;
  bool operator==(const PostgresServer&) const = default;
};

}  // namespace ringpost::lookup
