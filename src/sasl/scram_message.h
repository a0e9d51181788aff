// The parts of SCRAM's messages that we read before GNU SASL does: who a client claims to be and what it believes of
// channel binding; what work a server asks of us. No I/O, no allocation beyond the values.
//
// Standards: RFC 5802 5.1, 7 (client-first-message, server-first-message).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::sasl {

struct ScramClientFirst {
  /// n: it has no channel binding; y: it has, and thinks that we have not; p: it uses `binding_type`.
  char flag = 'n';
  std::string binding_type;
  std::string authzid;  // unescaped; empty: none
  std::string login;    // unescaped
};

/// nullopt: it does not follow the grammar.
std::optional<ScramClientFirst> parse_scram_client_first(std::string_view message);

/// The i= of a server-first-message.
std::optional<std::uint64_t> scram_iterations(std::string_view server_first);

}  // namespace ringpost::sasl
