// The composition root: builds every part from the configuration, in the order of their ranks, and owns what the
// workers share. Nothing here decides anything.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/credentials.h"
#include "config/configuration.h"
#include "io/offload.h"
#include "policy/relay_access.h"
#include "queue/queue.h"
#include "relay/route.h"
#include "relay/site_limits.h"
#include "server/client_table.h"

namespace ringpost::app {

struct Services {
  const config::Configuration& configuration;
  policy::RelayAccess access;
  std::unique_ptr<Credentials> credentials;
  relay::RouteTable routes;
  relay::SiteLimits site_limits;
  server::ClientTable clients;
  io::OffloadPool offload;
  std::unique_ptr<queue::Queue> queue;

  /// Opens the queue (recovery included). Errors: those of RelayAccess::create, Credentials::create, RouteTable::create
  /// and Queue::open.
  static Result<std::unique_ptr<Services>> create(const config::Configuration& configuration);

 private:
  Services(const config::Configuration& configuration, policy::RelayAccess access, relay::RouteTable routes);
};

}  // namespace ringpost::app
