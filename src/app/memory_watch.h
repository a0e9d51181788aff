// Keeps the process below its budget of memory. The plan (config/memory_plan.h) bounds every part; this looks at what
// is really used, ten times a second and on a thread of its own, and tells the client table when to take nothing more
// on, and the queue when to hold less. So a session or a message costs one load of a cached value, and an estimate that
// was wrong costs a 421 or 452 instead of the life of the process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "io/machine.h"
#include "queue/queue.h"
#include "server/client_table.h"
#include "telemetry/metrics.h"

namespace ringpost::app {

class MemoryWatch {
 public:
  /// `clients` and `queue` outlive it. `budget` is [limits] memory_max; where `machine` has a group with a limit, its
  /// use counts as well, and what is nearer to its end decides.
  MemoryWatch(std::uint64_t budget, io::Machine machine, server::ClientTable& clients, queue::Queue& queue);
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  /// Why nothing more is taken on; empty while there is memory. Any thread.
  std::string reason() const;

 private:
  void run();
  void look();
  void give_back();

  const std::uint64_t budget_;
  const io::Machine machine_;
  server::ClientTable& clients_;
  queue::Queue& queue_;
  std::atomic<std::uint64_t> used_{0};
  telemetry::Gauge used_gauge_, budget_gauge_;
  MonotonicTime gave_back_{};  // watching thread only
  std::mutex mutex_;           // protects ending_
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace ringpost::app
