// What a dispatcher knows of a destination while it has tasks there or remembers trouble: how many tasks, and how many
// may be. Owned by the dispatcher; as a Runnable it is the dispatcher's reminder to look at it in the next round.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "io/operation.h"
#include "relay/route.h"

namespace ringpost::relay {

class Dispatcher;

struct Destination final : io::Runnable {
  Destination(Dispatcher& dispatcher, std::string name, Result<Delivery> delivery)
      : owner(dispatcher), key(std::move(name)), plan(std::move(delivery)) {}
  void run() noexcept override;

  static constexpr Duration down_first = std::chrono::seconds(5);  // a next hop that restarts is back in seconds
  static constexpr Duration down_max = std::chrono::minutes(15);
  static constexpr Duration capped_for = std::chrono::minutes(1);

  /// Tasks that may run at once.
  std::uint32_t tasks_max(MonotonicTime now) const noexcept {
    if (failures > 0 || !plan) return 1;
    return now < capped_until ? std::min(cap, plan->connections_max) : plan->connections_max;
  }
  /// How long nobody tries, after so many failures in a row before this one.
  static constexpr Duration down_for(std::uint32_t failures_before) noexcept {
    Duration wait = down_first;
    for (; failures_before > 0 && wait < down_max; --failures_before) wait *= 2;
    return std::min<Duration>(wait, down_max);
  }
  /// Nobody could be reached: until when nobody shall try.
  MonotonicTime go_down(MonotonicTime now) noexcept {
    if (now < down_until) return down_until;  // a task beside this one has said so already
    return down_until = now + down_for(failures++);
  }
  /// True where that is news.
  bool came_through() noexcept {
    down_until = {};
    return std::exchange(failures, 0) > 0;
  }
  bool is_quiet(MonotonicTime now) const noexcept {
    return tasks == 0 && failures == 0 && now >= capped_until && !waits_for_place && !linked();
  }

  Dispatcher& owner;
  const std::string key;
  const Result<Delivery> plan;  // an error: the key cannot be understood
  std::uint32_t tasks = 0;
  std::uint32_t connected = 0;  // tasks with a connection that got as far as EHLO
  std::uint32_t failures = 0;   // in a row
  std::uint32_t cap = 0;
  MonotonicTime down_until{};
  MonotonicTime capped_until{};
  bool waits_for_place = false;
};

}  // namespace ringpost::relay
