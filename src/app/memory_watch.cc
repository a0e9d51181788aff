#include "app/memory_watch.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/units.h"
#include "telemetry/log.h"

namespace ringpost::app {

using server::MemoryLevel;
using telemetry::Event;
using telemetry::EventKind;

namespace {

constexpr std::chrono::milliseconds interval{100};
constexpr std::chrono::seconds give_back_interval{1};

}  // namespace

MemoryWatch::MemoryWatch(std::uint64_t budget, io::Machine machine, server::ClientTable& clients, queue::Queue& queue)
    : budget_(budget), machine_(std::move(machine)), clients_(clients), queue_(queue) {
  used_gauge_ = telemetry::gauge("memory_used_bytes", "Resident memory of the process, without files.",
                                 [this] { return static_cast<double>(used_.load(std::memory_order_relaxed)); });
  budget_gauge_ = telemetry::gauge("memory_budget_bytes", "What it may become ([limits] memory_max).",
                                   [this] { return static_cast<double>(budget_); });
  look();
  thread_ = std::thread([this] { run(); });
}

MemoryWatch::~MemoryWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::string MemoryWatch::reason() const {
  const MemoryLevel level = clients_.memory();
  if (level == MemoryLevel::enough) return {};
  const std::uint64_t mebibytes = used_.load(std::memory_order_relaxed) >> 20;
  return "memory is short (" + std::to_string(mebibytes) + "MiB used, limits.memory_max is " + format_size(budget_) +
         "): no new " + (level == MemoryLevel::no_sessions ? "sessions" : "sessions and messages");
}

void MemoryWatch::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return ending_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void MemoryWatch::look() {
  const io::MemoryUse use = io::read_memory_use("", machine_.memory_group);
  used_.store(use.process_octets, std::memory_order_relaxed);
  MemoryLevel level = server::memory_level(use.process_octets, budget_);
  if (machine_.memory_is_limited)
    level = std::max(level, server::memory_level(use.group_octets, machine_.memory_octets));
  const MemoryLevel before = clients_.memory();
  clients_.set_memory(level);
  if (level != before) {
    const std::string why = reason();
    Event(EventKind::warning)
        .field("operation", "memory")
        .field("reason", why.empty() ? std::string("memory is enough again") : why)
        .emit();
  }
  if (level != MemoryLevel::enough) give_back();
  if (level == MemoryLevel::enough && before != MemoryLevel::enough) queue_.set_memory_short(false);
}

// Windows first; and what was freed stays with the allocator, where it would count as used for good.
void MemoryWatch::give_back() {
  const MonotonicTime now = monotonic_now();
  if (now - gave_back_ < give_back_interval) return;
  gave_back_ = now;
  queue_.set_memory_short(true);
  ::malloc_trim(0);
}

}  // namespace ringpost::app
