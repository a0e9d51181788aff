// The admin address: HTTP for operators, Prometheus and the command line. /metrics, /health/live, /health/ready and
// /api/v1/queue... (docs/operations.md lists them). Served by a few threads of its own, never by a reactor. With a
// token file every request but the health checks needs "Authorization: Bearer TOKEN".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "queue/inspect.h"
#include "tlsrpt/reports.h"

namespace ringpost::admin {

/// What became of a reload.
struct ReloadReport {
  std::vector<std::string> problems;  // empty: the new configuration is in force
  std::vector<std::string> changes;
};

/// What the pages ask of the process; set once by app/. Called on the server's threads.
struct Hooks {
  /// Empty: ready. Else why no mail is taken: "draining", "disk below min_free_disk", ...
  std::function<std::string()> not_ready_reason;
  /// Reads the configuration again; returns when it is in force or refused. std::future_error: we are going down.
  std::function<ReloadReport()> reload;
  /// Begins to drain: at most `patience` for what is due; what is left then goes to the siblings where `hand_off`.
  std::function<void(Duration patience, bool hand_off)> drain;
  /// The destination that these next hops are ("smtp://relay.example.net, smtp://other.example.net"), with the rules of
  /// the route that has them. Errors: invalid.
  std::function<Result<std::string>(const std::string& next_hops, mail::TlsWish wish)> destination_of;
  /// The domains that take the route with this `domain`. Errors: not found, invalid.
  std::function<Result<mail::DomainScope>(const std::string& domain)> domains_of_route;
  queue::Inspector* inspector = nullptr;   // outlives the server
  tlsrpt::Reports* tls_reports = nullptr;  // the same
};

class Server {
 public:
  /// Binds and serves. Errors: io (address in use), invalid, not_found (token file).
  static Result<std::unique_ptr<Server>> start(const Options& options, Hooks hooks);
  /// Ends the requests in progress and joins the threads.
  ~Server();

  /// "127.0.0.1:8025", with the port that was bound.
  const std::string& address() const noexcept;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::admin
