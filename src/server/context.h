// What a session may use of its worker and of its listener. All of it outlives every session; nothing here is owned.
#pragma once

#include <memory>

#include "base/current.h"
#include "io/cancel.h"
#include "io/offload.h"
#include "io/reactor.h"
#include "policy/auth_failures.h"
#include "queue/queue.h"
#include "server/client_table.h"
#include "server/settings.h"

namespace ringpost::server {

/// Of one worker.
struct Services {
  Current<const Settings>::View& settings;  // never empty
  policy::AuthFailures& failures;
  io::OffloadPool& helpers;  // steps of authentication wait there
  ClientTable& clients;
  queue::Shard& queue;
  io::Reactor& reactor;
};

/// Of one listener on one worker.
struct Context {
  const Services& services;
  std::shared_ptr<const ListenerOptions> listener;  // for sessions that begin now; a session keeps what it began with
  // Two ways to end: draining ends a session between transactions, the scope's own cancel at once.
  io::CancelSource draining;
};

}  // namespace ringpost::server
