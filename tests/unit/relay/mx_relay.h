// A queue with one shard and a dispatcher that sends by MX, to hosts that the test has written down; and peers to send
// to.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mail/body_scan.h"
#include "queue/inspect.h"
#include "relay/dispatcher.h"
#include "support/scripted_peer.h"

namespace ringpost::relay::test_mx {

namespace fs = std::filesystem;
using io::Cancel;
using io::Deadline;
using io::Reactor;
using io::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Script;
using test::ScriptedPeer;

// A peer that takes `messages` over each connection and then only QUIT.
inline Script taking(std::size_t messages) {
  Script script{{"", "220 hi\r\n"}, {"EHLO c.example\r\n", "250-hi\r\n250 PIPELINING\r\n"}};
  for (std::size_t i = 0; i < messages; ++i) {
    script.push_back({"DATA\r\n", "250 m\r\n250 r\r\n354 go\r\n"});
    script.push_back({"\r\n.\r\n", "250 2.0.0 taken\r\n"});
  }
  script.push_back({"QUIT\r\n", "221 bye\r\n", true});
  return script;
}

// The same, however many and one every 5 ms; any other command gets those answers, too.
class SlowPeer {
 public:
  explicit SlowPeer(Reactor& reactor) : peer(reactor, {script(), script()}) {
    peer.set_upgrade([&reactor](std::unique_ptr<io::Stream> stream, Cancel cancel) {
      return wait(reactor, std::move(stream), cancel);
    });
  }
  ScriptedPeer peer;

 private:
  static Script script() {
    Script script = taking(1000);
    for (test::Step& step : script) {
      step.upgrade = step.hear == "DATA\r\n";
      if (step.upgrade) step.hear = "\r\n";
    }
    return script;
  }
  static Task<std::unique_ptr<io::Stream>> wait(Reactor& reactor, std::unique_ptr<io::Stream> stream, Cancel cancel) {
    co_await io::Sleep(reactor, Deadline::after(milliseconds(5)), cancel);
    co_return std::move(stream);
  }
};

inline MxHost host(const std::string& name, const ScriptedPeer& peer, std::uint16_t preference = 10) {
  MxHost found;
  found.name = name;
  found.addresses.push_back(peer.address());
  found.preference = preference;
  return found;
}

// Knows the MX hosts that the test has written down; every other domain has those of "*".
class WrittenResolver final : public Resolver {
 public:
  std::map<std::string, std::vector<MxHost>> domains;

  Task<Result<std::vector<MxHost>>> mx_hosts(std::string domain, Deadline, Cancel) override {
    const auto known = domains.find(domain);
    co_return known != domains.end() ? known->second : domains.at("*");
  }
  Task<Result<MxHost>> host(std::string name, std::uint16_t, Deadline, Cancel) override {
    co_return fail(ErrorKind::not_found, "no host " + name);
  }
  Task<Result<dns::Answer>> ask(std::string, dns::RecordType, Deadline, Cancel) override { co_return dns::Answer{}; }
};

inline RouteOptions by_mx(std::uint32_t connections_max = 20) {
  RouteOptions route;
  route.connections_max = connections_max;
  return route;
}

class Relay {
 public:
  Relay(Reactor& reactor, const RouteOptions& route, Duration idle_max = seconds(5))
      : reactor_(reactor),
        directory_(fs::path(::testing::TempDir()) / ("ringpost-sites-" + std::to_string(::getpid()))),
        routes_(std::make_shared<const RouteTable>(*RouteTable::create({route}, {}))) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    queue::Options options;
    options.data_dir = directory_.string();
    options.hostname = "c.example";
    options.durability = queue::Durability::written;
    options.min_free_disk = 0;
    options.segment_octets = 4 << 20;
    options.index_lag = milliseconds(5);
    const RouteTable* table = routes_.get();
    queue_ = std::move(*queue::Queue::open(options, {[table](const mail::Address& address, mail::TlsWish wish) {
                                             return table->key_for(address, wish);
                                           }}));
    shard_ = std::move(*queue_->make_shard(0, reactor));
    Options relay;
    relay.hostname = "c.example";
    relay.idle_connection_max = idle_max;
    dispatcher_ = std::make_unique<Dispatcher>(*shard_, resolver, helpers_, routes_, limits, relay);
    dispatcher_->start();
  }
  ~Relay() {
    dispatcher_.reset();
    shard_.reset();
    queue_.reset();
    fs::remove_all(directory_);
  }

  Task<> submit(std::string domain) {
    auto upload = shard_->begin_upload();
    EXPECT_TRUE(upload.has_value());
    mail::Envelope letter;
    letter.recipients.push_back({.address = {"rcpt", std::move(domain)}, .notify = {}, .original_recipient = {}});
    letter.received = WallTime::now();
    const std::string body = "x\r\n";
    mail::BodyScan scan;
    scan.feed(body);
    scan.finish();
    std::vector<io::Slice> slices(1, io::Slice::copy_of(body));
    auto appended = co_await upload->append(std::move(slices));
    EXPECT_TRUE(appended.has_value());
    auto id = co_await upload->commit(std::move(letter), scan.facts(), "P: 1\r\n");
    EXPECT_TRUE(id.has_value());
  }
  /// Waits until the queue holds `messages`, `deferred` of them not due, and the dispatcher rests; false after ten
  /// seconds.
  Task<bool> settles(std::uint64_t messages = 0, std::uint64_t deferred = 0) {
    for (int i = 0; i < 1000; ++i) {
      co_await pause(10);
      const auto& gauges = queue_->gauges();
      if (dispatcher_->tasks() == 0 && gauges.unindexed == 0 && gauges.messages == messages &&
          gauges.messages_deferred == deferred) {
        co_return true;
      }
    }
    co_return false;
  }
  Task<bool> delivers(std::string domain) {
    co_await submit(std::move(domain));
    const bool settled = co_await settles();
    co_return settled;
  }
  bool is_empty() const { return queue_->gauges().messages == 0; }
  io::Sleep pause(int ms) { return {reactor_, Deadline::after(milliseconds(ms)), Cancel::never()}; }
  Task<> close() {
    co_await dispatcher_->close();
    co_await shard_->close();
  }

  WrittenResolver resolver;
  SiteLimits limits;

 private:
  Reactor& reactor_;
  fs::path directory_;
  std::shared_ptr<const RouteTable> routes_;
  io::OffloadPool helpers_{2, 64};
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<queue::Shard> shard_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace ringpost::relay::test_mx
