// The client's mechanisms in one table, the strongest first; start_client() chooses from it. A mechanism is added by a
// line in client_mechanism.cc.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sasl/client.h"

namespace ringpost::sasl {

struct ClientMechanism {
  std::string_view name;  // capitals
  /// Reads the secrets. Errors as start_client().
  Result<std::unique_ptr<ClientExchange>> (*start)(std::string_view name, const ClientOptions& options,
                                                   const std::string& server_name) = nullptr;
  bool shows_secret = false;  // a password or token in the clear: only over TLS
  bool automatic = true;      // taken where no mechanism is configured
};

std::span<const ClientMechanism> client_mechanism_table() noexcept;

inline constexpr std::size_t secret_octets_max = 64UL * 1024;

/// The whole file without one line end at its end. Errors: not_found (it cannot be read; the reason names it), invalid
/// (empty, larger than secret_octets_max, or with a NUL in it).
Result<std::string> read_secret(const std::string& path);

}  // namespace ringpost::sasl
