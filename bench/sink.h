// A sink as a whole: listening sockets, one thread with a reactor for each, and the sums of what they have seen. Driven
// by one thread, which may be a test's or that of main().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/process_meter.h"
#include "bench/sink_counts.h"
#include "bench/sink_options.h"
#include "bench/sink_session.h"
#include "io/file_descriptor.h"

namespace ringpost::bench {

class Sink {
 public:
  /// `on_enough` is called, on a thread of the sink, when options.stop_after messages have been accepted and answered.
  Sink(SinkOptions options, std::function<void()> on_enough);
  /// Stops and waits.
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// Returns when connections are taken. Errors: of the certificate, of the sockets and of the reactors.
  Result<void> start();
  /// "127.0.0.1:2525". After start().
  const std::string& address() const noexcept { return address_; }
  /// Ends all sessions where they are, and joins the threads.
  void stop();

  /// Any time; a snapshot while it runs.
  void sum(SinkCounts& into) const noexcept;
  DeliveryLog::Counts deliveries() const { return shared_.deliveries.counts(); }
  Cost cost() const noexcept { return meter_.so_far(); }

 private:
  class Worker;

  const SinkOptions options_;
  SinkShared shared_;
  std::string address_;
  ProcessMeter meter_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace ringpost::bench
