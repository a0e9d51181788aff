#include "sasl/client.h"

#include <algorithm>

#include "base/text.h"
#include "sasl/client_mechanism.h"

namespace ringpost::sasl {

namespace {

bool offers(const std::vector<std::string>& offered, std::string_view name) {
  return std::ranges::any_of(offered, [name](const std::string& each) { return iequals(each, name); });
}

Result<const ClientMechanism*> choose(const ClientOptions& options, const std::vector<std::string>& offered,
                                      bool encrypted) {
  const bool any = options.mechanism.empty();
  bool hidden_only = false;
  for (const ClientMechanism& mechanism : client_mechanism_table()) {
    if (any ? !mechanism.automatic : !iequals(mechanism.name, options.mechanism)) continue;
    if (!offers(offered, mechanism.name)) continue;
    if (encrypted || !mechanism.shows_secret) return &mechanism;
    hidden_only = true;
  }
  if (hidden_only) return fail(ErrorKind::refused, "the password would be seen: the connection is not encrypted");
  if (any) return fail(ErrorKind::refused, "the server offers no mechanism that we have");
  return fail(ErrorKind::refused, "the server does not offer " + options.mechanism + ", or we do not have it");
}

}  // namespace

Result<std::unique_ptr<ClientExchange>> start_client(const ClientOptions& options,
                                                     const std::vector<std::string>& offered,
                                                     const std::string& server_name, bool encrypted) {
  const auto chosen = choose(options, offered, encrypted);
  if (!chosen) return std::unexpected(chosen.error());
  return (*chosen)->start((*chosen)->name, options, server_name);
}

}  // namespace ringpost::sasl
