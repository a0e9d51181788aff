// For tests of the load generator and the sink against each other: a sink that counts, a load to it, and its report.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "bench/load.h"
#include "bench/sink.h"

namespace ringpost::bench {

inline SinkOptions counting_sink() {
  SinkOptions options;
  options.listen = *io::SocketAddress::parse("127.0.0.1:0");
  options.count_tokens = true;
  return options;
}

inline LoadOptions load_to(const Sink& sink) {
  LoadOptions options;
  options.to = *io::SocketAddress::parse(sink.address());
  options.reply_wait = std::chrono::seconds(20);
  return options;
}

inline std::unique_ptr<LoadReport> run(const LoadOptions& options) {
  Load load(options, [] {});
  load.start();
  return load.finish();
}

inline std::uint64_t failures(const LoadReport& report, const std::string& key) {
  const auto found = report.tally.failures().find(key);
  return found == report.tally.failures().end() ? 0 : found->second.count;
}

class LoadAndSink : public testing::Test {
 protected:
  void start(SinkOptions options) {
    sink_ = std::make_unique<Sink>(std::move(options), [this] { ++enough_; });
    const auto started = sink_->start();
    ASSERT_TRUE(started) << started.error().reason;
  }
  /// What the sink has seen, once all its sessions have ended.
  const SinkCounts& counts() {
    sink_->stop();
    counts_ = std::make_unique<SinkCounts>();
    sink_->sum(*counts_);
    return *counts_;
  }

  std::unique_ptr<Sink> sink_;
  std::unique_ptr<SinkCounts> counts_;
  std::atomic<int> enough_{0};
};

}  // namespace ringpost::bench
