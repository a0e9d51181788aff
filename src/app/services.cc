#include "app/services.h"

namespace ringpost::app {

namespace {

constexpr std::size_t offload_threads = 4;
constexpr std::size_t offload_waiting_max = 4096;
constexpr std::size_t auth_threads = 4;  // hashes use a core; the rest waits for directories
constexpr std::size_t auth_steps_waiting_max = 4096;

std::shared_ptr<const tlsrpt::Options> tls_report_options(
    const std::shared_ptr<const config::Configuration>& configuration) {
  return {configuration, &configuration->tls_report};
}

}  // namespace

Result<Prepared> Prepared::from(std::shared_ptr<const config::Configuration> configuration,
                                const server::Settings* before) {
  auto credentials = Credentials::create(configuration, before);
  if (!credentials) return propagate(credentials);
  auto routes = relay::RouteTable::create(configuration->relay.routes, configuration->relay_access.domains,
                                          configuration->relay.sources);
  if (!routes) return propagate(routes);
  Prepared prepared;
  prepared.credentials = std::move(*credentials);
  prepared.routes = std::make_shared<const relay::RouteTable>(std::move(*routes));
  prepared.configuration = std::move(configuration);
  return prepared;
}

Services::Services(Prepared prepared)
    : settings(prepared.credentials->settings()),
      failures(policy::AuthFailures::create(prepared.configuration->server.limits.auth_failures)),
      auth_helpers(auth_threads, auth_steps_waiting_max),
      tls_reports(prepared.configuration->hostname, prepared.configuration->data_dir,
                  tls_report_options(prepared.configuration)),
      warm_up_file(site_limits.warm_up, prepared.configuration->data_dir + "/warm-up"),
      offload(offload_threads, offload_waiting_max),
      configuration_(std::move(prepared.configuration)),
      credentials_(std::move(prepared.credentials)),
      routes_(std::move(prepared.routes)),
      routes_in_force_(routes_.get().get()) {}

Result<void> Services::open_queue() {
  auto opened = queue::Queue::open(configuration_->queue,
                                   {.route_key = [this](const mail::Address& recipient, mail::TlsWish wish) {
                                     return routes_in_force_.load(std::memory_order_acquire)->key_for(recipient, wish);
                                   }});
  if (!opened) return propagate(opened);
  queue = std::move(*opened);
  warm_up_file.load();  // the process before us has written it
  return {};
}

void Services::adopt(Prepared prepared) {
  {
    const std::lock_guard lock(credentials_mutex_);
    credentials_ = std::move(prepared.credentials);
    settings.set(credentials_->settings());
  }
  failures->set_limits(prepared.configuration->server.limits.auth_failures);
  tls_reports.options.set(tls_report_options(prepared.configuration));
  configuration_ = std::move(prepared.configuration);
  old_routes_ = routes_.get();
  routes_.set(std::move(prepared.routes));
  routes_in_force_.store(routes_.get().get(), std::memory_order_release);
}

void Services::renew() {
  warm_up_file.save_now_and_then();
  const std::lock_guard lock(credentials_mutex_);
  if (credentials_->renew()) settings.set(credentials_->settings());
}

}  // namespace ringpost::app
