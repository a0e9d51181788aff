#include "app/serve.h"

#include <sysexits.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "app/confinement.h"
#include "app/data_dir.h"
#include "app/listening_sockets.h"
#include "app/orders.h"
#include "app/process.h"
#include "app/renewal.h"
#include "app/running.h"
#include "app/services.h"
#include "app/take_over.h"
#include "io/probe.h"
#include "telemetry/log.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

int refuse(const Error& error) {
  Event(EventKind::error).field("operation", "start").error(error).emit();
  telemetry::flush_log();
  std::fprintf(stderr, "ringpost: %s\n", error.reason.c_str());
  const bool try_later = error.kind == ErrorKind::refused || error.kind == ErrorKind::no_space ||
                         error.kind == ErrorKind::io || error.kind == ErrorKind::unavailable ||
                         error.kind == ErrorKind::closed || error.kind == ErrorKind::timed_out;
  return try_later ? EX_TEMPFAIL : EX_CONFIG;
}

void say_started(const config::Configuration& configuration, const std::string& path, const ListeningSockets& sockets,
                 const io::KernelFeatures& kernel, const Confinement& confinement) {
  std::string features;
  for (const std::string& feature : kernel.features) features += (features.empty() ? "" : " ") + feature;
  Event(EventKind::start)
      .field("version", RINGPOST_VERSION)
      .field("config", path)
      .field("data_dir", configuration.data_dir)
      .field("workers", configuration.workers)
      .field("features", features)
      .field("hardening", confinement.text() + (kernel.restricted ? " io_uring-restrictions" : ""))
      .emit();
  for (std::size_t i = 0; i < configuration.server.listeners.size(); ++i) {
    Event(EventKind::start)
        .field("listener", to_string(configuration.server.listeners[i].role))
        .field("address", sockets.listeners()[i].address())
        .emit();
  }
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

void warn_of_few_descriptors(std::uint64_t descriptors, const config::Configuration& configuration) {
  if (descriptors >= configuration.server.limits.sessions_max + 1024) return;
  Event(EventKind::warning)
      .field("reason", "fewer open files are allowed than limits.sessions_max needs (raise LimitNOFILE)")
      .field("limit", descriptors)
      .emit();
}

// Everything up to the queue, which a predecessor may still have open.
struct Start {
  std::optional<Predecessor> predecessor;
  std::unique_ptr<ListeningSockets> sockets;
  std::unique_ptr<Orders> orders;
};

Result<Start> gather(const config::Configuration& configuration, bool take_over) {
  Start start;
  auto inherited = sockets_of_service_manager();
  if (!inherited) return propagate(inherited);
  if (take_over) {
    auto found = Predecessor::find(configuration.data_dir);
    if (!found) return propagate(found);
    start.predecessor = std::move(*found);
  }
  if (start.predecessor) {
    auto taken = start.predecessor->take_sockets();
    if (!taken) return propagate(taken);
    for (InheritedSocket& each : *taken) inherited->push_back(std::move(each));
  }
  start.sockets = std::make_unique<ListeningSockets>(configuration.workers);
  auto bound = start.sockets->prepare(configuration.server.listeners, std::move(*inherited));
  if (!bound) return propagate(bound);
  // A predecessor may have listened where we do not want to; what the service manager gives is meant for us.
  if (!start.predecessor && !start.sockets->unwanted().empty()) {
    return fail(ErrorKind::invalid, "the service manager listens on " + start.sockets->unwanted().front() +
                                        " for us, and no [[listener]] has that address");
  }
  start.sockets->commit();
  auto orders = Orders::open();
  if (!orders) return propagate(orders);
  start.orders = std::move(*orders);
  return start;
}

// Nothing of ours has been opened in the data directory when the predecessor is asked to end.
Result<std::optional<MonotonicTime>> open_queue(Services& services, std::optional<Predecessor>& predecessor) {
  std::optional<MonotonicTime> stopped_accepting;
  if (predecessor) {
    auto asked = predecessor->say_go();
    if (!asked) return propagate(asked);
    auto closed = predecessor->wait_until_closed();
    if (!closed) return propagate(closed);
    stopped_accepting = *closed;
  }
  auto opened = services.open_queue();
  if (!opened) return propagate(opened);
  say_recovered(services.queue->recovery());
  return stopped_accepting;
}

// `left`: after a hand-off, what nobody took.
void say_stopped(int status, const std::optional<std::uint64_t>& left) {
  Event event(EventKind::stop);
  event.field("result", status == 0 ? "clean" : "failed");
  const std::string what = std::to_string(left.value_or(0)) + (left == 1U ? " message left" : " messages left");
  if (left) event.field("reason", what);
  event.emit();
  if (left.value_or(0) > 0) std::fprintf(stderr, "ringpost: %s in the queue\n", what.c_str());
}

}  // namespace

int serve(const config::Configuration& configuration, const std::string& path, bool take_over) {
  block_signals();
  const auto descriptors = raise_descriptor_limit();
  auto kernel = io::probe_kernel();
  if (!kernel) return refuse(kernel.error());
  auto start = gather(configuration, take_over);
  if (!start) return refuse(start.error());
  auto dropped = drop_privileges(configuration.user, configuration.data_dir);
  if (!dropped) return refuse(dropped.error());
  auto usable = check_data_dir(configuration.data_dir);
  if (!usable) return refuse(usable.error());
  auto confinement = Confinement::enter(configuration, path, *dropped);
  if (!confinement) return refuse(confinement.error());
  telemetry::start_log(configuration.log, configuration.hostname);
  confinement->warn();
  warn_of_few_descriptors(descriptors, configuration);
  auto prepared = Prepared::from(std::make_shared<const config::Configuration>(configuration), nullptr);
  if (!prepared) return refuse(prepared.error());
  auto services = std::make_unique<Services>(std::move(*prepared));
  auto took_over = open_queue(*services, start->predecessor);
  if (!took_over) return refuse(took_over.error());
  int status = 0;
  std::optional<std::uint64_t> left;
  {
    const Renewal renewal(*services);
    say_started(configuration, path, *start->sockets, *kernel, *confinement);
    Running running(*services, *start->sockets, *start->orders, *confinement, path);
    auto started = running.start(*took_over);
    if (started) {
      running.serve();
      left = running.messages_left();
    } else {
      status = refuse(started.error());
      running.end(Duration::zero());
    }
  }
  services.reset();
  say_stopped(status, left);
  telemetry::stop_log();
  return left.value_or(0) > 0 ? EXIT_FAILURE : status;
}

}  // namespace ringpost::app
