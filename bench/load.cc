#include "bench/load.h"

#include <algorithm>

#include "base/random.h"

namespace ringpost::bench {

bool LoadReport::flawless(const LoadOptions& options) const noexcept {
  const bool complete = not_sent == 0 || options.duration;
  return complete && tally.failed.value() == 0 && tally.failures().empty() && idle_lost == 0 && thread_failures.empty();
}

Load::Load(LoadOptions options, std::function<void()> on_end)
    : options_(std::move(options)),
      maker_(options_.sizes, options_.from.text(), options_.helo, static_cast<std::uint32_t>(random_u64())),
      on_end_(std::move(on_end)),
      thread_failures_(options_.threads) {
  for (std::uint32_t i = 0; i < options_.threads; ++i) {
    workers_.push_back(std::make_unique<LoadWorker>(options_, maker_, i));
  }
}

Load::~Load() {
  request_stop();
  for (std::thread& thread : threads_) thread.join();
}

void Load::start() {
  meter_ = ProcessMeter();
  running_ = workers_.size();
  for (std::size_t i = 0; i < workers_.size(); ++i) threads_.emplace_back(&Load::serve, this, i);
}

void Load::serve(std::size_t index) {
  auto ended = workers_[index]->run();
  if (!ended) thread_failures_[index] = ended.error().reason;
  if (--running_ == 0) {
    cost_ = meter_.so_far();
    on_end_();
  }
}

void Load::request_stop() noexcept {
  for (auto& worker : workers_) worker->request_stop();
}

std::unique_ptr<LoadReport> Load::finish() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  auto report = std::make_unique<LoadReport>();
  report->without_mail = options_.without_mail;
  report->cost = cost_;
  MonotonicTime began = MonotonicTime::max(), ended = MonotonicTime::min();
  for (const auto& worker : workers_) {
    if (worker->load_began() != MonotonicTime{}) {
      began = std::min(began, worker->load_began());
      ended = std::max(ended, worker->load_ended());
    }
    report->tally.merge(worker->tally());
    report->not_sent += worker->not_sent();
    report->idle_lost += worker->idle_lost();
  }
  report->cost.seconds = began > ended ? 0 : std::chrono::duration<double>(ended - began).count();
  for (std::string& failure : thread_failures_) {
    if (!failure.empty()) report->thread_failures.push_back(std::move(failure));
  }
  return report;
}

Load::Progress Load::progress() const noexcept {
  Progress sum;
  for (const auto& worker : workers_) {
    const Tally& tally = worker->tally();
    sum.accepted += tally.accepted.value();
    sum.failed += tally.failed.value();
    sum.octets += tally.octets.value();
    sum.sessions += tally.sessions.value();
    sum.idle += tally.idle.value();
  }
  return sum;
}

}  // namespace ringpost::bench
