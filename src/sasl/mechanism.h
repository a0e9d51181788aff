// The server's mechanisms in one table: what each needs before it may be offered, and what starts an exchange of it. A
// mechanism is added by a line in mechanism.cc; Server knows nothing else of it.
//
// An exchange is made in two steps. `prepare` runs once, when the server is created, for mechanisms that are switched
// on: it looks at the options, may open files, and returns a Maker that holds what all exchanges share (a GNU SASL
// context, verified keys). The Maker runs for each AUTH, on any thread, several at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "account/store.h"
#include "base/result.h"
#include "sasl/options.h"
#include "sasl/server.h"

namespace ringpost::sasl {

/// Owned by the server; outlives every exchange.
struct ServerContext {
  Options options;
  std::string hostname;
  account::Store& store;

  /// What DIGEST-MD5 and NTLM call the realm.
  const std::string& realm() const noexcept { return options.realm.empty() ? hostname : options.realm; }
};

using Maker = std::function<Result<std::unique_ptr<ServerExchange>>(Channel)>;

struct Mechanism {
  std::string_view name;                                     // capitals
  bool account::Abilities::* ability;                        // what the store must be able to do
  Result<Maker> (*prepare)(const ServerContext&) = nullptr;  // Errors: invalid, io
  bool needs_binding = false;                                // -PLUS
  bool needs_certificate = false;                            // EXTERNAL
  bool shows_password = false;                               // or a token that serves as one
  bool weak = false;                                         // rests on MD4, MD5 or a secret that must be kept readable
};

std::span<const Mechanism> mechanism_table() noexcept;
const Mechanism* find_mechanism(std::string_view name) noexcept;

/// Why `mechanism` may not be used on this channel; nullopt: it may. Errors as Server::start().
std::optional<Error> obstacle(const Mechanism& mechanism, const ServerContext& context, const Channel& channel);
/// Is any -PLUS mechanism offered on this channel? A client that says otherwise talks to somebody in between.
bool offers_binding(const ServerContext& context, const Channel& channel);

}  // namespace ringpost::sasl
