// What a session may use of its worker and of its listener. All of it outlives every session; nothing here is owned.
#pragma once

#include <string>

#include "io/cancel.h"
#include "io/reactor.h"
#include "policy/relay_access.h"
#include "queue/queue.h"
#include "server/client_table.h"
#include "server/options.h"
#include "smtp/extensions.h"

namespace ringpost::server {

/// Of one worker.
struct Services {
  const Options& options;
  const policy::RelayAccess& access;
  ClientTable& clients;
  queue::Shard& queue;
  io::Reactor& reactor;
};

/// Of one listener on one worker.
struct Context {
  const Services& services;
  const ListenerOptions& listener;
  smtp::Extensions extensions;  // offered to EHLO
  // Two ways to end: draining ends a session between transactions, the scope's own cancel at once.
  io::CancelSource draining;
};

}  // namespace ringpost::server
