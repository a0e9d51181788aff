// The log thread: takes the lines of all threads and writes them to one file descriptor, a batch at a time. It alone
// waits for whoever reads the log. Private to telemetry.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "telemetry/log_ring.h"
#include "telemetry/options.h"

namespace ringpost::telemetry {

/// The rings of all threads that ever logged; they outlive any one writer.
class LogRings {
 public:
  std::shared_ptr<LogRing> add();
  std::vector<std::shared_ptr<LogRing>> all() const;
  /// Forgets rings whose thread has ended and that are empty.
  void prune();

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<LogRing>> rings_;
};

LogRings& log_rings();
inline std::atomic<std::uint64_t> lost_lines{0};

class LogWriter : public std::enable_shared_from_this<LogWriter> {
 public:
  LogWriter(LogFormat format, std::string node, int file_descriptor)
      : format_(format), node_(std::move(node)), file_descriptor_(file_descriptor) {}

  void start();
  /// After a push; any thread; a system call only when the log thread sleeps.
  void wake() noexcept {
    if (awake_.load(std::memory_order_seq_cst) != 0) return;
    if (awake_.exchange(1, std::memory_order_seq_cst) == 0) awake_.notify_one();
  }
  bool flush(Duration wait_max);
  /// Ends the thread; if its descriptor does not take the rest in time, leaves it behind, blocked and harmless.
  void stop(Duration wait_max);

 private:
  void run();
  void nap();
  void drain(LogRing& ring);
  void write_all(std::string_view first, std::string_view second);
  void report_loss();

  const LogFormat format_;
  const std::string node_;
  const int file_descriptor_;
  std::atomic<std::uint32_t> awake_{0};
  std::atomic<bool> abandoned_{false};
  std::uint64_t lost_reported_ = 0;  // log thread only
  std::thread thread_;

  std::mutex mutex_;  // protects what follows
  std::condition_variable changed_;
  std::uint64_t flush_requested_ = 0;
  std::uint64_t flush_done_ = 0;
  bool stopping_ = false;
};

}  // namespace ringpost::telemetry
