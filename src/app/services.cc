#include "app/services.h"

namespace ringpost::app {

namespace {

constexpr std::size_t offload_threads = 4;
constexpr std::size_t offload_waiting_max = 4096;

}  // namespace

Services::Services(const config::Configuration& its_configuration, policy::RelayAccess its_access,
                   relay::RouteTable its_routes)
    : configuration(its_configuration),
      access(std::move(its_access)),
      routes(std::move(its_routes)),
      clients(its_configuration.server.limits),
      offload(offload_threads, offload_waiting_max) {}

Result<std::unique_ptr<Services>> Services::create(const config::Configuration& configuration) {
  auto access = policy::RelayAccess::create(configuration.relay_access, configuration.hostname);
  if (!access) return propagate(access);
  auto table = relay::RouteTable::create(configuration.relay.routes, configuration.relay_access.domains);
  if (!table) return propagate(table);
  std::unique_ptr<Services> services(new Services(configuration, std::move(*access), std::move(*table)));
  auto credentials = Credentials::create(configuration, services->access);
  if (!credentials) return propagate(credentials);
  services->credentials = std::move(*credentials);
  const relay::RouteTable& routes = services->routes;
  auto queue = queue::Queue::open(configuration.queue, {.route_key = [&routes](const mail::Address& recipient) {
                                    return routes.key_for(recipient);
                                  }});
  if (!queue) return propagate(queue);
  services->queue = std::move(*queue);
  return services;
}

}  // namespace ringpost::app
