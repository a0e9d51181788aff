// Why nothing more leaves for a destination just now, as `ringpost explain` tells it.
#include <fmt/format.h>

#include "relay/dispatcher.h"

namespace ringpost::relay {

std::vector<queue::Gate> Dispatcher::gates(const std::string& key) const {
  std::vector<queue::Gate> gates;
  const auto add = [&gates](std::string why) {
    queue::Gate gate;
    gate.kind = queue::Gate::Kind::limit;
    gate.why = std::move(why);
    gates.push_back(std::move(gate));
  };
  if (paused_) add("nothing is sent just now: the server ends, or its configuration changes");
  const auto known = destinations_.find(key);
  if (known == destinations_.end() || !known->second->plan) return gates;
  const Destination& here = *known->second;
  const Delivery& plan = *here.plan;
  if (here.failures > 0) add(fmt::format("it was down {} times in a row: one attempt at a time", here.failures));
  if (here.pause_timer.linked()) {
    add(plan.connection_rate.limits() ? fmt::format("the rates of its route: {} messages, {} connections",
                                                    format_rate(plan.rate), format_rate(plan.connection_rate))
                                      : "the rate of its route is " + format_rate(plan.rate));
  }
  if (here.waits_for_place) {
    add(fmt::format("{} connections are open to its site, which bears {} now; connections_max is {}",
                    limits_.connections.open(here.site), limits_.connections.allowed(here.site, plan.connections_max),
                    plan.connections_max));
  } else if (here.failures == 0 && here.tasks >= here.tasks_max()) {
    add(fmt::format("all {} connections that this worker may have are busy", here.tasks));
  }
  return gates;
}

}  // namespace ringpost::relay
