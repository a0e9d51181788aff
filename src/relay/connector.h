// Opens a connection to a destination: tries the next hops in order, of each its hosts, of each its addresses, until
// one greets us and answers our EHLO or LHLO positively. One that refuses is as good as one that is down: the next is
// tried, and where all refuse the last one's words are the error.
//
// Standards: RFC 5321 5.1 (order), 3.1 and 4.5.4.1 (hosts that refuse or are down).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/connection.h"
#include "relay/mx_hosts.h"
#include "relay/options.h"
#include "relay/outbound_connection.h"
#include "relay/route.h"

namespace ringpost::relay {

class Connector {
 public:
  /// All three outlive it.
  Connector(io::Reactor& reactor, Resolver& resolver, const Options& options) noexcept
      : reactor_(reactor), resolver_(resolver), options_(options) {}

  /// `delivery` is a network one and outlives the call. Errors: cancelled; else why the last one could not be used,
  /// with the enhanced code to defer with (4.4.1, 4.4.3).
  io::Task<Result<std::unique_ptr<OutboundConnection>>> open(const Delivery& delivery, io::Cancel cancel);

 private:
  using Opened = Result<std::unique_ptr<OutboundConnection>>;
  io::Task<Opened> open_hop(const Hop& hop, io::Cancel cancel);
  io::Task<Opened> open_host(MxHost host, smtp::Dialect dialect, io::Cancel cancel);
  io::Task<Opened> open_address(std::string remote, io::SocketAddress address, smtp::Dialect dialect,
                                io::Cancel cancel);

  io::Reactor& reactor_;
  Resolver& resolver_;
  const Options& options_;
};

}  // namespace ringpost::relay
