// How RocksDB is set up for the queue: little memory, bounded files, tombstones compacted soon. Included by store*.cc
// only: it shows rocksdb's types.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ringpost::queue {

struct StoreMemory;

/// Set by RocksDB's own threads, read by anyone.
struct StoreHealth {
  std::atomic<bool> healthy{true};
  std::mutex mutex;  // protects what follows
  std::string background_error;
  unsigned stalled_families = 0;

  std::string reason();
  void update_locked() noexcept { healthy = background_error.empty() && stalled_families == 0; }
};

rocksdb::DBOptions store_options(const std::shared_ptr<StoreHealth>& health, const StoreMemory& memory);
/// `default` (unused), `message`, `due`, `segment`, `meta`, in this order.
std::vector<rocksdb::ColumnFamilyDescriptor> store_families(const StoreMemory& memory);
enum Family : std::size_t { family_default, family_message, family_due, family_segment, family_meta, family_count };

}  // namespace ringpost::queue
