// A proxy that connections to next hops go through, as an operator names it in [[route]] egress_proxy:
//
//   socks5://host[:port]   it connects where we say, from an address of its own; port 1080 unless given
//   proxy://host:port      it connects where our PROXY header says, from the address that stands there (HAProxy)
//
// We look up names ourselves and tell the proxy addresses: what DNSSEC and MTA-STS say of a host stays ours to judge.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/offload.h"
#include "io/stream.h"
#include "relay/mx_hosts.h"

namespace ringpost::relay {

struct EgressProxy {
  enum class Kind : std::uint8_t { socks5, proxy_v2 };
  Kind kind = Kind::socks5;
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;
  std::string user, password_file;  // RFC 1929; no user: no login
  bool operator==(const EgressProxy&) const = default;

  /// "SOCKS5 proxy host:port", for errors.
  std::string text() const;
  /// As in the configuration, for the log.
  std::string url() const;
};

/// Errors: invalid, with what was expected.
Result<EgressProxy> parse_egress_proxy(std::string_view text);

/// One connection through a proxy. For one call of connect().
class EgressConnection {
 public:
  /// All outlive it. `connect_timeout`: for the way to the proxy, and again for its way from there.
  EgressConnection(io::Reactor& reactor, Resolver& resolver, io::OffloadPool& helpers, const EgressProxy& proxy,
                   Duration connect_timeout) noexcept
      : reactor_(reactor), resolver_(resolver), helpers_(helpers), proxy_(proxy), connect_timeout_(connect_timeout) {}

  /// `source`: what a PROXY header says, of `destination`'s family. Errors: cancelled; others with reasons that begin
  /// with the proxy's text(). Whether it was the proxy: blames_destination().
  io::Task<Result<std::unique_ptr<io::Stream>>> connect(io::SocketAddress destination, io::SocketAddress source,
                                                        io::Cancel cancel);
  /// After an error: the proxy works, and could not reach the destination.
  bool blames_destination() const noexcept { return blames_destination_; }

 private:
  using Connected = Result<std::unique_ptr<io::Stream>>;
  io::Task<Connected> reach_proxy(io::Cancel cancel);
  io::Task<Result<void>> negotiate(io::Stream& stream, std::string connect, io::Cancel cancel);
  io::Task<Result<void>> log_in(io::Stream& stream, io::Cancel cancel);
  io::Task<Result<void>> say(io::Stream& stream, std::string octets, io::Cancel cancel);
  io::Task<Result<void>> hear(io::Stream& stream, io::Deadline deadline, io::Cancel cancel);
  io::Deadline step() const;

  io::Reactor& reactor_;
  Resolver& resolver_;
  io::OffloadPool& helpers_;
  const EgressProxy& proxy_;
  const Duration connect_timeout_;
  std::string received_;  // since the last answer; at most a receive buffer more than one answer
  bool blames_destination_ = false;
};

}  // namespace ringpost::relay
