#include "queue/indexer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t batch_items_max = 4096;
constexpr Duration sync_interval = std::chrono::seconds(1);
constexpr Duration retry_interval = std::chrono::seconds(1);
constexpr Duration idle_interval = std::chrono::seconds(1);

}  // namespace

Indexer::Indexer(Applier& applier, Store& store, const Options& options)
    : applier_(applier),
      store_(store),
      lag_(options.index_lag),
      unindexed_max_(options.unindexed_messages_max),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  RINGPOST_ASSERT(wakeup_ >= 0);
}

Indexer::~Indexer() {
  stop();
  for (MpscNode* node = stack_.take_all(); node != nullptr;) {
    const std::unique_ptr<IndexItem> item(static_cast<IndexItem*>(node));
    node = node->mpsc_next;
  }
  ::close(wakeup_);
}

void Indexer::start() {
  synced_at_ = monotonic_now();
  thread_ = std::thread([this] { run(); });
}

void Indexer::stop() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void Indexer::hand_in(std::unique_ptr<IndexItem> item) {
  if (item->kind == IndexItem::Kind::accept) accepts_in_stack_.fetch_add(1, std::memory_order_relaxed);
  stack_.push(*item.release());
  // Pairs with the fence in sleep(): either the sleeper sees the item, or we see the sleeper.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (asleep_.load(std::memory_order_relaxed)) wake();
}

bool Indexer::overloaded() const noexcept {
  return unindexed() >= unindexed_max_;
}

std::uint64_t Indexer::unindexed() const noexcept {
  return accepts_in_stack_.load(std::memory_order_relaxed) + applier_.unindexed();
}

std::string Indexer::unhealthy_reason() const {
  if (!store_.healthy()) return store_.unhealthy_reason();
  if (failing_.load(std::memory_order_relaxed)) {
    const std::scoped_lock lock(mutex_);
    return reason_;
  }
  if (overloaded()) return "the indexer is " + std::to_string(unindexed()) + " messages behind";
  return {};
}

Result<void> Indexer::flush(bool sync, Duration wait_max) {
  std::unique_lock lock(mutex_);
  const std::uint64_t number = ++flush_wanted_;
  sync_wanted_ = sync_wanted_ || sync;
  wake();
  const auto done = [&] { return flush_done_ >= number; };
  if (!flushed_.wait_for(lock, wait_max, done))
    return fail(ErrorKind::unavailable, reason_.empty() ? "the indexer did not answer in time" : reason_);
  return {};
}

void Indexer::run() {
  for (;;) {
    const bool more = turn();
    bool stopping = false;
    {
      const std::scoped_lock lock(mutex_);
      stopping = stopping_;
    }
    if (stopping && stack_.empty() && (applier_.waiting() == 0 || failing_)) {
      if (!applier_.dirty() || failing_) return;
      if (!applier_.sync()) return;
      continue;
    }
    if (more) continue;
    if (stopping) continue;
    Duration nap = idle_interval;
    if (applier_.waiting() > 0)
      nap = std::max(Duration(std::chrono::milliseconds(1)), applier_.oldest() + lag_ - monotonic_now());
    if (applier_.waiting() > 0 && failing_) nap = retry_interval;
    if (applier_.dirty()) nap = std::min(nap, std::max(Duration(0), synced_at_ + sync_interval - monotonic_now()));
    sleep(nap);
  }
}

void Indexer::take_all() {
  const MonotonicTime now = monotonic_now();
  for (MpscNode* node = stack_.take_all(); node != nullptr;) {
    std::unique_ptr<IndexItem> item(static_cast<IndexItem*>(node));
    node = node->mpsc_next;
    const bool accept = item->kind == IndexItem::Kind::accept;
    applier_.take(std::move(item), now);
    if (accept) accepts_in_stack_.fetch_sub(1, std::memory_order_relaxed);
  }
}

// One round: take what was handed in, apply what is old enough (all of it for a flush or at the end), sync when it is
// time. True if there is more to do at once.
bool Indexer::turn() {
  std::uint64_t flush = 0;
  bool all = false;
  bool sync = false;
  {
    const std::scoped_lock lock(mutex_);
    flush = flush_wanted_;
    all = flush_wanted_ != flush_done_ || stopping_;
    sync = sync_wanted_;
    sync_wanted_ = false;
  }
  take_all();
  const MonotonicTime now = monotonic_now();
  bool hurry_back = false;
  Result<void> result;
  if (failing_ && now >= retry_at_) store_.resume();
  if (!failing_ || now >= retry_at_ || all) {
    // Above half of the bound there is no time left for waiting.
    const bool hurry = all || applier_.unindexed() > unindexed_max_ / 2 || applier_.waiting() > unindexed_max_;
    const MonotonicTime until = hurry ? MonotonicTime::max() : now - lag_;
    for (;;) {
      auto applied = applier_.apply(until, batch_items_max);
      if (!applied) result = propagate(applied);
      if (!applied || !*applied) break;
      take_all();
      if (!all && !hurry) break;
    }
    if (result && applier_.dirty() && (sync || now - synced_at_ >= sync_interval)) {
      result = applier_.sync();
      synced_at_ = monotonic_now();
    }
    if (result && now - worked_at_ >= sync_interval && applier_.waiting() < batch_items_max) {
      worked_at_ = now;
      applier_.look_for_oldest();
      hurry_back = idle_work_ && idle_work_();
      if (hurry_back) worked_at_ = MonotonicTime{};
    }
    settle(flush, sync, result);
  }
  return !failing_ && (hurry_back || (applier_.waiting() > 0 && applier_.oldest() + lag_ <= now));
}

void Indexer::settle(std::uint64_t flush, bool sync, const Result<void>& result) {
  const std::scoped_lock lock(mutex_);
  if (result) {
    failing_ = false;
    reason_.clear();
    flush_done_ = std::max(flush_done_, flush);
    flushed_.notify_all();
    return;
  }
  sync_wanted_ = sync_wanted_ || sync;
  if (!failing_) telemetry::Event(telemetry::EventKind::error).field("operation", "index").error(result.error()).emit();
  failing_ = true;
  reason_ = result.error().reason;
  retry_at_ = monotonic_now() + retry_interval;
}

void Indexer::sleep(Duration at_most) {
  asleep_.store(true, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // With items waiting already, news can wait for the nap to end: the lag is counted from when they are taken.
  const bool news = applier_.waiting() == 0 && !stack_.empty();
  if (applier_.waiting() > 0) asleep_.store(false, std::memory_order_relaxed);
  if (!news) {
    pollfd poll{wakeup_, POLLIN, 0};
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
    ::poll(&poll, 1, static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000)));
  }
  asleep_.store(false, std::memory_order_relaxed);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto drained = ::read(wakeup_, &count, sizeof count);
}

void Indexer::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_, &one, sizeof one);
}

}  // namespace ringpost::queue
