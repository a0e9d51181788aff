#include "app/serve.h"

#include <sysexits.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <csignal>
#include <cstdio>

#include "admin/server.h"
#include "app/process.h"
#include "app/services.h"
#include "app/worker.h"
#include "io/listener.h"
#include "io/probe.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

constexpr int backlog = 4096;
constexpr Duration drain_grace = std::chrono::seconds(30);

int refuse(const Error& error) {
  Event(EventKind::error).field("operation", "start").error(error).emit();
  telemetry::flush_log();
  std::fprintf(stderr, "ringpost: %s\n", error.reason.c_str());
  const bool try_later = error.kind == ErrorKind::refused || error.kind == ErrorKind::no_space ||
                         error.kind == ErrorKind::io || error.kind == ErrorKind::unavailable;
  return try_later ? EX_TEMPFAIL : EX_CONFIG;
}

// One socket a listener for each worker. Port 0 is picked by the first worker's socket and taken over by the others.
using Sockets = std::vector<std::vector<io::FileDescriptor>>;

Result<Sockets> bind_listeners(const config::Configuration& configuration) {
  Sockets sockets(configuration.workers);
  for (const auto& listener : configuration.server.listeners) {
    auto address = io::SocketAddress::parse(listener.address);
    if (!address) return propagate(address);
    for (unsigned worker = 0; worker < configuration.workers; ++worker) {
      auto socket = io::open_listening_socket(*address, backlog);
      if (!socket) return propagate(socket);
      *address = io::SocketAddress::of_local(socket->get());
      sockets[worker].push_back(std::move(*socket));
    }
  }
  return sockets;
}

void say_started(const config::Configuration& configuration, const std::string& path, const Sockets& sockets,
                 const io::KernelFeatures& kernel) {
  std::string features;
  for (const std::string& feature : kernel.features) features += (features.empty() ? "" : " ") + feature;
  Event(EventKind::start)
      .field("version", RINGPOST_VERSION)
      .field("config", path)
      .field("data_dir", configuration.data_dir)
      .field("workers", configuration.workers)
      .field("features", features)
      .emit();
  for (std::size_t i = 0; i < configuration.server.listeners.size(); ++i) {
    Event(EventKind::start)
        .field("listener", to_string(configuration.server.listeners[i].role))
        .field("address", io::SocketAddress::of_local(sockets[0][i].get()).text())
        .emit();
  }
}

std::vector<telemetry::Gauge> queue_gauges(const queue::Queue& queue, const server::ClientTable& clients) {
  std::vector<telemetry::Gauge> gauges;
  gauges.push_back(
      telemetry::gauge("queue_messages", "Messages in the queue.", [&queue]() -> std::vector<telemetry::Sample> {
        const queue::Gauges now = queue.gauges();
        const auto deferred = static_cast<double>(now.messages_deferred);
        return {{{{"state", "active"}}, static_cast<double>(now.messages) - deferred},
                {{{"state", "deferred"}}, deferred}};
      }));
  gauges.push_back(telemetry::gauge("queue_oldest_age_seconds", "Age of the oldest message.", [&queue] {
    return std::chrono::duration<double>(queue.gauges().oldest_age).count();
  }));
  gauges.push_back(telemetry::gauge("disk_free_bytes", "Free octets of the data directory's file system.",
                                    [&queue] { return static_cast<double>(queue.gauges().disk_free_octets); }));
  gauges.push_back(telemetry::gauge("spool_segments", "Segment files of the spool log.",
                                    [&queue] { return static_cast<double>(queue.gauges().segments); }));
  gauges.push_back(telemetry::gauge("spool_live_octets", "Octets of the spool log that queued messages refer to.",
                                    [&queue] { return static_cast<double>(queue.gauges().live_octets); }));
  gauges.push_back(telemetry::gauge("clients_sessions", "Sessions admitted and open.",
                                    [&clients] { return static_cast<double>(clients.sessions()); }));
  return gauges;
}

