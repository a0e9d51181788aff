// A cache of short life before a store that is asked over the network. Accounts are remembered, and so are passwords
// that were right, as a keyed digest that is worth nothing outside of the process; wrong ones never, nor is "no such
// account" for verify(), so that it costs what it always costs. One question at a time for the same login (the same
// login and password in verify): a client with many connections is one question to the directory.
//
// Bounded: what was not asked for longest makes room. Any thread.
#pragma once

#include <memory>

#include "account/options.h"
#include "account/store.h"

namespace ringpost::account {

/// A password changed or an account closed in the store is honoured `life` later at most.
std::unique_ptr<Store> make_cached_store(std::unique_ptr<Store> store, const CacheOptions& options);

}  // namespace ringpost::account
