// Accounts in PostgreSQL: the row that a query gives for the login (options.h has the names of its columns).
// Any thread.
#pragma once

#include <memory>

#include "account/options.h"
#include "account/store.h"
#include "lookup/postgres.h"

namespace ringpost::account {

/// Errors: invalid, not_found (of the file of the connection string).
Result<std::unique_ptr<Store>> open_postgres_store(const PostgresOptions& options);
/// Over a database of the caller's: for tests.
std::unique_ptr<Store> make_postgres_store(std::unique_ptr<lookup::Postgres> database);
/// Errors: unavailable (a column that means nothing here, or a value that can't be what it is called).
Result<Account> account_of_row(const lookup::Row& row, std::string_view login);

}  // namespace ringpost::account
