// From a fresh connection to a session that is ready for mail: TLS as the route wants it, greeting, EHLO or LHLO, and
// AUTH. One for one try at one address; the Connector decides where to try next.
//
// A password is never said in clear text unless the route has TLS switched off, and then only by mechanisms that do not
// show it (sasl::start_client sees to that).
//
// Standards: RFC 5321 3.1, RFC 3207 4 (STARTTLS, EHLO again behind it), RFC 8314 3.3 (implicit TLS), RFC 4954 (AUTH),
// RFC 2033 (LMTP), RFC 8689 (REQUIRETLS).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/offload.h"
#include "relay/options.h"
#include "relay/outbound_connection.h"
#include "relay/route.h"
#include "relay/tls_contexts.h"
#include "tlsrpt/session.h"

namespace ringpost::relay {

/// What TLS one try is about.
enum class Encryption : std::uint8_t { none, where_offered, demanded, implicit };

/// Whom we talk to.
struct Peer {
  std::string host;      // the name to ask for (SNI) and to verify; an address where the next hop has no name
  std::string remote;    // "host[address]:port"
  std::string identity;  // the name to verify where the DNS may have lied about the host's; empty: the host's
  std::uint16_t port = 0;
  smtp::Dialect dialect = smtp::Dialect::smtp;
  bool local = false;         // a Unix socket
  bool implicit_tls = false;  // TLS from the first octet
  bool verify = false;        // its certificate must be good for `host`
  bool vouched = false;       // `host` comes from the operator, from DNSSEC, from MTA-STS, or is the mail domain itself
  bool requiretls = false;    // it must verify and offer REQUIRETLS (RFC 8689 4.2.1)
  std::string site{};         // for whom sources in warm-up count; empty: they do not
  std::string demanded_by{};  // what says that it has TLS, so that there is no way without; empty: nothing
  tls::DaneWish dane{};       // what its certificate must be; empty: nothing is announced
  // What is noted of each session for the domain's TLS report; null: nothing. Where it has a failure, it is one
  // whatever becomes of the session.
  std::shared_ptr<const tlsrpt::Session> noted{};
};

/// What became of TLS in a session, as far as it came to that.
struct TlsOutcome {
  bool known = false;      // else it was not tried, or something else went wrong before
  bool encrypted = false;  // the handshake was done; a failure is then one of the certificate
  std::optional<tlsrpt::FailureKind> failure;
  std::string reason;  // of the failure
  std::string helo;    // what the host called itself
};

class SessionOpening {
 public:
  /// All references outlive it. `hostname` is ours.
  SessionOpening(OutboundConnection& connection, const Peer& peer, const Delivery& delivery,
                 const std::string& hostname, TlsContexts& contexts, io::OffloadPool& helpers) noexcept
      : connection_(connection),
        peer_(peer),
        delivery_(delivery),
        hostname_(hostname),
        contexts_(contexts),
        helpers_(helpers) {}

  /// Errors: cancelled; else why this peer could not be used, with the enhanced code to defer with: 4.4.1, 4.7.4 (TLS
  /// or AUTH is not offered), 4.7.5 (TLS failed), 4.7.8 (AUTH refused), 4.7.0. Where the peer is to do REQUIRETLS and
  /// has shown that it cannot: 5.7.10 (no TLS, or not with whom it should be), 5.7.30 (REQUIRETLS is not offered).
  io::Task<Result<void>> run(Encryption encryption, io::Cancel cancel);
  /// After an error: it was STARTTLS or the handshake.
  bool tls_failed() const noexcept { return tls_failed_; }
  const TlsOutcome& tls_outcome() const noexcept { return outcome_; }

 private:
  io::Task<Result<void>> greet(io::Cancel cancel);
  io::Task<Result<void>> hello(io::Cancel cancel);
  io::Task<Result<void>> start_tls(io::Cancel cancel);
  io::Task<Result<void>> shake_hands(io::Cancel cancel);
  io::Task<Result<void>> log_in(io::Cancel cancel);
  bool may_require_tls() const noexcept;
  Result<void> judge(Result<smtp::Reply>& reply, std::string_view what) const;
  Result<void> trouble(Error error, PublicStatus status) const;
  void note_tls(std::optional<tlsrpt::FailureKind> failure, std::string reason);

  OutboundConnection& connection_;
  const Peer& peer_;
  const Delivery& delivery_;
  const std::string& hostname_;
  TlsContexts& contexts_;
  io::OffloadPool& helpers_;
  bool tls_failed_ = false;
  TlsOutcome outcome_;
};

}  // namespace ringpost::relay
