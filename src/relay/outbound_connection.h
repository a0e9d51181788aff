// A connection to a next hop that has said its EHLO or LHLO, and done TLS and AUTH where the route wants them: in use
// by one delivery task or idle in the pool. Its places in ConnectionLimit and HostPlaces go with it. client.quit() or
// client.close() is awaited before it is destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "relay/connection_fitness.h"
#include "relay/connection_limit.h"
#include "relay/host_places.h"
#include "relay/source_address.h"
#include "smtp/client.h"
#include "telemetry/metrics.h"

namespace ringpost::relay {

struct OutboundConnection {
  OutboundConnection(std::unique_ptr<io::Stream> stream, smtp::Waits waits, std::string peer)
      : client(std::move(stream), waits), remote(std::move(peer)) {
    telemetry::counters().connections_out.add();
  }
  ~OutboundConnection() { telemetry::counters().connections_out.remove(); }
  OutboundConnection(const OutboundConnection&) = delete;
  OutboundConnection& operator=(const OutboundConnection&) = delete;

  std::shared_ptr<tls::ClientContext> tls_context;  // outlives `client`, which uses it; empty in clear text
  smtp::Client client;
  std::string remote;    // "host[address]:port"
  Standing standing;     // whose mail it may carry
  SourceAddress source;  // without an address: the kernel's choice
  const MonotonicTime opened = monotonic_now();
  std::uint32_t messages = 0;    // transactions tried on it
  bool may_require_tls = false;  // its peer may be told REQUIRETLS (RFC 8689 2)
  ConnectionLimit::Place place;
  HostPlaces::Place host_place;
};

}  // namespace ringpost::relay
