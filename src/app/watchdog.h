// systemd's watchdog (WatchdogSec= of the unit): a server whose reactor is stuck looks alive from outside, as the other
// workers answer, and its share of the mail stands still. So every half of the interval each worker's reactor is sent a
// parcel, and systemd hears WATCHDOG=1 only once all have come back; without it, systemd ends the process with SIGABRT
// and starts another. Which worker is stuck is logged before that.
//
// Owned by serve(); a thread of its own asks. Must end before the workers do.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "io/reactor.h"

namespace ringpost::app {

class Watchdog {
 public:
  /// Called on the watchdog's thread. `ping`: all have answered. `stuck`: this worker has not answered for a quarter of
  /// the interval; once until it answers again.
  struct Hooks {
    std::function<void()> ping;
    std::function<void(std::size_t worker)> stuck;
  };

  /// The interval that systemd asks for in the environment; zero: none. Unlike sd_watchdog_enabled(3) it does not ask
  /// that WATCHDOG_PID be ours: after a hot upgrade it names our predecessor, whose place we have taken.
  static Duration asked_interval() noexcept;
  /// Hooks that tell systemd and the log.
  static Hooks systemd();

  /// Asks from now on; with an interval of zero it does nothing. `reactors`, in the order of the workers, must turn
  /// until it is destroyed and a last time afterwards: a question may be under way.
  Watchdog(std::vector<io::Reactor*> reactors, Duration interval, Hooks hooks);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  // Shared with the questions under way, which may come back after the watchdog has gone.
  struct Round {
    std::mutex mutex;  // protects the rest
    std::condition_variable changed;
    std::vector<bool> waiting;  // for an answer, by worker
    bool ending = false;
    bool all_answered() const noexcept;
  };
  class Question;

  void run();
  void ask();
  void say_who_is_stuck(std::unique_lock<std::mutex>& lock);

  std::vector<io::Reactor*> reactors_;
  Duration half_;
  Hooks hooks_;
  std::shared_ptr<Round> round_;
  std::vector<std::shared_ptr<Question>> questions_;
  std::vector<bool> said_;  // that it is stuck, by worker; the watchdog's thread only
  std::thread thread_;
};

}  // namespace ringpost::app
