// The server's side of TLS: certificates with their keys chosen by SNI, trust for client certificates, ticket keys
// shared by all workers and rotated. One for the process; made from files, replaced as a whole when they change:
// streams keep the one they began with.
//
// Any thread. Standards: RFC 8446, 5246, 6066 (SNI, OCSP stapling), 5077, 9325 (recommendations).
#pragma once

#include <memory>
#include <string>
#include <vector>

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

  /// What works but should be looked at: an OCSP response that is not stapled, a certificate that expires within a
  /// week.
  virtual const std::vector<std::string>& warnings() const noexcept = 0;

 protected:
  ServerContext() = default;
};

/// Every problem of every file, each naming it, as create() would find them one after the other, and the warnings.
/// Empty: all is well. Reads the files and keeps nothing.
std::vector<std::string> examine(const ServerOptions& options);

/// Changes whenever one of the files does (size, inode, time of change); cheap, so that it can be asked every minute.
std::string stamp(const ServerOptions& options);

}  // namespace ringpost::tls
