// One core's worth of server: a thread with its reactor, its shard of the queue, its dispatcher and its listeners. The
// main thread gives it orders, which the reactor carries out between two turns.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/services.h"
#include "io/file_descriptor.h"
#include "io/reactor.h"
#include "relay/handoff.h"

namespace ringpost::app {

/// A listener as a worker has it: what it is told, and the sockets where it is new.
struct WorkerListener {
  std::string name;  // unique
  std::shared_ptr<const server::ListenerOptions> options;
  std::vector<io::FileDescriptor> sockets;  // empty: the worker has this listener already
};

class Worker {
 public:
  /// Starts the thread; every listener has sockets.
  Worker(Services& services, std::uint16_t number, std::vector<WorkerListener> listeners);
  ~Worker();

  /// Waits until the worker stands (queue shard open, nothing accepted yet). Once.
  Result<void> ready() { return ready_.get_future().get(); }

  // Orders, of the main thread, between ready() and stop(). Those with a future are done when it is.

  /// Accepts and delivers from now on.
  void serve();
  /// By these listeners, parallel to those of the configuration, in `Services` as it is now. Those that are left out
  /// end: their sessions hear 421 at their next command.
  std::future<void> reconfigure(std::vector<WorkerListener> listeners);
  /// No new sessions; those there are hear 421 at their next command.
  void end_intake();
  /// No new deliveries. True when none is left in progress; false when some still are after `patience`.
  std::future<bool> pause_delivery(Duration patience);
  void resume_delivery();
  /// Nothing could be delivered now, and nobody is connected.
  std::future<bool> is_idle();

  /// Ends sessions, with `grace`, and deliveries; then what is left in the shard goes to the siblings. Only stop() may
  /// follow, when this is done.
  std::future<relay::HandOff::Report> hand_off(Duration grace);
  /// Breaks it off.
  void cut_hand_off();

  /// Stops in order: listeners drain (sessions get `grace`), deliveries end, the shard is flushed; then the thread
  /// ends.
  void stop(Duration grace);
  void join();
  /// Between ready() and stop(), for parcels of one's own.
  io::Reactor* reactor() const noexcept { return reactor_.load(); }

 private:
  class Life;
  struct Order;
  void post(std::function<void(Life&)> what);
  void run(Services& services, std::uint16_t number, std::vector<WorkerListener> listeners);

  Services& services_;
  std::promise<Result<void>> ready_;
  std::atomic<io::Reactor*> reactor_{nullptr};
  Life* life_ = nullptr;  // as long as reactor_
  std::thread thread_;
};

}  // namespace ringpost::app
