#include "config/memory_plan.h"

#include <algorithm>
#include <bit>

#include "io/options.h"
#include "queue/options.h"

namespace ringpost::config {

namespace {

constexpr std::uint64_t kibibyte = 1ULL << 10;
constexpr std::uint64_t mebibyte = 1ULL << 20;

// Measured (bench/README.md): 26 MiB with two workers before the first session, 18 KiB for an idle session under TLS.
// The rest of each number is room for what is not measured one by one.
constexpr std::uint64_t program = 44 * mebibyte;
constexpr std::uint64_t program_worker = 2 * mebibyte;
constexpr std::uint64_t session_octets = 20 * kibibyte;
constexpr std::uint64_t message_octets = 2 * kibibyte;  // envelope and trace of one with few recipients

// Below these a worker or the store does not work well.
constexpr std::uint64_t least_worker = 10 * mebibyte;
constexpr std::uint64_t least_shared = 86 * mebibyte;
constexpr std::uint64_t receive_buffers_least = 64;
constexpr std::uint64_t upload_least = 2 * mebibyte;
constexpr std::uint64_t sessions_least = 100;
constexpr std::uint64_t window_least = 500;
constexpr std::uint64_t unindexed_least = 1000;
constexpr std::uint64_t block_cache_least = 2 * mebibyte;
constexpr std::uint64_t write_buffer_least = 2 * mebibyte;

constexpr std::uint64_t budget_unknown = 1024 * mebibyte;  // where /proc/meminfo cannot be read

std::uint64_t part(std::uint64_t share, std::uint64_t each, std::uint64_t least, std::uint64_t most) noexcept {
  return std::clamp(share / each, least, most);
}

}  // namespace

std::uint64_t MemoryPlan::octets(std::uint32_t workers) const noexcept {
  const std::uint64_t worker = receive_buffers * std::uint64_t{io::Options{}.receive_buffer_octets} +
                               upload_octets_max + window_messages_total * message_octets;
  // Memtables that are being written out stay in memory as long as that takes, so they count twice.
  return program_octets + workers * worker + sessions_max * session_octets + unindexed_messages_max * message_octets +
         block_cache_octets + 2 * write_buffer_octets;
}

std::uint64_t memory_least(std::uint32_t workers) noexcept {
  return least_shared + workers * least_worker;
}

std::uint32_t workers_most(std::uint64_t budget) noexcept {
  const std::uint64_t rest = budget - std::min(budget, least_shared);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(rest / least_worker, 1, 256));
}

std::uint64_t automatic_budget(const io::Machine& machine) noexcept {
  std::uint64_t budget = budget_unknown;
  if (machine.memory_octets != 0)
    budget = machine.memory_is_limited ? machine.memory_octets / 4 * 3 : machine.memory_octets / 2;
  return std::max(budget / mebibyte * mebibyte, memory_least(1));
}

MemoryPlan plan_memory(std::uint64_t budget, std::uint32_t workers) noexcept {
  // The values without a plan are what a server with memory to spare works best with: no part gets more.
  const io::Options io_most;
  const queue::Options queue_most;
  MemoryPlan plan;
  plan.program_octets = program + workers * program_worker;
  // In eighths: 1 receive buffers, 2 uploads, 2 sessions, 1 windows, 1 unindexed, 1 RocksDB.
  const std::uint64_t eighth = (budget - std::min(budget, plan.program_octets)) / 8;
  const std::uint64_t of_worker = eighth / workers;
  plan.receive_buffers = static_cast<std::uint32_t>(
      std::bit_floor(part(of_worker, io_most.receive_buffer_octets, receive_buffers_least, io_most.receive_buffers)));
  plan.upload_octets_max = part(2 * of_worker, 1, upload_least, queue_most.upload_octets_max);
  // What a configuration may ask for has no most: whoever has the memory may have the sessions.
  plan.sessions_max =
      static_cast<std::uint32_t>(part(2 * eighth, session_octets, sessions_least, std::uint64_t{1'000'000}));
  plan.window_messages_total =
      static_cast<std::uint32_t>(part(of_worker, message_octets, window_least, queue_most.window_messages_total));
  plan.window_messages = std::min(plan.window_messages_total / 4, queue_most.window_messages);
  plan.unindexed_messages_max =
      static_cast<std::uint32_t>(part(eighth, message_octets, unindexed_least, queue_most.unindexed_messages_max));
  // Of RocksDB's part two thirds are for blocks that are read; what is written counts twice.
  plan.block_cache_octets = part(eighth / 3 * 2, 1, block_cache_least, queue_most.block_cache_octets);
  plan.write_buffer_octets = part(eighth / 6, 1, write_buffer_least, queue_most.write_buffer_octets);
  return plan;
}

}  // namespace ringpost::config
