#include "bench/load_worker.h"

#include <algorithm>
#include <cerrno>

namespace ringpost::bench {

using io::Cancel;
using io::Deadline;
using io::Task;

namespace {

tls::ClientOptions client_options(const LoadOptions& options) {
  tls::ClientOptions out;
  out.ca_file = options.ca_file;
  out.min_version = options.tls_version.value_or(out.min_version);
  out.max_version = options.tls_version.value_or(out.max_version);
  return out;
}

}  // namespace

LoadWorker::LoadWorker(const LoadOptions& options, const MessageMaker& maker, std::uint32_t thread)
    : options_(options), maker_(maker), thread_(thread), next_source_(thread) {}

std::uint32_t LoadWorker::share_of(std::uint32_t count) const noexcept {
  return count / options_.threads + (thread_ < count % options_.threads ? 1 : 0);
}

io::SocketAddress LoadWorker::next_source() noexcept {
  if (options_.sources.empty()) return {};
  next_source_ %= options_.sources.size();
  const io::SocketAddress& source = options_.sources[next_source_];
  next_source_ += options_.threads;
  return source;
}

Result<void> LoadWorker::run() {
  schedule_.emplace(options_, thread_, monotonic_now());
  // Replies are small, and each session has at most a few of them under way.
  auto reactor = io::Reactor::create({.receive_buffers = 2048, .receive_buffer_octets = 2048});
  if (!reactor) return propagate(reactor);
  reactor_ = std::move(*reactor);
  if (options_.encryption != Encryption::none) {
    auto context = tls::ClientContext::create(client_options(options_));
    if (!context) return propagate(context);
    tls_ = std::move(*context);
  }
  scope_ = std::make_unique<io::Scope>(*reactor_);
  holders_ = std::make_unique<io::Scope>(*reactor_);
  io::Scope frame(*reactor_);
  frame.spawn(main());
  reactor_->run();
  holders_.reset();
  scope_.reset();
  reactor_.reset();
  return {};
}

Task<> LoadWorker::main() {
  io::Scope watch(*reactor_);
  watch.spawn(listen_for_stop(watch.cancel()));
  co_await io::Sleep(*reactor_, Deadline::after(Duration::zero()), Cancel::never());  // into run()

  idle_to_open_ = share_of(options_.idle_sessions);
  const bool holding = idle_to_open_ > 0;
  for (std::uint32_t i = 0; i < std::min(idle_to_open_, idle_openers); ++i) scope_->spawn(open_idle(scope_->cancel()));
  co_await scope_->join();
  const MonotonicTime held_since = monotonic_now();
  load_began_ = held_since;

  if (!scope_->closing()) {
    schedule_.emplace(options_, thread_, monotonic_now());
    for (std::uint32_t i = share_of(options_.sessions); i > 0; --i) scope_->spawn(run_slot(scope_->cancel()));
  }
  co_await scope_->join();
  load_ended_ = monotonic_now();
  if (holding) {
    // The scope's Cancel is what a stop from outside asks.
    co_await io::Sleep(*reactor_, Deadline{held_since + options_.hold}, scope_->cancel());
    co_await holders_->close();
  }
  co_await watch.close();
  reactor_->stop();
}

Task<> LoadWorker::listen_for_stop(Cancel cancel) {
  constexpr Duration look_every = std::chrono::milliseconds(50);
  while (!stopping_.load(std::memory_order_relaxed)) {
    const int slept = co_await io::Sleep(*reactor_, Deadline::after(look_every), cancel);
    if (slept == -ECANCELED) co_return;
  }
  schedule_->stop();
  scope_->request_stop();
}

}  // namespace ringpost::bench
