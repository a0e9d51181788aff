#include "account/open_store.h"

#include "account/file_store.h"

namespace ringpost::account {

Result<std::unique_ptr<Store>> open_store(const Options& options) {
  const std::size_t colon = options.users.find(':');
  const std::string kind = options.users.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : options.users.substr(colon + 1);
  if (name.empty() || kind != "file")
    return fail(ErrorKind::invalid, "[auth] users: expected \"file:PATH\", \"ldap:NAME\" or \"postgres:NAME\"");
  return FileStore::create({.path = name, .key_file = options.key_file});
}

}  // namespace ringpost::account
