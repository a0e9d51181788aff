#include "app/reload.h"

#include <algorithm>

#include "config/difference.h"
#include "telemetry/log.h"
#include "tls/server_context.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

// A configuration on its way to be in force, with all that was found wrong with it.
struct Candidate {
  std::shared_ptr<const config::Configuration> configuration;
  std::vector<config::Difference> differences;
  Prepared prepared;
  std::vector<std::vector<WorkerListener>> listeners;  // for each worker
  std::vector<std::string> problems;
};

void read(const std::string& path, const config::Configuration& now, const Confinement& confinement,
          Candidate& candidate) {
  auto loaded = config::load(path, config::process_environment());
  if (!loaded) {
    for (const config::Problem& problem : loaded.error()) candidate.problems.push_back(problem.text());
    return;
  }
  candidate.configuration = std::make_shared<const config::Configuration>(std::move(*loaded));
  candidate.differences = config::differences(now, *candidate.configuration);
  for (const config::Difference& difference : candidate.differences) {
    if (difference.needs_restart) candidate.problems.push_back(difference.text() + ": needs a restart");
  }
  const auto covered = confinement.covers(*candidate.configuration);
  if (!covered) candidate.problems.push_back(covered.error().reason);
}

void prepare(const Services& services, ListeningSockets& sockets, Candidate& candidate) {
  auto& problems = candidate.problems;
  auto prepared = Prepared::from(candidate.configuration, services.settings.get().get());
  if (prepared) {
    candidate.prepared = std::move(*prepared);
  } else {
    std::vector<std::string> found = tls::examine(candidate.configuration->tls);
    if (std::ranges::find(found, prepared.error().reason) == found.end()) found = {prepared.error().reason};
    problems.insert(problems.end(), found.begin(), found.end());
  }
  auto bound = sockets.prepare(candidate.configuration->server.listeners, {});
  if (!bound) {
    problems.push_back(bound.error().reason);
    return;
  }
  auto shared = share_out(sockets.prepared(), candidate.configuration);
  if (shared) {
    candidate.listeners = std::move(*shared);
  } else {
    problems.push_back(shared.error().reason);
  }
}

void put_in_force(Candidate& candidate, Services& services, ListeningSockets& sockets, Workers& workers) {
  sockets.commit();
  const telemetry::LogLevel level = candidate.configuration->log.level;
  services.adopt(std::move(candidate.prepared));
  std::vector<std::future<void>> told;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    told.push_back(workers[i]->reconfigure(std::move(candidate.listeners[i])));
  }
  for (auto& each : told) each.wait();
  services.retire_routes();
  telemetry::set_log_level(level);
}

}  // namespace

Result<std::vector<std::vector<WorkerListener>>> share_out(
    const std::vector<ListeningSockets::Listener>& sockets,
    const std::shared_ptr<const config::Configuration>& configuration) {
  const unsigned workers = configuration->workers;
  std::vector<std::vector<WorkerListener>> shares(workers);
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const std::shared_ptr<const server::ListenerOptions> options(configuration, &configuration->server.listeners[i]);
    for (unsigned worker = 0; worker < workers; ++worker) {
      WorkerListener listener{sockets[i].name, options, {}};
      if (sockets[i].is_new) {
        auto share = ListeningSockets::share_of(sockets[i], worker, workers);
        if (!share) return propagate(share);
        listener.sockets = std::move(*share);
      }
      shares[worker].push_back(std::move(listener));
    }
  }
  return shares;
}

admin::ReloadReport reload(const std::string& path, const std::string& from, const Confinement& confinement,
                           Services& services, ListeningSockets& sockets, Workers& workers) {
  Candidate candidate;
  read(path, services.configuration(), confinement, candidate);
  if (candidate.configuration != nullptr) prepare(services, sockets, candidate);
  admin::ReloadReport report;
  if (!candidate.problems.empty()) {
    sockets.abandon();
    for (const std::string& problem : candidate.problems)
      Event(EventKind::error).field("operation", "reload").field("reason", problem).emit();
    Event(EventKind::reload)
        .field("operation", from)
        .field("config", path)
        .field("result", "refused, the old configuration stays in force")
        .field("count", candidate.problems.size())
        .emit();
    report.problems = std::move(candidate.problems);
    return report;
  }
  put_in_force(candidate, services, sockets, workers);
  for (const config::Difference& difference : candidate.differences) {
    report.changes.push_back(difference.text());
    Event(EventKind::reload).field("operation", from).field("detail", report.changes.back()).emit();
  }
  Event(EventKind::reload)
      .field("operation", from)
      .field("config", path)
      .field("result", "in force")
      .field("count", report.changes.size())
      .emit();
  return report;
}

}  // namespace ringpost::app
