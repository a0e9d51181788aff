// The client's side of TLS: trust store, our certificate where a peer asks, sessions kept for reuse. One for a worker:
// one core, no lock.
#pragma once

#include <memory>

#include "base/result.h"
#include "tls/options.h"

namespace ringpost::tls {

class ClientContext {
 public:
  static Result<std::unique_ptr<ClientContext>> create(const ClientOptions& options);
  virtual ~ClientContext() = default;

 protected:
  ClientContext() = default;
};

}  // namespace ringpost::tls
