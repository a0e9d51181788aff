// What a session may use of its worker and of its listener. All of it outlives every session; nothing here is owned.
#pragma once

#include <memory>
#include <string>

#include "base/current.h"
#include "io/cancel.h"
#include "io/offload.h"
#include "io/reactor.h"
#include "policy/auth_failures.h"
#include "policy/relay_access.h"
#include "policy/sender_login.h"
#include "queue/queue.h"
#include "sasl/server.h"
#include "server/client_table.h"
#include "server/options.h"
#include "smtp/extensions.h"
#include "tls/server_context.h"

namespace ringpost::server {

/// What proves and decides who a client is; one for the process, shared by the workers.
struct Trust {
  Current<tls::ServerContext> tls;             // empty: no certificates, so no TLS
  std::unique_ptr<sasl::Server> sasl;          // nullptr: no listener has AUTH
  Current<const policy::SenderLogin> senders;  // never empty
  std::unique_ptr<policy::AuthFailures> failures;
  std::unique_ptr<io::OffloadPool> helpers;  // steps of authentication wait there; nullptr where sasl is
};

/// Of one worker.
struct Services {
  const Options& options;
  const policy::RelayAccess& access;
  Trust& trust;
  ClientTable& clients;
  queue::Shard& queue;
  io::Reactor& reactor;
  Current<tls::ServerContext>::View& tls;
  Current<const policy::SenderLogin>::View& senders;
};

/// Of one listener on one worker.
struct Context {
  const Services& services;
  const ListenerOptions& listener;
  smtp::Extensions extensions;  // offered to EHLO, but for STARTTLS and AUTH, which depend on the session
  // Two ways to end: draining ends a session between transactions, the scope's own cancel at once.
  io::CancelSource draining;
};

}  // namespace ringpost::server
