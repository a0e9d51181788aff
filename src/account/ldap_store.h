// Accounts in a directory: the entry that a filter finds for the login, its password checked by a bind as that entry or
// against the value it keeps. Whoever the filter finds twice is nobody.
// Any thread. Standards: RFC 4513 5.1.2 (an empty password is never tried), RFC 4515 (the login is escaped).
#pragma once

#include <memory>

#include "account/options.h"
#include "account/store.h"
#include "lookup/ldap.h"

namespace ringpost::account {

/// Errors: invalid, not_found (of the password file).
Result<std::unique_ptr<Store>> open_ldap_store(const LdapOptions& options);
/// Over a directory of the caller's: for tests.
std::unique_ptr<Store> make_ldap_store(const LdapOptions& options, std::unique_ptr<lookup::Ldap> directory);

}  // namespace ringpost::account
