// A directory: search, compare, and bind as somebody, each with a time-out, over a few connections that are bound as
// the service (binds as users have connections of their own). Calls wait: helper threads only, from many at once.
//
// Standards: RFC 4511 (LDAP), 4513 (binds, StartTLS), 4515 (filters).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lookup/options.h"

namespace ringpost::lookup {

struct LdapEntry {
  std::string dn;
  std::map<std::string, std::vector<std::string>> attributes;  // names in lower case
};

class Ldap {
 public:
  /// Connects when it is first asked. Errors: invalid (no URL, or none of the directory's kind), as for the password
  /// file.
  static Result<std::unique_ptr<Ldap>> create(const LdapServer& server);
  virtual ~Ldap() = default;

  /// The entries below `base`, two at most. Errors: unavailable (down, or it will not answer this).
  virtual Result<std::vector<LdapEntry>> search(const std::string& base, const std::string& filter,
                                                const std::vector<std::string>& attributes) = 0;
  /// Whether the directory lets `dn` in with `password`. An empty one is false without asking: to a directory it would
  /// be an anonymous bind, which succeeds (RFC 4513 5.1.2). Errors: unavailable.
  virtual Result<bool> bind(const std::string& dn, const std::string& password) = 0;
  /// Errors: unavailable.
  virtual Result<bool> compare(const std::string& dn, const std::string& attribute, const std::string& value) = 0;
};

/// `value` as it may stand in a filter, whatever octets are in it (RFC 4515 3).
std::string escape_filter_value(std::string_view value);

}  // namespace ringpost::lookup
