#include "app/running.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <future>

#include "telemetry/log.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

constexpr Duration stop_grace = std::chrono::seconds(30);
constexpr Duration idle_poll = std::chrono::milliseconds(200);
// At a hand-over nobody is accepted until the queue is closed, so what is in progress gets little time: a message that
// was not acknowledged is sent again by its client.
constexpr Duration hand_over_grace = std::chrono::milliseconds(500);
constexpr Duration hand_over_delivery_patience = std::chrono::seconds(15);

std::vector<telemetry::Gauge> make_gauges(const queue::Queue& queue, const server::ClientTable& clients) {
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

}  // namespace

Result<void> Running::start(std::optional<MonotonicTime> took_over) {
  gauges_ = make_gauges(*services_.queue, services_.clients);
  memory_ = std::make_unique<MemoryWatch>(services_.configuration().server.limits.memory_max, io::this_machine(),
                                          services_.clients, *services_.queue);
  auto admin = start_admin();
  if (!admin) return admin;
  auto started = start_workers();
  if (!started) return started;
  confinement_.seal();  // every worker has its ring
  for (auto& worker : workers_) worker->serve();
  if (admin_) Event(EventKind::start).field("listener", "admin").field("address", admin_->address()).emit();
  if (took_over) {
    Event(EventKind::start).field("operation", "take-over").field("duration", monotonic_now() - *took_over).emit();
    ::sd_notifyf(0, "MAINPID=%d", static_cast<int>(::getpid()));
  }
  auto socket = open_take_over_socket(services_.configuration().data_dir);
  if (socket) {
    take_over_socket_ = std::move(*socket);
  } else {
    Event(EventKind::warning).field("operation", "take-over").error(socket.error()).emit();
  }
  start_watchdog();
  ::sd_notifyf(0, "READY=1\nSTATUS=takes mail on %zu listeners", sockets_.listeners().size());
  return {};
}

void Running::start_watchdog() {
  std::vector<io::Reactor*> reactors;
  for (const auto& worker : workers_) reactors.push_back(worker->reactor());
  watchdog_ = std::make_unique<Watchdog>(std::move(reactors), Watchdog::asked_interval(), Watchdog::systemd());
}

Result<void> Running::start_workers() {
  const auto configuration = services_.shared_configuration();
  auto shares = share_out(sockets_.listeners(), configuration);
  if (!shares) return propagate(shares);
  for (std::size_t i = 0; i < shares->size(); ++i) {
    workers_.push_back(std::make_unique<Worker>(services_, static_cast<std::uint16_t>(i), std::move((*shares)[i])));
  }
  Result<void> all;
  for (auto& worker : workers_) {
    auto ready = worker->ready();
    if (!ready && all) all = std::move(ready);  // what one says holds for all
  }
  return all;
}

Result<void> Running::start_admin() {
  const admin::Options& options = services_.configuration().admin;
  if (options.address.empty()) return {};
  admin::Hooks hooks;
  hooks.not_ready_reason = [this] { return not_ready_reason(); };
  hooks.reload = [this] {
    auto report = std::make_shared<std::promise<admin::ReloadReport>>();
    auto future = report->get_future();
    orders_.give({.kind = Order::Kind::reload, .from = "admin API", .report = std::exchange(report, nullptr)});
    return future.get();
  };
  hooks.drain = [this](Duration patience, bool hand_off) {
    orders_.give({.kind = Order::Kind::drain, .from = "admin API", .patience = patience, .hand_off = hand_off});
  };
  hooks.destination_of = [this](const std::string& next_hops, mail::TlsWish wish) {
    return services_.routes()->key_to(next_hops, wish);
  };
  hooks.domains_of_route = [this](const std::string& domain) { return services_.routes()->scope_of(domain); };
  hooks.tls_reports = &services_.tls_reports;
  hooks.inspector = &services_.queue->inspector();
  auto started = admin::Server::start(options, std::move(hooks));
  if (!started) return propagate(started);
  admin_ = std::move(*started);
  return {};
}

std::string Running::not_ready_reason() const {
  if (draining_) return "draining";
  std::string reason = services_.queue->unhealthy_reason();
  return reason.empty() ? memory_->reason() : reason;
}

void Running::serve() {
  for (;;) {
    Order order = orders_.wait(take_over_socket_.get());
    switch (order.kind) {
      case Order::Kind::reload: {
        ::sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
                     static_cast<long long>(monotonic_now().time_since_epoch().count() / 1000));
        auto report = reload(path_, order.from, confinement_, services_, sockets_, workers_);
        if (order.report) order.report->set_value(std::move(report));
        ::sd_notifyf(0, "READY=1\nSTATUS=takes mail on %zu listeners", sockets_.listeners().size());
        break;
      }
      case Order::Kind::hand_over:
        if (hand_over(std::move(order))) return;
        break;
      case Order::Kind::drain:
        return drain(order);
      case Order::Kind::stop:
        return stop(order, stop_grace);
      case Order::Kind::stop_now:
        return stop(order, Duration::zero());
    }
  }
}

