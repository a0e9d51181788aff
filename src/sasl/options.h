// What SASL is told. Filled by config/; every value has its default here.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace ringpost::sasl {

/// [[auth.oauth2]]: one issuer whose tokens are believed.
struct TokenIssuer {
  std::string issuer{};    // `iss`, exactly
  std::string audience{};  // must be among `aud`; empty: not looked at
  // One of three: keys in a file (JWK set or PEM), keys at a URL (JWK set), or asking the issuer (RFC 7662).
  std::string keys_file{}, jwks_url{}, introspection_url{};
  std::string client_id{}, client_secret_file{};  // for introspection
  std::string login_claim = "email";              // the claim that names the account
  std::string scope{};                            // must be among `scope`; empty: not looked at
  bool operator==(const TokenIssuer&) const = default;
};

/// [auth]
struct Options {
  std::vector<std::string> mechanisms{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
                                      "SCRAM-SHA-1",        "PLAIN",         "LOGIN"};
  bool plaintext_without_tls = false;  // PLAIN and LOGIN (and AUTH at all) before TLS
  std::string realm;                   // of DIGEST-MD5 and NTLM; empty: our hostname
  std::string keytab;                  // GSSAPI; empty: the system's
  std::vector<TokenIssuer> oauth2;
  Duration token_clock_skew = std::chrono::seconds(60);
  bool operator==(const Options&) const = default;
};

}  // namespace ringpost::sasl
