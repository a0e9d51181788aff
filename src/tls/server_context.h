// The server's side of TLS: certificates with their keys chosen by SNI, trust for client certificates, ticket keys shared
// by all workers and rotated. One for the process; made from files, replaced as a whole when they change: streams keep
// the one they began with.
//
// Any thread. Standards: RFC 8446, 5246, 6066 (SNI, OCSP stapling), 5077, 9325 (recommendations).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "tls/options.h"

namespace ringpost::tls {

class ServerContext {
 public:
  /// Reads all files. Errors: invalid or not_found, naming the file: unreadable, not PEM, key does not match, expired.
  static Result<std::shared_ptr<ServerContext>> create(const ServerOptions& options);
  /// As create(), with the ticket keys of `before`, so that sessions resume across a reload.
  static Result<std::shared_ptr<ServerContext>> reload(const ServerOptions& options, const ServerContext& before);
  virtual ~ServerContext() = default;

 protected:
  ServerContext() = default;
};

}  // namespace ringpost::tls
