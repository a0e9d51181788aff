// A load as a whole: starts its threads, tells how it is going, and has the report when they have ended. Driven by one
// thread, which may be a test's or that of main().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/load_options.h"
#include "bench/load_worker.h"
#include "bench/message_maker.h"
#include "bench/process_meter.h"
#include "bench/tally.h"

namespace ringpost::bench {

struct LoadReport {
  Tally tally;                // of all threads
  bool without_mail = false;  // only sessions were asked for
  std::uint64_t not_sent = 0;
  std::uint64_t idle_lost = 0;
  Cost cost;                                 // seconds: of the load alone; processor time: of everything
  std::vector<std::string> thread_failures;  // a thread that could not begin

  /// Every message that was to be sent was accepted for every recipient, and nothing else went wrong.
  bool flawless(const LoadOptions& options) const noexcept;
};

class Load {
 public:
  /// `on_end` is called on the thread that ends last.
  Load(LoadOptions options, std::function<void()> on_end);
  /// Stops and waits.
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void start();
  void request_stop() noexcept;
  /// Waits for the end. Once.
  std::unique_ptr<LoadReport> finish();

  struct Progress {
    std::uint64_t accepted = 0, failed = 0, octets = 0, sessions = 0, idle = 0;
  };
  Progress progress() const noexcept;

 private:
  void serve(std::size_t index);

  const LoadOptions options_;
  const MessageMaker maker_;
  std::function<void()> on_end_;
  std::vector<std::unique_ptr<LoadWorker>> workers_;
  std::vector<std::string> thread_failures_;  // one for each thread, empty where all is well
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> running_{0};
  ProcessMeter meter_;
  Cost cost_;  // written by the thread that ends last, read after joining it
};

}  // namespace ringpost::bench
