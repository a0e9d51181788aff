// What a budget of memory is spent on. Everything that ringpost holds in memory has a bound of its own; here all bounds
// follow from one number, so that a small container and a large machine need the same one key ([limits] memory_max).
// The bounds are what the parts take at most, not what they take: a quiet server uses a tenth of it. docs/memory.md has
// the arithmetic in words, and what happens when reality is not as planned.
#pragma once

#include <cstdint>

#include "io/machine.h"

namespace ringpost::config {

struct MemoryPlan {
  std::uint64_t program_octets = 0;          // code, threads, log, RocksDB's own, connections to next hops
  std::uint32_t receive_buffers = 0;         // of each worker: io::Options
  std::uint64_t upload_octets_max = 0;       // of each worker: queue::Options
  std::uint32_t sessions_max = 0;            // of all workers; a lower one that is configured stays
  std::uint32_t window_messages = 0;         // of each destination and worker
  std::uint32_t window_messages_total = 0;   // of each worker
  std::uint32_t unindexed_messages_max = 0;  // of all workers
  std::uint64_t block_cache_octets = 0;
  std::uint64_t write_buffer_octets = 0;

  /// What all of it takes when every bound is reached.
  std::uint64_t octets(std::uint32_t workers) const noexcept;
  bool operator==(const MemoryPlan&) const = default;
};

/// The smallest budget with which so many workers run.
std::uint64_t memory_least(std::uint32_t workers) noexcept;
/// How many workers run with this budget, at least 1.
std::uint32_t workers_most(std::uint64_t budget) noexcept;
/// The budget where none is configured: three quarters of a control group's limit (the rest is for what the kernel
/// counts against it: page cache, sockets), or half of a machine that we may share with others.
std::uint64_t automatic_budget(const io::Machine& machine) noexcept;
/// `budget` is at least memory_least(workers).
MemoryPlan plan_memory(std::uint64_t budget, std::uint32_t workers) noexcept;

}  // namespace ringpost::config
