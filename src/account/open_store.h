// The account store that the configuration names, LDAP and PostgreSQL behind a cache.
#pragma once

#include <memory>

#include "account/options.h"
#include "account/store.h"
#include "base/result.h"

namespace ringpost::account {

/// A directory or a database that is down is no error here: it is asked when somebody logs in. Errors: invalid (users
/// names no kind of store, or a lookup that is not configured; what the file's problems are), not_found.
Result<std::unique_ptr<Store>> open_store(const Options& options);

}  // namespace ringpost::account
