// What one worker has to do with a site (destination.h) at the moment: the connections its tasks use there, and the
// destinations that stand in line for one. Those of one site share connections as far as connection_fitness.h lets
// them, and wait in one line: who came first is served first, whether by a connection that another has done with or by
// a place for a new one.
//
// Owned by the dispatcher, and gone when nobody works or waits; as a Runnable it is the dispatcher's reminder to look
// at the line in the next round, from whatever depth.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "io/operation.h"
#include "relay/outbound_connection.h"

namespace ringpost::relay {

class Dispatcher;
struct Destination;

struct Site final : io::Runnable {
  Site(Dispatcher& dispatcher, std::string its_name) : owner(dispatcher), name(std::move(its_name)) {}
  void run() noexcept override;
  void wake() noexcept;

  /// So many messages a task sends over its connection while another destination stands in line, then it is that one's
  /// turn: long enough to make up for the change, short enough for a thousand to wait.
  static constexpr std::uint32_t messages_in_turn = 10;
  /// A connection goes to the first in line whose mail it may carry; whoever waits longer than this and may not use it
  /// gets its place instead.
  static constexpr Duration patience = std::chrono::seconds(1);

  bool others_wait(const Destination& here) const noexcept {
    return waiting.size() > 1 || (waiting.size() == 1 && waiting.front() != &here);
  }
  void hold(const OutboundConnection& connection) { in_use.push_back(&connection); }
  void let_go(const OutboundConnection& connection) { std::erase(in_use, &connection); }
  bool is_quiet() const noexcept { return tasks == 0 && waiting.empty() && !linked(); }

  Dispatcher& owner;
  const std::string name;
  std::uint32_t tasks = 0;
  std::vector<const OutboundConnection*> in_use;  // by tasks; each got as far as EHLO
  std::list<Destination*> waiting;                // longest first; each has waits_for_place
  MonotonicTime ask_again{};                      // it was refused a place a moment ago
  bool may_grow = true;                           // the number of connections, by what it takes
};

}  // namespace ringpost::relay
