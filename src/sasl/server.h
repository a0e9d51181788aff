// SASL as a server: which mechanisms may be offered, and one exchange from AUTH to its verdict. Sans-I/O towards the
// client: octets in, octets out, no base64. step() may wait (hashes, LDAP, a token endpoint), so it runs on a helper
// thread (io::OffloadPool); a ServerExchange is used by one thread at a time.
//
// Standards: RFC 4422 (SASL), 4954 (in SMTP), 5802, 7677, 5929, 9266 (SCRAM and channel binding), 4616 (PLAIN),
// draft-murchison-sasl-login (LOGIN), 2195, 2831, 4752 (GSSAPI), 7628 (OAUTHBEARER).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/store.h"
#include "base/result.h"
#include "mail/identity.h"
#include "sasl/options.h"

namespace ringpost::sasl {

/// What the mechanisms need to know of the connection.
struct Channel {
  bool encrypted = false;
  std::string binding;       // of tls::Stream::channel_binding()
  std::string binding_type;  // "tls-exporter", "tls-unique", or empty
  // The client's verified certificate, for EXTERNAL: its identities in the order to try (rfc822Name, common name).
  std::vector<std::string> certificate_identities;
};

/// Why it did not succeed; the server chooses the reply (RFC 4954 6).
enum class Failure : std::uint8_t {
  credentials,    // 535 5.7.8: wrong, unknown, disabled, expired token: the peer never learns which
  malformed,      // 501 5.5.2: the octets do not follow the mechanism
  unavailable,    // 454 4.7.0: a back end is down
  not_permitted,  // 535 5.7.8: authenticated, but may not act as the authorization identity it named
  transition,     // 432 4.7.12: the account has no keys for this mechanism, PLAIN over TLS would set them
  too_weak,       // 534 5.7.9: the mechanism is too weak for this account
};

struct Step {
  enum class Kind : std::uint8_t { challenge, succeeded, failed };
  Kind kind = Kind::failed;
  std::string output;  // challenge: octets for the client (may be empty). succeeded: additional data, empty if none
  mail::Identity identity;                 // succeeded
  std::string login;                       // failed: who it claimed to be, where that is known; for counters and log
  Failure failure = Failure::credentials;  // failed
  std::string reason;                      // failed: for the log
};

class ServerExchange {
 public:
  virtual ~ServerExchange() = default;
  /// The client's initial response where there is one (nullopt: none was sent), then each of its responses.
  virtual Step step(std::optional<std::string_view> input) = 0;
};

class Server {
 public:
  /// `store` outlives it. Errors: invalid (an unknown mechanism, GSSAPI without a keytab), io.
  static Result<std::unique_ptr<Server>> create(const Options& options, std::string hostname, account::Store& store);
  virtual ~Server() = default;

  /// What to offer, in the configured order: only mechanisms that are switched on, that the store can verify, and that
  /// need no more of the channel than it has (-PLUS a binding, EXTERNAL a verified certificate). Without encryption
  /// nothing at all, unless configured (plaintext_without_tls).
  virtual std::vector<std::string> mechanisms(const Channel& channel) const = 0;
  /// `mechanism` in any case. Errors: not_found (504 5.5.4: unknown or not offered here), refused (538 5.7.11: needs
  /// encryption), unavailable (454 4.7.0).
  virtual Result<std::unique_ptr<ServerExchange>> start(std::string_view mechanism, Channel channel) const = 0;
};

/// It rests on MD4, MD5 or on a secret that must be kept readable: worth a warning when it is switched on.
bool weak_mechanism(std::string_view name) noexcept;

}  // namespace ringpost::sasl
