#include "queue/store_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "queue/keys.h"
#include "queue/store.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

// Sums of 64-bit counts. A value that is no count counts as nothing rather than stopping the database.
class AddCounts final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value, std::string* result,
             rocksdb::Logger*) const override {
    std::int64_t sum = parse_count(value.ToStringView()).value_or(0);
    if (existing != nullptr) sum += parse_count(existing->ToStringView()).value_or(0);
    *result = encode_count(sum);
    return true;
  }
  const char* Name() const override { return "ringpost.AddCounts"; }
};

// RocksDB's own LOG file would be a second log beside ours: its warnings go into ours, the rest nowhere.
class WarningsOnly final : public rocksdb::Logger {
 public:
  WarningsOnly() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level > rocksdb::InfoLogLevel::FATAL_LEVEL) return;
    char text[480];
    std::vsnprintf(text, sizeof text, format, arguments);
    telemetry::Event(telemetry::EventKind::warning).field("operation", "rocksdb").field("reason", text).emit();
  }
};

class HealthListener final : public rocksdb::EventListener {
 public:
  explicit HealthListener(std::shared_ptr<StoreHealth> health) : health_(std::move(health)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    const std::scoped_lock lock(health_->mutex);
    health_->background_error = error->ToString();
    health_->update_locked();
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    const std::scoped_lock lock(health_->mutex);
    if (info.new_bg_error.ok()) health_->background_error.clear();
    health_->update_locked();
  }
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override {
    const auto stopped = [](rocksdb::WriteStallCondition c) { return c == rocksdb::WriteStallCondition::kStopped; };
    const std::scoped_lock lock(health_->mutex);
    if (!stopped(info.condition.prev) && stopped(info.condition.cur)) ++health_->stalled_families;
    if (stopped(info.condition.prev) && !stopped(info.condition.cur) && health_->stalled_families > 0)
      --health_->stalled_families;
    health_->update_locked();
  }

 private:
  std::shared_ptr<StoreHealth> health_;
};

rocksdb::CompressionType fast_compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache, std::size_t write_buffer) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;  // bounded with the cache, instead of growing with the queue
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = write_buffer;
  options.max_write_buffer_number = 3;
  options.target_file_size_base = 16U << 20;
  options.max_bytes_for_level_base = 64U << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = fast_compression();
  return options;
}

}  // namespace

std::string StoreHealth::reason() {
  const std::scoped_lock lock(mutex);
  if (!background_error.empty()) return "RocksDB: " + background_error;
  if (stalled_families != 0) return "RocksDB cannot keep up with writing";
  return {};
}

rocksdb::DBOptions store_options(const std::shared_ptr<StoreHealth>& health, const StoreMemory& memory) {
  rocksdb::DBOptions options;
  options.info_log = std::make_shared<WarningsOnly>();
  options.listeners.push_back(std::make_shared<HealthListener>(health));
  options.db_write_buffer_size = memory.write_buffer_octets;
  options.max_total_wal_size = 64U << 20;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.max_manifest_file_size = 16U << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // A torn tail is the end of the prefix that we have; anything behind it was never counted on.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.avoid_unnecessary_blocking_io = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> store_families(const StoreMemory& memory) {
  const auto cache = rocksdb::NewLRUCache(memory.block_cache_octets);
  const std::size_t sixteenth = memory.write_buffer_octets / 16;
  const auto add = std::make_shared<AddCounts>();
  auto message = family_options(cache, 8 * sixteenth);
  auto due = family_options(cache, 4 * sixteenth);
  // A queue is written at one end and deleted at the other: a file with many deletions in a row is compacted soon, so
  // that a scan does not step over what is long gone.
  due.table_properties_collector_factories.push_back(rocksdb::NewCompactOnDeletionCollectorFactory(4096, 1024, 0.5));
  message.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048, 0.5));
  auto segment = family_options(cache, sixteenth);
  auto meta = family_options(cache, sixteenth);
  segment.merge_operator = add;
  meta.merge_operator = add;
  auto unused = family_options(cache, sixteenth);
  return {{rocksdb::kDefaultColumnFamilyName, unused},
          {"message", message},
          {"due", due},
          {"segment", segment},
          {"meta", meta}};
}

}  // namespace ringpost::queue
