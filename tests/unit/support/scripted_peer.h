// A peer on a loopback socket that follows a script, in the reactor of the test: for each connection a list of steps,
// each of which waits until it has heard something that ends with `hear`, then says `say`. What it heard in each step
// is kept. With `upgrade` the connection goes on over what the test makes of it (support/tls_peer.h).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/connection.h"
#include "io/listener.h"
#include "io/scope.h"

namespace ringpost::test {

struct Step {
  std::string hear;  // empty: speak at once
  std::string say;
  bool hang_up = false;  // after that
  bool upgrade = false;  // after that
};
using Script = std::vector<Step>;

class ScriptedPeer {
 public:
  /// What lies above a connection from now on; nullptr where that failed (the connection is then closed).
  using Upgrade = std::function<io::Task<std::unique_ptr<io::Stream>>(std::unique_ptr<io::Stream>, io::Cancel)>;

  /// The scripts of the first, second, ... connection; further ones are hung up on.
  ScriptedPeer(io::Reactor& reactor, std::vector<Script> scripts, const std::string& address = "127.0.0.1:0")
      : ScriptedPeer(reactor, std::move(scripts), *io::SocketAddress::parse(address)) {}
  ScriptedPeer(io::Reactor& reactor, std::vector<Script> scripts, const io::SocketAddress& address)
      : reactor_(reactor),
        acceptor_(reactor, std::move(*io::open_listening_socket(address, 16))),
        scope_(reactor),
        scripts_(std::move(scripts)),
        heard_(scripts_.size()) {
    scope_.spawn(listen(*this));
  }

  void set_upgrade(Upgrade upgrade) { upgrade_ = std::move(upgrade); }
  io::SocketAddress address() const { return acceptor_.address(); }
  /// As a next hop, of a peer on 127.0.0.1.
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(address().port()); }
  std::size_t connections() const noexcept { return connections_; }
  /// What came in each step of connection `number`; what came behind the last step or before a hang-up is the last
  /// entry.
  const std::vector<std::string>& heard(std::size_t number = 0) const { return heard_.at(number); }
  std::string all_heard(std::size_t number = 0) const {
    std::string all;
    for (const std::string& each : heard(number)) all += each;
    return all;
  }
  io::Task<> stop() {
    co_await scope_.close();
    co_await acceptor_.stop();
  }

 private:
  static io::Task<> listen(ScriptedPeer& self) {
    for (;;) {
      auto socket = co_await self.acceptor_.next(self.scope_.cancel());
      if (!socket) co_return;
      auto connection = std::make_unique<io::Connection>(self.reactor_, std::move(*socket));
      const std::size_t number = self.connections_++;
      if (number < self.scripts_.size()) {
        self.scope_.spawn(talk(self, std::move(connection), number));
      } else {
        co_await connection->close();
      }
    }
  }

  static io::Task<> talk(ScriptedPeer& self, std::unique_ptr<io::Stream> connection, std::size_t number) {
    const io::Deadline deadline = io::Deadline::after(std::chrono::seconds(20));
    std::string pending;
    bool over = false;
    for (const Step& step : self.scripts_[number]) {
      while (!over && !pending.ends_with(step.hear)) {
        auto octets = co_await connection->receive(deadline, self.scope_.cancel());
        over = !octets || octets->empty();
        if (!over) pending += octets->view();
      }
      self.heard_[number].push_back(std::exchange(pending, {}));
      if (over) break;
      if (!step.say.empty()) {
        auto sent = co_await connection->send(step.say, deadline, self.scope_.cancel());
        over = !sent;
      }
      if (step.upgrade && !over) connection = co_await self.upgrade_(std::move(connection), self.scope_.cancel());
      if (!connection) co_return;
      over = over || step.hang_up;
      if (over) break;
    }
    while (!over) {
      auto octets = co_await connection->receive(deadline, self.scope_.cancel());
      over = !octets || octets->empty();
      if (!over) pending += octets->view();
    }
    if (!pending.empty()) self.heard_[number].push_back(pending);
    co_await connection->close();
  }

  io::Reactor& reactor_;
  io::Acceptor acceptor_;
  io::Scope scope_;
  std::vector<Script> scripts_;
  std::vector<std::vector<std::string>> heard_;
  Upgrade upgrade_;
  std::size_t connections_ = 0;
};

}  // namespace ringpost::test
