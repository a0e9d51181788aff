#include "account/open_store.h"

#include "account/cached_store.h"
#include "account/file_store.h"
#include "account/ldap_store.h"
#include "account/postgres_store.h"
#include "base/text.h"

namespace ringpost::account {

namespace {

Result<std::unique_ptr<Store>> cached(Result<std::unique_ptr<Store>> store, const CacheOptions& options) {
  if (!store) return store;
  return make_cached_store(std::move(*store), options);
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const Options& options) {
  const std::size_t colon = options.users.find(':');
  const std::string kind = options.users.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : options.users.substr(colon + 1);
  if (kind == "file" && !name.empty()) {
    FileOptions file;
    file.path = name;
    file.key_file = options.key_file;
    return FileStore::create(file);
  }
  if (const auto at = options.ldap.find(name); kind == "ldap" && at != options.ldap.end())
    return cached(open_ldap_store(at->second), options.cache);
  if (const auto at = options.postgres.find(name); kind == "postgres" && at != options.postgres.end())
    return cached(open_postgres_store(at->second), options.cache);
  if ((kind == "ldap" || kind == "postgres") && !name.empty())
    return fail(ErrorKind::invalid,
                "[auth] users: there is no [lookup." + printable(name, 64) + "] of type \"" + kind + "\"");
  return fail(ErrorKind::invalid, "[auth] users: expected \"file:PATH\", \"ldap:NAME\" or \"postgres:NAME\"");
}

}  // namespace ringpost::account
