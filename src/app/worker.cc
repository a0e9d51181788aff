#include "app/worker.h"

#include "base/text.h"
#include "dns/resolver.h"
#include "io/buffer_ring.h"
#include "io/scope.h"
#include "relay/dispatcher.h"
#include "relay/mx_hosts.h"
#include "server/listener.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

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
        shard_(std::move(shard)),
        dns_(std::move(dns)),
        resolver_(reactor, *dns_, services.configuration.hostname),
        certificates_(services.credentials->trust().tls),
        senders_(services.credentials->trust().senders),
        server_{services.configuration.server,
                services.access,
                services.credentials->trust(),
                services.clients,
                *shard_,
                reactor,
                certificates_,
                senders_},
        dispatcher_(*shard_, resolver_, services.offload, services.routes, services.site_limits,
                    services.configuration.relay),
        scope_(reactor),
        busy_(busy_gauge(reactor, number)) {}

  void listen(const server::ListenerOptions& options, io::FileDescriptor socket) {
    listeners_.push_back(std::make_unique<server::Listener>(server_, options, std::move(socket)));
  }
  void serve() {
    dispatcher_.start();
    for (auto& listener : listeners_) listener->start();
  }
  void stop(Duration grace) { scope_.spawn(end(grace)); }

 private:
  io::Task<> end(Duration grace) {
    for (auto& listener : listeners_) listener->drain();
    for (auto& listener : listeners_) co_await listener->close(grace);
    co_await dispatcher_.close();
    co_await dns_->close();
    co_await shard_->close();
    reactor_.stop();
  }

  io::Reactor& reactor_;
  std::unique_ptr<queue::Shard> shard_;
  std::unique_ptr<dns::Resolver> dns_;
  relay::DnsResolver resolver_;
  Current<tls::ServerContext>::View certificates_;
  Current<const policy::SenderLogin>::View senders_;
  server::Services server_;
  relay::Dispatcher dispatcher_;
  std::vector<std::unique_ptr<server::Listener>> listeners_;
  io::Scope scope_;
  telemetry::Gauge busy_;
};

void Worker::Order::deliver() noexcept {
  if (serve) {
    life->serve();
  } else {
    life->stop(grace);
  }
}

Worker::Worker(Services& services, std::uint16_t number, std::vector<io::FileDescriptor> sockets) {
  serve_.serve = true;
  thread_ = std::thread(
      [this, &services, number, owned = std::move(sockets)]() mutable { run(services, number, std::move(owned)); });
}

Worker::~Worker() {
  join();
}

void Worker::run(Services& services, std::uint16_t number, std::vector<io::FileDescriptor> sockets) {
  telemetry::name_worker(number);
  auto reactor = io::Reactor::create({});
  if (!reactor) {
    ready_.set_value(propagate(reactor));
    return;
  }
  auto shard = services.queue->make_shard(number, **reactor);
  if (!shard) {
    ready_.set_value(propagate(shard));
    return;
  }
  auto dns = dns::Resolver::create(**reactor, services.configuration.dns);
  if (!dns) {
    ready_.set_value(propagate(dns));
    return;
  }
  {
    Life life(services, number, **reactor, std::move(*shard), std::move(*dns));
    const auto& listeners = services.configuration.server.listeners;
    for (std::size_t i = 0; i < sockets.size(); ++i) life.listen(listeners[i], std::move(sockets[i]));
    serve_.life = stop_.life = &life;
    reactor_.store(reactor->get());
    ready_.set_value({});
    (*reactor)->run();
    reactor_.store(nullptr);
  }
}

void Worker::serve() {
  reactor_.load()->post(serve_);
}

void Worker::stop(Duration grace) {
  stop_.grace = grace;
  if (io::Reactor* reactor = reactor_.load()) reactor->post(stop_);
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace ringpost::app
