// What all workers share about sites: how many connections each bears, and each host, and the rates of routes. Safe on
// any thread.
#pragma once

#include "relay/connection_limit.h"
#include "relay/host_places.h"
#include "relay/rate_limit.h"

namespace ringpost::relay {

struct SiteLimits {
  ConnectionLimit connections;
  HostPlaces hosts;
  RateLimit messages;
  RateLimit openings;  // of connections
};

}  // namespace ringpost::relay
