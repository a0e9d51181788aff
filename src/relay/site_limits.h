// What all workers share about sites: how many connections each bears, and each host, the rates of routes, and what
// sources that are being warmed up have sent there. Safe on any thread.
#pragma once

#include "relay/connection_limit.h"
#include "relay/host_places.h"
#include "relay/rate_limit.h"
#include "relay/warm_up.h"

namespace ringpost::relay {

struct SiteLimits {
  ConnectionLimit connections;
  HostPlaces hosts;
  RateLimit messages;
  RateLimit openings;  // of connections
  WarmUp warm_up;
};

}  // namespace ringpost::relay
