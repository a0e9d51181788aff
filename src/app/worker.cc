#include "app/worker.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "dns/resolver.h"
#include "io/buffer_ring.h"
#include "io/scope.h"
#include "relay/dispatcher.h"
#include "relay/mx_hosts.h"
#include "server/listener.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "tls/library.h"
#include "tlsrpt/collector.h"
#include "tlsrpt/sender.h"

namespace ringpost::app {

using telemetry::Event;
using telemetry::EventKind;

namespace {

telemetry::Gauge busy_gauge(const io::Reactor& reactor, std::uint16_t number) {
  const MonotonicTime started = monotonic_now();
  return telemetry::gauge("reactor_busy_ratio", "Share of its time this worker has worked since its start.",
                          [&reactor, number, started]() -> std::vector<telemetry::Sample> {
                            const auto all = monotonic_now() - started;
                            const double ratio = all.count() == 0 ? 0.0
                                                                  : static_cast<double>(reactor.busy_time().count()) /
                                                                        static_cast<double>(all.count());
                            return {{{{"worker", std::to_string(number)}}, ratio}};
                          });
}

}  // namespace

// What lives on the worker's thread, in the order of construction; destroyed in reverse.
class Worker::Life {
 public:
  Life(Services& services, std::uint16_t number, io::Reactor& reactor, std::unique_ptr<queue::Shard> shard,
       std::unique_ptr<dns::Resolver> dns)
      : reactor_(reactor),
        offload_(services.offload),
        shard_(std::move(shard)),
        dns_(std::move(dns)),
        resolver_(reactor, *dns_, services.configuration().hostname),
        settings_(services.settings),
        server_{settings_, *services.failures, services.auth_helpers, services.clients, *shard_, reactor},
        tls_notes_(reactor, *dns_, services.offload, services.tls_reports),
        dispatcher_(*shard_, resolver_, services.offload, services.routes(), services.site_limits,
                    services.configuration().relay, &tls_notes_),
        scope_(reactor),
        busy_(busy_gauge(reactor, number)) {
    if (number == 0) tls_sender_.emplace(*shard_, *dns_, services.offload, services.tls_reports);
  }

  void listen(std::vector<WorkerListener> wanted);
  void serve() {
    dispatcher_.start();
    tls_notes_.start();
    if (tls_sender_) tls_sender_->start();
    serving_ = true;
    for (auto& listener : listeners_) listener.server->start();
  }
  void end_intake() {
    for (auto& listener : listeners_) listener.server->drain();
  }
  relay::Dispatcher& dispatcher() noexcept { return dispatcher_; }
  void pause_delivery(Duration patience, std::promise<bool> done) { scope_.spawn(paused(patience, std::move(done))); }
  bool is_idle() const {
    const auto has_sessions = [](const Listening& listening) { return listening.server->sessions() > 0; };
    return dispatcher_.is_idle() && std::ranges::none_of(listeners_, has_sessions);
  }
  using HandedOff = std::shared_ptr<std::promise<relay::HandOff::Report>>;
  void hand_off(Duration grace, std::shared_ptr<const config::Configuration> configuration, HandedOff done) {
    scope_.spawn(handed_off(grace, std::move(configuration), std::move(done)));
  }
  void cut_hand_off() noexcept { hand_off_cut_.request(); }
  void stop(Duration grace) { scope_.spawn(end(grace)); }

 private:
  struct Listening {
    std::string name;
    std::unique_ptr<server::Listener> server;
  };

  io::Task<> paused(Duration patience, std::promise<bool> done) {
    const bool ended = co_await dispatcher_.pause(patience);
    done.set_value(ended);
  }
  io::Task<> handed_off(Duration grace, std::shared_ptr<const config::Configuration> configuration, HandedOff done) {
    co_await end_work(grace);
    relay::HandOff handoff(*shard_, resolver_, offload_, configuration->relay);
    auto report = co_await handoff.run(io::Deadline::never(), io::Cancel(hand_off_cut_));
    done->set_value(std::move(report));
  }
  /// Sessions and deliveries; the second call finds them ended.
  io::Task<> end_work(Duration grace) {
    if (std::exchange(work_ended_, true)) co_return;
    end_intake();
    for (auto& listener : listeners_) co_await listener.server->close(grace);
    for (auto& listener : retired_) co_await listener.server->close(grace);
    if (tls_sender_) co_await tls_sender_->close();
    co_await dispatcher_.close();
    co_await tls_notes_.close();
  }
  io::Task<> end(Duration grace) {
    co_await end_work(grace);
    co_await dns_->close();
    co_await shard_->close();
    reactor_.stop();
  }

