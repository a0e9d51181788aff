// The client's side of TLS: trust store, our certificate where a peer asks, sessions kept for reuse. One for a worker:
// one core, no lock.
#pragma once

#include <memory>
#include <string>
#include <vector>

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

/// Every problem of every file, each naming it. Empty: all is well.
std::vector<std::string> examine(const ClientOptions& options);

}  // namespace ringpost::tls
