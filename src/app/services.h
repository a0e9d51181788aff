// The composition root: builds every part from the configuration, in the order of their ranks, and owns what the
// workers share. Nothing here decides anything.
//
// What a reload can change is replaced as a whole (adopt()); the rest is as it was at the start.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "app/credentials.h"
#include "base/current.h"
#include "config/configuration.h"
#include "io/offload.h"
#include "policy/auth_failures.h"
#include "queue/queue.h"
#include "relay/route.h"
#include "relay/site_limits.h"
#include "relay/warm_up_file.h"
#include "server/client_table.h"
#include "tlsrpt/reports.h"

namespace ringpost::app {

/// What is made of a configuration before it is in force: nothing of it is used until adopt().
struct Prepared {
  std::shared_ptr<const config::Configuration> configuration;
  std::unique_ptr<Credentials> credentials;
  std::shared_ptr<const relay::RouteTable> routes;

  /// `before`: the settings in use, nullptr at the start. Errors: those of Credentials::create and RouteTable::create.
  static Result<Prepared> from(std::shared_ptr<const config::Configuration> configuration,
                               const server::Settings* before);
};

class Services {
 public:
  explicit Services(Prepared prepared);

  /// Recovery included. Once. Errors: those of Queue::open.
  Result<void> open_queue();
  /// The settings hold for sessions from now on; the routes when every worker has been told (retire_routes()).
  void adopt(Prepared prepared);
  /// The routes before adopt() are used by nobody any more.
  void retire_routes() noexcept { old_routes_.reset(); }
  /// Certificates and names, where their files have changed; and writes what is to be kept. Any thread but a reactor.
  void renew();

  const config::Configuration& configuration() const noexcept { return *configuration_; }
  std::shared_ptr<const config::Configuration> shared_configuration() const noexcept { return configuration_; }
  /// Any thread.
  std::shared_ptr<const relay::RouteTable> routes() const { return routes_.get(); }

  Current<const server::Settings> settings;
  std::unique_ptr<policy::AuthFailures> failures;
  io::OffloadPool auth_helpers;
  server::ClientTable clients;
  relay::SiteLimits site_limits;
  tlsrpt::Reports tls_reports;
  relay::WarmUpFile warm_up_file;
  io::OffloadPool offload;
  std::unique_ptr<queue::Queue> queue;

 private:
  std::shared_ptr<const config::Configuration> configuration_;  // the one in force; main thread
  std::mutex credentials_mutex_;                                // protects credentials_
  std::unique_ptr<Credentials> credentials_;
  Current<const relay::RouteTable> routes_;
  std::shared_ptr<const relay::RouteTable> old_routes_;
  // What the workers ask for each recipient, without a lock and without counting.
  std::atomic<const relay::RouteTable*> routes_in_force_;
};

}  // namespace ringpost::app
