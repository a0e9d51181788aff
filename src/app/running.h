// A process that serves: from the moment that everything is ready to the last flushed record. It starts the workers and
// the admin address, carries out orders, and ends in one of three ways: it stops, it drains, or it hands over to a
// successor.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/server.h"
#include "app/confinement.h"
#include "app/listening_sockets.h"
#include "app/memory_watch.h"
#include "app/orders.h"
#include "app/reload.h"
#include "app/services.h"
#include "app/take_over.h"
#include "app/watchdog.h"
#include "telemetry/metrics.h"

namespace ringpost::app {

class Running {
 public:
  /// All outlive it. The queue is open; `sockets` are committed. `path`: of the configuration.
  Running(Services& services, ListeningSockets& sockets, Orders& orders, const Confinement& confinement,
          std::string path)
      : services_(services), sockets_(sockets), orders_(orders), confinement_(confinement), path_(std::move(path)) {}

  /// Starts everything. Errors: those of admin::Server::start and of the workers; what has started is to be ended with
  /// end(). `took_over`: when our predecessor stopped to accept; none: there was none.
  Result<void> start(std::optional<MonotonicTime> took_over);
  /// Until it is over. After it the queue is closed.
  void serve();
  /// After serve() with a hand-off: how many messages nobody took. Empty: none was asked for.
  std::optional<std::uint64_t> messages_left() const noexcept { return messages_left_; }
  /// Ends what start() has started.
  void end(Duration grace);

 private:
  Result<void> start_workers();
  Result<void> start_admin();
  void start_watchdog();
  std::string not_ready_reason() const;
  void begin_draining(const Order& order);
  void stop(const Order& order, Duration grace);
  void drain(const Order& order);
  Duration deliver_what_is_due(Duration patience);
  void hand_off(Duration grace);
  bool all_idle();
  /// True: the queue is closed and the successor goes on. False: nothing has changed.
  bool hand_over(Order order);
  bool pause_delivery(Successor& successor);

  Services& services_;
  ListeningSockets& sockets_;
  Orders& orders_;
  const Confinement& confinement_;
  const std::string path_;
  std::atomic<bool> draining_{false};  // what readiness says
  std::vector<telemetry::Gauge> gauges_;
  std::unique_ptr<MemoryWatch> memory_;
  std::unique_ptr<admin::Server> admin_;
  Workers workers_;
  std::unique_ptr<Watchdog> watchdog_;
  std::optional<std::uint64_t> messages_left_;
  io::FileDescriptor take_over_socket_;
};

}  // namespace ringpost::app
