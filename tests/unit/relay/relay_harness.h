// A queue with one shard and a dispatcher that sends what is in it by the route of the test, to peers that the test has
// started. Where the route goes by MX, the hosts are those written down in `resolver`. Close it before it is destroyed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fake_dns.h"
#include "relay/dispatcher.h"
#include "relay/mx_hosts.h"
#include "support/one_shard_queue.h"

namespace ringpost::relay {

// Knows the MX hosts that the test has written down; every other domain has those of "*". Hosts that a route names are
// looked up in a DNS that knows "localhost".
class WrittenResolver final : public Resolver {
 public:
  explicit WrittenResolver(io::Reactor& reactor) : hosts_(reactor, dns_, "c.example") {}

  std::map<std::string, std::vector<MxHost>> domains;

  io::Task<Result<std::vector<MxHost>>> mx_hosts(std::string domain, io::Deadline, io::Cancel) override {
    const auto known = domains.find(domain);
    co_return known != domains.end() ? known->second : domains.at("*");
  }
  io::Task<Result<MxHost>> host(std::string name, std::uint16_t port, io::Deadline deadline,
                                io::Cancel cancel) override {
    return hosts_.host(std::move(name), port, deadline, std::move(cancel));
  }
  io::Task<Result<dns::Answer>> ask(std::string, dns::RecordType, io::Deadline, io::Cancel) override {
    co_return dns::Answer{};
  }

 private:
  test::FakeDns dns_;
  DnsResolver hosts_;
};

class Relay {
 public:
  Relay(io::Reactor& reactor, const RouteOptions& route, Duration idle_max = std::chrono::seconds(5))
      : resolver(reactor), reactor_(reactor), routes_(table_of(route)), queue_(reactor, keys_of(routes_)) {
    Options options;
    options.hostname = "c.example";
    options.idle_connection_max = idle_max;
    dispatcher_ = std::make_unique<Dispatcher>(queue_.shard(), resolver, helpers_, routes_, limits, options);
    dispatcher_->start();
  }

  io::Task<> submit(std::string body = "x\r\n", std::string domain = "d.example") {
    mail::Envelope letter;
    letter.recipients.push_back({.address = {"rcpt", std::move(domain)}, .notify = {}, .original_recipient = {}});
    letter.received = WallTime::now();
    (void)co_await test::submit(queue_.shard(), std::move(letter), std::move(body), "P: 1\r\n");
  }
  io::Task<> submit_to(std::string domain) { return submit("x\r\n", std::move(domain)); }
  /// Waits until the queue holds `messages`, `deferred` of them not due, and the dispatcher rests; false after ten
  /// seconds.
  io::Task<bool> settles(std::uint64_t messages = 0, std::uint64_t deferred = 0) {
    for (int i = 0; i < 1000; ++i) {
      co_await pause(10);
      const queue::Gauges gauges = queue_.gauges();
      if (dispatcher_->tasks() == 0 && gauges.unindexed == 0 && gauges.messages == messages &&
          gauges.messages_deferred == deferred) {
        co_return true;
      }
    }
    co_return false;
  }
  /// One message to `domain`, with nothing else in the queue.
  io::Task<bool> delivers(std::string domain) {
    co_await submit_to(std::move(domain));
    const bool settled = co_await settles();
    co_return settled;
  }
  io::Sleep pause(int ms) {
    return {reactor_, io::Deadline::after(std::chrono::milliseconds(ms)), io::Cancel::never()};
  }
  io::Task<> close() {
    co_await dispatcher_->close();
    co_await queue_.shard().close();
  }

  /// The queue goes on with the destinations of the first one.
  void use_route(const RouteOptions& route) { dispatcher_->reconfigure(table_of(route), {}, {}); }
  Dispatcher& dispatcher() { return *dispatcher_; }
  queue::Scheduler& scheduler() { return queue_.shard().scheduler(); }
  queue::Gauges gauges() const { return queue_.gauges(); }

  WrittenResolver resolver;
  SiteLimits limits;

 private:
  using Routes = std::shared_ptr<const RouteTable>;

  static Routes table_of(const RouteOptions& route) {
    return std::make_shared<const RouteTable>(*RouteTable::create({route}, {}));
  }
  static queue::Callbacks keys_of(Routes routes) {
    return {[routes = std::move(routes)](const mail::Address& address, mail::TlsWish wish) {
      return routes->key_for(address, wish);
    }};
  }

  io::Reactor& reactor_;
  const Routes routes_;
  io::OffloadPool helpers_{2, 64};
  test::OneShardQueue queue_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace ringpost::relay