void say_recovered(const queue::RecoveryReport& report) {
  if (report.accepts_replayed + report.outcomes_replayed > 0) {
    Event(EventKind::start)
        .field("operation", "recovery")
        .field("messages", report.accepts_replayed)
        .field("count", report.outcomes_replayed)
        .field("duration", report.took)
        .emit();
  }
  for (const MessageId& id : report.in_doubt) {
    Event(EventKind::warning)
        .message(id)
        .field("reason", "in doubt: an attempt had begun and not ended; it may be sent twice")
        .emit();
  }
}

// From the first worker to the last flushed record. `draining` is what readiness says.
int run(Services& services, const std::string& path, Sockets sockets, const io::KernelFeatures& kernel) {
  const config::Configuration& configuration = services.configuration;
  say_recovered(services.queue->recovery());
  std::atomic<bool> draining{false};
  auto gauges = queue_gauges(*services.queue, services.clients);
  std::unique_ptr<admin::Server> admin_server;
  if (!configuration.admin.address.empty()) {
    admin::Hooks hooks{
        .not_ready_reason = [&] { return draining ? std::string("draining") : services.queue->unhealthy_reason(); },
        .inspector = &services.queue->inspector()};
    auto started = admin::Server::start(configuration.admin, std::move(hooks));
    if (!started) return refuse(started.error());
    admin_server = std::move(*started);
  }
  const Renewal renewal(*services.credentials);
  say_started(configuration, path, sockets, kernel);
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < configuration.workers; ++i) {
    workers.push_back(std::make_unique<Worker>(services, static_cast<std::uint16_t>(i), std::move(sockets[i])));
  }
  int status = 0;
  for (auto& worker : workers) {
    auto ready = worker->ready();
    if (!ready) status = refuse(ready.error());
  }
  Duration grace = drain_grace;
  if (status == 0) {
    for (auto& worker : workers) worker->serve();
    if (admin_server) {
      Event(EventKind::start).field("listener", "admin").field("address", admin_server->address()).emit();
    }
    ::sd_notify(0, "READY=1");
    int signal = wait_for_signal();
    while (signal == SIGHUP) {
      Event(EventKind::warning)
          .field("signal", signal)
          .field("reason", "reload is not available in this version")
          .emit();
      signal = wait_for_signal();
    }
    draining = true;
    ::sd_notify(0, "STOPPING=1");
    if (signal == SIGQUIT) grace = Duration::zero();
    Event(EventKind::drain).field("signal", signal).field("sessions", services.clients.sessions()).emit();
  }
  for (auto& worker : workers) worker->stop(grace);
  for (auto& worker : workers) worker->join();
  // Health and metrics answer to the end of draining; nobody may ask the queue while it closes.
  admin_server.reset();
  gauges.clear();
  services.queue->close();
  return status;
}

}  // namespace

int serve(const config::Configuration& configuration, const std::string& path) {
  block_signals();
  const auto descriptors = raise_descriptor_limit();
  auto kernel = io::probe_kernel();
  if (!kernel) return refuse(kernel.error());
  auto sockets = bind_listeners(configuration);
  if (!sockets) return refuse(sockets.error());
  auto dropped = drop_privileges(configuration.user, configuration.data_dir);
  if (!dropped) return refuse(dropped.error());
  telemetry::start_log(configuration.log, configuration.hostname);
  if (descriptors < configuration.server.limits.sessions_max + 1024) {
    Event(EventKind::warning)
        .field("reason", "fewer open files are allowed than limits.sessions_max needs (raise LimitNOFILE)")
        .field("limit", descriptors)
        .emit();
  }
  auto services = Services::create(configuration);
  if (!services) return refuse(services.error());
  const int status = run(**services, path, std::move(*sockets), *kernel);
  services->reset();
  Event(EventKind::stop).field("result", status == 0 ? "clean" : "failed").emit();
  telemetry::stop_log();
  return status;
}

}  // namespace ringpost::app
