// Idle connections of one worker, by site, kept for a moment in case there is more to send: the next message saves a
// handshake. Whose message may go over which is for whoever takes one (connection_fitness.h). Bounded: when it is full
// the oldest goes. What goes says QUIT, in a task of the scope.
//
// One core. The scope outlives it; close_all() before the scope is closed.
#pragma once

#include <algorithm>
#include <concepts>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/reactor.h"
#include "io/scope.h"
#include "relay/outbound_connection.h"

namespace ringpost::relay {

class ConnectionPool {
 public:
  static constexpr std::size_t idle_max = 1000;

  ConnectionPool(io::Reactor& reactor, io::Scope& scope, Duration keep, std::size_t connections_max = idle_max) noexcept
      : reactor_(reactor), scope_(scope), keep_(keep), connections_max_(connections_max) {}
  ~ConnectionPool() { RINGPOST_ASSERT(idle_.empty()); }
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  void put(const std::string& site, std::unique_ptr<OutboundConnection> connection);
  /// Of those that will do, the one used last, if its peer is still there and silent; nullptr if there is none.
  std::unique_ptr<OutboundConnection> take(const std::string& site,
                                           std::predicate<const OutboundConnection&> auto will_do) {
    for (auto known = by_site_.find(site); known != by_site_.end(); known = by_site_.find(site)) {
      const auto found = std::find_if(known->second.rbegin(), known->second.rend(),
                                      [&](Position at) { return will_do(*at->connection); });
      if (found == known->second.rend()) return nullptr;
      auto connection = remove(*found);
      if (is_alive(*connection)) return connection;
      retire(std::move(connection));
    }
    return nullptr;
  }
  std::uint32_t idle(const std::string& site) const;
  /// Whether one of them will do, dead or alive.
  bool any(const std::string& site, std::predicate<const OutboundConnection&> auto will_do) const {
    const auto known = by_site_.find(site);
    return known != by_site_.end() &&
           std::ranges::any_of(known->second, [&](Position at) { return will_do(*at->connection); });
  }
  std::size_t size() const noexcept { return idle_.size(); }
  void close_all();
  /// Ends `connection` politely, in a task of its own.
  void retire(std::unique_ptr<OutboundConnection> connection);

 private:
  struct Idle {
    std::string site;
    MonotonicTime until;
    std::unique_ptr<OutboundConnection> connection;
  };
  struct ExpiryTimer final : io::Timer {
    explicit ExpiryTimer(ConnectionPool& pool) noexcept : owner(pool) {}
    void on_timer() noexcept override { owner.expire(); }
    ConnectionPool& owner;
  };
  using Position = std::list<Idle>::iterator;

  static bool is_alive(const OutboundConnection& connection) noexcept {
    return connection.client.usable() && !connection.client.spoke_unasked();
  }
  std::unique_ptr<OutboundConnection> remove(Position position);
  void expire() noexcept;

  io::Reactor& reactor_;
  io::Scope& scope_;
  Duration keep_;
  std::size_t connections_max_;
  std::list<Idle> idle_;                                            // oldest first
  std::unordered_map<std::string, std::vector<Position>> by_site_;  // of one site, oldest first
  ExpiryTimer timer_{*this};
};

}  // namespace ringpost::relay
