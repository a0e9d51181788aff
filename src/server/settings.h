// What the operator decides about conversations, as of one moment: limits, domains, certificates, accounts, senders.
// Immutable; a reload or a renewed certificate makes another one, which takes its place as a whole. A session keeps the
// one it has to the end of its transaction and then takes the newest, so no transaction ever sees two.
#pragma once

#include <memory>

#include "account/store.h"
#include "policy/relay_access.h"
#include "policy/sender_login.h"
#include "sasl/server.h"
#include "server/options.h"
#include "smtp/extensions.h"
#include "tls/server_context.h"

namespace ringpost::server {

/// Copied where one part is renewed. In the order of who refers to whom: the last goes first.
struct Settings {
  std::shared_ptr<const Options> options;              // never empty
  std::shared_ptr<const policy::RelayAccess> access;   // never empty
  std::shared_ptr<const policy::SenderLogin> senders;  // never empty; asks `access`
  std::shared_ptr<account::Store> accounts;            // empty: no listener has AUTH
  std::shared_ptr<const sasl::Server> sasl;            // empty where `accounts` is, which it asks
  std::shared_ptr<tls::ServerContext> tls;             // empty: no certificates, so no TLS
  smtp::Extensions extensions;  // offered to EHLO, but for STARTTLS, AUTH and REQUIRETLS, which depend on the session
};

/// What `options` let us offer.
smtp::Extensions offered_by(const Options& options);

}  // namespace ringpost::server
