// SASL as a client, towards smarthosts: the strongest mechanism both sides have, or the one configured. Sans-I/O; no
// base64. The token of XOAUTH2 and OAUTHBEARER comes from a token endpoint, so start() may wait and runs on a helper
// thread. Standards: as server.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringpost::sasl {

class SaltedPasswords;

/// [[route]] auth. Secrets are read from their files when an exchange starts, so that they can be replaced.
struct ClientOptions {
  std::string user{};
  std::string password_file{};
  std::string mechanism{};  // empty: the strongest offered of SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN
  // XOAUTH2, OAUTHBEARER: where a refresh token is exchanged for an access token (RFC 6749 6).
  std::string token_endpoint{}, client_id{}, client_secret_file{}, refresh_token_file{};
  std::shared_ptr<SaltedPasswords> salted_passwords{};  // salted_passwords.h; null: SCRAM hashes the password each time
  bool operator==(const ClientOptions&) const = default;
};

class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  virtual std::string_view mechanism() const noexcept = 0;
  /// nullopt: the mechanism has no initial response (or none was wanted).
  virtual const std::optional<std::string>& initial_response() const noexcept = 0;
  /// Errors: refused (the server did not prove itself, or its challenge makes no sense).
  virtual Result<std::string> step(std::string_view challenge) = 0;
  /// The server said 235 with or without more data: is the mechanism satisfied (a SCRAM server has proved itself)?
  virtual Result<void> finish() = 0;
};

/// `offered`: the peer's mechanisms. `encrypted`: passwords in the clear only over TLS. Errors: refused (no mechanism
/// in common, password needs TLS), not_found (a secret file), invalid (nothing usable in it), unavailable (token
/// endpoint).
Result<std::unique_ptr<ClientExchange>> start_client(const ClientOptions& options,
                                                     const std::vector<std::string>& offered,
                                                     const std::string& server_name, bool encrypted);

}  // namespace ringpost::sasl
