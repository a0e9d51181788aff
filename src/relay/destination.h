// What a dispatcher knows of a destination while it has tasks there or remembers trouble: how many tasks there are,
// when it may be tried, and which site it belongs to. Owned by the dispatcher; as a Runnable it is the dispatcher's
// reminder to look at it in the next round.
//
// A site is what answers for a destination: its next hops, or the hosts that its MX records name. Domains with the same
// MX hosts are one site, and share what it bears, and connections (site.h, docs/scheduler.md).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "io/operation.h"
#include "io/timer_wheel.h"
#include "relay/connection_fitness.h"
#include "relay/outbound_connection.h"
#include "relay/route.h"

namespace ringpost::relay {

class Dispatcher;

struct Destination final : io::Runnable {
  Destination(Dispatcher& dispatcher, std::string name, Result<Delivery> delivery)
      : owner(dispatcher),
        key(std::move(name)),
        plan(std::move(delivery)),
        site(mail::without_wish(key)),
        site_until(plan && plan->kind() == NextHop::Kind::mx ? MonotonicTime::min() : MonotonicTime::max()) {}
  void run() noexcept override;
  /// In the next round, from whatever depth.
  void wake() noexcept;

  struct PauseTimer final : io::Timer {
    explicit PauseTimer(Destination& destination) noexcept : paused(destination) {}
    void on_timer() noexcept override { paused.wake(); }
    Destination& paused;
  };

  static constexpr Duration down_first = std::chrono::seconds(5);  // a next hop that restarts is back in seconds
  static constexpr Duration down_max = std::chrono::minutes(15);
  static constexpr Duration slow_first = std::chrono::seconds(1);
  static constexpr Duration slow_max = std::chrono::minutes(5);
  static constexpr Duration site_kept = std::chrono::minutes(1);

  /// Tasks that may run at once.
  std::uint32_t tasks_max() const noexcept { return failures > 0 || !plan ? 1 : plan->connections_max; }
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
  /// It asked for less, and there is but one connection: until when nobody shall try.
  MonotonicTime slow_down(MonotonicTime now) noexcept {
    slow_for = std::clamp<Duration>(2 * slow_for, slow_first, slow_max);
    return now + slow_for;
  }
  /// True where that is news.
  bool came_through() noexcept {
    down_until = {};
    slow_for = {};
    return std::exchange(failures, 0) > 0;
  }
  /// What it knows of trouble goes over to the one that takes its place.
  void remember_from(const Destination& before) noexcept {
    failures = before.failures;
    down_until = before.down_until;
    slow_for = before.slow_for;
  }
  bool may_be_forgotten() const noexcept {
    return tasks == 0 && !looking && !waits_for_place && !pause_timer.linked() && !linked();
  }
  /// The same, and nothing of its trouble is worth to be remembered.
  bool is_quiet() const noexcept {
    return failures == 0 && slow_for == Duration::zero() && warming_until == MonotonicTime{} && may_be_forgotten();
  }

  /// Its mail may go over `connection`, by what is known of its domain's wishes; where that is no longer fresh, only
  /// over one of its own.
  bool accepts(const OutboundConnection& connection, MonotonicTime now) const {
    if (!plan || now >= site_until) return connection.standing.opened_for == key;
    return fits(connection.standing, key, *plan, needs);
  }

  Dispatcher& owner;
  const std::string key;
  const Result<Delivery> plan;  // an error: the key cannot be understood
  std::uint32_t tasks = 0;
  std::uint32_t failures = 0;  // in a row
  std::string site;            // not changed while there are tasks
  Needs needs;                 // of the connections to it
  MonotonicTime site_until;
  MonotonicTime down_until{};
  Duration slow_for{};
  MonotonicTime warming_until{};  // its sources have sent what they may today; {}: one of them may send
  bool replaced = false;          // by one with another plan: its tasks end with the message they have
  bool looking = false;           // for its site
  bool moving = false;            // to another site: its tasks end with the message they have
  bool waits_for_place = false;   // stands in its site's line
  MonotonicTime waits_since{};
  PauseTimer pause_timer{*this};  // runs while a rate is used up
};

}  // namespace ringpost::relay
