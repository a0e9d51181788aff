// A connection with TLS over it. Takes the plain stream over; handshake() comes first, and then it is used like any
// io::Stream. Nothing that was received in clear text before may be given to it: the owner has checked that there is
// none (RFC 3207 4.2). One core.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/stream.h"
#include "tls/client_context.h"
#include "tls/connection_info.h"
#include "tls/dane.h"
#include "tls/server_context.h"

namespace ringpost::tls {

/// What a client wants of the peer.
struct ClientWish {
  std::string server_name;  // SNI, and the name to verify; empty: neither
  bool verify = false;      // a chain or name that does not verify ends the handshake
  std::string session_key;  // sessions are reused between connections with the same key; empty: never
  DaneWish dane{};          // not empty: it decides alone, and what is not as announced ends the handshake

  bool must_verify() const noexcept { return verify || !dane.empty(); }
};

class Stream : public io::Stream {
 public:
  static std::unique_ptr<Stream> server(std::unique_ptr<io::Stream> below,
                                        std::shared_ptr<const ServerContext> context);
  /// `context` outlives it.
  static std::unique_ptr<Stream> client(std::unique_ptr<io::Stream> below, ClientContext& context, ClientWish wish);

  /// Errors: refused (alert, certificate, no common version; the reason says what in words), closed, timed_out,
  /// cancelled. After an error only close() may follow.
  virtual io::Task<Result<void>> handshake(io::Deadline deadline, io::Cancel cancel) = 0;
  /// After the handshake.
  virtual const ConnectionInfo& info() const noexcept = 0;
  /// RFC 9266 tls-exporter with TLS 1.3, RFC 5929 tls-unique with TLS 1.2 and extended master secret; empty if neither.
  virtual std::string channel_binding() const = 0;
  /// "tls-exporter" or "tls-unique": the type that channel_binding() gives.
  virtual std::string_view channel_binding_type() const noexcept = 0;
};

}  // namespace ringpost::tls