void Running::stop(const Order& order, Duration grace) {
  begin_draining(order);
  ::sd_notify(0, "STOPPING=1");
  end(grace);
}

void Running::begin_draining(const Order& order) {
  draining_ = true;
  take_over_socket_ = {};
  Event(EventKind::drain).field("operation", order.from).field("sessions", services_.clients.sessions()).emit();
}

void Running::end(Duration grace) {
  watchdog_.reset();
  sockets_.close();
  for (auto& worker : workers_) worker->stop(grace);
  for (auto& worker : workers_) worker->join();
  workers_.clear();
  services_.warm_up_file.save_and_end();
  // Health and metrics answer to the end of draining; nobody may ask the queue while it closes.
  orders_.close();
  admin_.reset();
  memory_.reset();
  gauges_.clear();
  services_.queue->close();
}

void Running::drain(const Order& order) {
  begin_draining(order);
  sockets_.close();
  for (auto& worker : workers_) worker->end_intake();
  ::sd_notify(0, "STATUS=draining: delivers what is due");
  const Duration grace = deliver_what_is_due(order.patience);
  if (order.hand_off && grace > Duration::zero()) hand_off(grace);
  ::sd_notify(0, "STOPPING=1");  // only now: from here on the service manager counts TimeoutStopSec=
  end(grace);
}

/// SIGQUIT breaks it off; whoever asks to stop has that already.
void Running::hand_off(Duration grace) {
  ::sd_notify(0, "STATUS=draining: hands over to the siblings");
  std::vector<std::future<relay::HandOff::Report>> reports;
  for (auto& worker : workers_) reports.push_back(worker->hand_off(grace));
  const auto is_done = [](const auto& report) {
    return report.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  while (!std::ranges::all_of(reports, is_done)) {
    const auto order = orders_.wait_for(idle_poll, -1);
    if (!order) continue;
    if (order->kind == Order::Kind::stop_now) {
      for (auto& worker : workers_) worker->cut_hand_off();
    }
    if (order->report) order->report->set_value({.problems = {"the server is draining"}, .changes = {}});
  }
  // A call of the inspector returns when what was handed over is applied.
  static_cast<void>(services_.queue->inspector().summary(1));
  messages_left_ = services_.queue->gauges().messages;
}

/// Returns the grace that sessions and deliveries get afterwards.
Duration Running::deliver_what_is_due(Duration patience) {
  const MonotonicTime until = monotonic_now() + patience;
  // Twice in a row: between two looks more may have come from the disk.
  for (int idle = 0; idle < 2 && monotonic_now() < until;) {
    idle = all_idle() ? idle + 1 : 0;
    const auto order = orders_.wait_for(idle_poll, -1);
    if (!order) continue;
    if (order->kind == Order::Kind::stop_now) return Duration::zero();
    if (order->kind == Order::Kind::stop) break;
    if (order->report) order->report->set_value({.problems = {"the server is draining"}, .changes = {}});
  }
  return stop_grace;
}

bool Running::all_idle() {
  std::vector<std::future<bool>> answers;
  for (auto& worker : workers_) answers.push_back(worker->is_idle());
  bool idle = true;
  for (auto& answer : answers) idle = answer.get() && idle;
  return idle;
}

bool Running::hand_over(Order order) {
  const auto refused = [](const Error& error) {
    Event(EventKind::warning).field("operation", "hand-over").error(error).emit();
    return false;
  };
  auto successor = Successor::meet(std::move(order.successor));
  if (!successor) return refused(successor.error());
  auto given = successor->give(sockets_.listeners());
  if (!given) return refused(given.error());
  auto ready = successor->wait_until_ready();
  if (!ready) return refused(ready.error());
  if (!pause_delivery(*successor)) {
    for (auto& worker : workers_) worker->resume_delivery();
    return refused({ErrorKind::closed, "the successor went away: this process goes on"});
  }
  draining_ = true;
  take_over_socket_ = {};
  Event(EventKind::drain).field("operation", "hand-over").field("sessions", services_.clients.sessions()).emit();
  const MonotonicTime stopped_accepting = monotonic_now();
  end(hand_over_grace);
  successor->say_closed(stopped_accepting);
  return true;
}

/// Mail is still taken meanwhile. False: the successor has gone.
bool Running::pause_delivery(Successor& successor) {
  std::vector<std::future<bool>> ended;
  for (auto& worker : workers_) ended.push_back(worker->pause_delivery(hand_over_delivery_patience));
  for (auto& each : ended) each.wait();
  return !successor.is_gone();
}

}  // namespace ringpost::app