  io::Reactor& reactor_;
  io::OffloadPool& offload_;
  std::unique_ptr<queue::Shard> shard_;
  std::unique_ptr<dns::Resolver> dns_;
  relay::DnsResolver resolver_;
  Current<const server::Settings>::View settings_;
  server::Services server_;
  tlsrpt::Collector tls_notes_;
  std::optional<tlsrpt::Sender> tls_sender_;  // of the first worker
  relay::Dispatcher dispatcher_;
  std::vector<Listening> listeners_;
  std::vector<Listening> retired_;  // no listeners of the configuration any more; until their sessions have ended
  io::Scope scope_;
  io::CancelSource hand_off_cut_;
  telemetry::Gauge busy_;
  bool serving_ = false;
  bool work_ended_ = false;
};

// A listener goes by its name. It may have several sockets here, where the process
// before us had more workers.
void Worker::Life::listen(std::vector<WorkerListener> wanted) {
  std::vector<Listening> before = std::exchange(listeners_, {});
  for (WorkerListener& each : wanted) {
    const std::string& name = each.name;
    if (each.sockets.empty()) {
      // As many as it has: with its options, in the place of the old list.
      const auto rest = std::stable_partition(before.begin(), before.end(),
                                              [&name](const Listening& old) { return old.name != name; });
      for (auto old = rest; old != before.end(); ++old) {
        old->server->set_options(each.options);
        listeners_.push_back(std::move(*old));
      }
      before.erase(rest, before.end());
    }
    for (io::FileDescriptor& socket : each.sockets) {
      listeners_.push_back({name, std::make_unique<server::Listener>(server_, each.options, std::move(socket))});
      if (serving_) listeners_.back().server->start();
    }
  }
  for (Listening& old : before) {
    old.server->drain();
    retired_.push_back(std::move(old));
  }
  std::erase_if(retired_, [](const Listening& old) { return old.server->has_ended(); });
}

struct Worker::Order final : io::Parcel {
  Order(Life& its_life, std::function<void(Life&)> its_what) : life(its_life), what(std::move(its_what)) {}
  void deliver() noexcept override {
    const std::unique_ptr<Order> self(this);
    what(life);
  }
  Life& life;
  std::function<void(Life&)> what;
};

Worker::Worker(Services& services, std::uint16_t number, std::vector<WorkerListener> listeners) : services_(services) {
  thread_ = std::thread(
      [this, &services, number, owned = std::move(listeners)]() mutable { run(services, number, std::move(owned)); });
}

Worker::~Worker() {
  join();
}

void Worker::run(Services& services, std::uint16_t number, std::vector<WorkerListener> listeners) {
  telemetry::name_worker(number);
  ::pthread_setname_np(::pthread_self(), ("worker" + std::to_string(number)).c_str());
  const tls::ThreadTables tables;
  auto reactor = io::Reactor::create(services.configuration().reactor);
  if (!reactor) {
    ready_.set_value(propagate(reactor));
    return;
  }
  auto shard = services.queue->make_shard(number, **reactor);
  if (!shard) {
    ready_.set_value(propagate(shard));
    return;
  }
  auto dns = dns::Resolver::create(**reactor, services.configuration().dns);
  if (!dns) {
    ready_.set_value(propagate(dns));
    return;
  }
  {
    Life life(services, number, **reactor, std::move(*shard), std::move(*dns));
    life.listen(std::move(listeners));
    life_ = &life;
    reactor_.store(reactor->get());
    ready_.set_value({});
    (*reactor)->run();
    reactor_.store(nullptr);
  }
}

void Worker::post(std::function<void(Life&)> what) {
  if (io::Reactor* reactor = reactor_.load()) reactor->post(*new Order(*life_, std::move(what)));
}

void Worker::serve() {
  post([](Life& life) { life.serve(); });
}

std::future<void> Worker::reconfigure(std::vector<WorkerListener> listeners) {
  auto done = std::make_shared<std::promise<void>>();
  auto owned = std::make_shared<std::vector<WorkerListener>>(std::move(listeners));
  post([done, owned, this](Life& life) {
    const relay::Options& relay = services_.configuration().relay;
    life.dispatcher().reconfigure(services_.routes(), relay.reply_rules, relay.waits);
    life.listen(std::move(*owned));
    done->set_value();
  });
  return done->get_future();
}

void Worker::end_intake() {
  post([](Life& life) { life.end_intake(); });
}

std::future<bool> Worker::pause_delivery(Duration patience) {
  auto done = std::make_shared<std::promise<bool>>();
  auto future = done->get_future();
  post([done, patience](Life& life) { life.pause_delivery(patience, std::move(*done)); });
  return future;
}

void Worker::resume_delivery() {
  post([](Life& life) { life.dispatcher().resume(); });
}

std::future<bool> Worker::is_idle() {
  auto answer = std::make_shared<std::promise<bool>>();
  post([answer](Life& life) { answer->set_value(life.is_idle()); });
  return answer->get_future();
}

std::future<relay::HandOff::Report> Worker::hand_off(Duration grace) {
  auto done = std::make_shared<std::promise<relay::HandOff::Report>>();
  auto future = done->get_future();
  post([done, grace, configuration = services_.shared_configuration()](Life& life) {
    life.hand_off(grace, configuration, done);
  });
  return future;
}

void Worker::cut_hand_off() {
  post([](Life& life) { life.cut_hand_off(); });
}

void Worker::stop(Duration grace) {
  post([grace](Life& life) { life.stop(grace); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace ringpost::app
