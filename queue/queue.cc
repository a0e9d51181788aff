#include "queue/queue.h"

#include <algorithm>

#include "base/assert.h"
#include "io/offload.h"
#include "queue/applier.h"
#include "queue/compactor.h"
#include "queue/directory_lock.h"
#include "queue/file_system.h"
#include "queue/indexer.h"
#include "queue/inspector.h"
#include "queue/mark_reaper.h"
#include "queue/recovery.h"
#include "queue/shard_impl.h"
#include "queue/store.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr std::size_t offload_threads = 2;
constexpr std::size_t offload_waiting_max = 4096;

}  // namespace

// In the order of birth; what comes later uses what stands above it.
struct Queue::Impl {
  Shared shared;
  std::optional<DirectoryLock> lock;
  std::unique_ptr<SegmentTable> segments;
  std::unique_ptr<Store> store;
  std::unique_ptr<Steering> steering;
  std::unique_ptr<Applier> applier;
  std::unique_ptr<Compactor> compactor;  // of the indexer's thread, as the next
  std::unique_ptr<MarkReaper> mark_reaper;
  std::unique_ptr<Indexer> indexer;
  std::unique_ptr<io::OffloadPool> offload;
  std::unique_ptr<Inspector> inspector;
  RecoveryReport recovery;

  Result<void> open();
  bool idle_work();
};

Queue::Queue(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Queue::~Queue() {
  close();
}

Result<std::unique_ptr<Queue>> Queue::open(const Options& options, Callbacks callbacks) {
  return open(options, std::move(callbacks), real_file_system());
}

Result<std::unique_ptr<Queue>> Queue::open(const Options& options, Callbacks callbacks, FileSystem& files) {
  RINGPOST_ASSERT(callbacks.route_key && options.workers > 0);
  auto impl = std::make_unique<Impl>();
  impl->shared.options = options;
  impl->shared.callbacks = std::move(callbacks);
  impl->shared.files = &files;
  auto opened = impl->open();
  if (!opened) return propagate(opened);
  return std::unique_ptr<Queue>(new Queue(std::move(impl)));
}

Result<void> Queue::Impl::open() {
  const Options& options = shared.options;
  auto texts = read_report_texts(options.report_templates);
  if (!texts) return propagate(texts);
  shared.report_texts = std::move(*texts);
  auto locked = DirectoryLock::take(options.data_dir);
  if (!locked) return propagate(locked);
  lock.emplace(std::move(*locked));
  for (const char* name : {"/spool", "/db"}) {
    auto made = make_private_directory(options.data_dir + name);
    if (!made) return propagate(made);
  }
  // RocksDB first: a schema that is not ours must be found before anything is changed.
  auto opened = Store::open(options.data_dir + "/db", {.block_cache_octets = options.block_cache_octets,
                                                       .write_buffer_octets = options.write_buffer_octets});
  if (!opened) return propagate(opened);
  store = std::move(*opened);
  segments = std::make_unique<SegmentTable>(*shared.files, options.data_dir + "/spool", options.segment_octets,
                                            options.min_free_disk);
  auto scanned = segments->scan();
  if (!scanned) return propagate(scanned);
  applier = std::make_unique<Applier>(*store, *segments, options.workers);
  auto counted = applier->open();
  if (!counted) return propagate(counted);
  shared.segments = segments.get();
  shared.store = store.get();
  steering = std::make_unique<Steering>(*store);
  auto steered = steering->open();
  if (!steered) return propagate(steered);
  shared.steering = steering.get();
  auto recovered = recover(*store, *segments, *applier, options,
                           [this](const mail::Envelope& envelope, const mail::Recipient& recipient) {
                             return shared.destination_of(envelope, recipient);
                           });
  if (!recovered) return propagate(recovered);
  recovery = std::move(*recovered);
  applier->look_for_oldest();
  indexer = std::make_unique<Indexer>(*applier, *store, options);
  shared.indexer = indexer.get();
  offload = std::make_unique<io::OffloadPool>(offload_threads, offload_waiting_max);
  shared.offload = offload.get();
  inspector = make_inspector(shared);
  compactor = std::make_unique<Compactor>(*store, *segments, *applier, options, [this](auto messages, auto pins) {
    shared.tell_moved(std::move(messages), std::move(pins));
  });
  mark_reaper = std::make_unique<MarkReaper>(*store, *applier, shared);
  indexer->set_idle_work([this] { return idle_work(); });
  indexer->start();
  return {};
}

bool Queue::Impl::idle_work() {
  auto stepped = compactor->step();
  if (!stepped)
    telemetry::Event(telemetry::EventKind::warning).field("operation", "compact").error(stepped.error()).emit();
  auto reaped = mark_reaper->step();
  if (!reaped)
    telemetry::Event(telemetry::EventKind::warning).field("operation", "reap marks").error(reaped.error()).emit();
  return reaped && *reaped;
}

const RecoveryReport& Queue::recovery() const noexcept {
  return impl_->recovery;
}

Result<std::unique_ptr<Shard>> Queue::make_shard(std::uint16_t number, io::Reactor& reactor) {
  RINGPOST_ASSERT(number < impl_->shared.options.workers);
  std::unique_ptr<Shard> shard(new Shard(std::make_unique<Shard::Impl>(impl_->shared, number, reactor)));
  Shard::Impl& inside = *shard->impl_;
  inside.scheduler = std::make_unique<Scheduler>(*shard);
  auto opened = inside.log.open();
  if (!opened) return propagate(opened);
  auto loaded = inside.load();
  if (!loaded) return propagate(loaded);
  impl_->shared.enlist(inside);
  return shard;
}

Gauges Queue::gauges() const {
  if (!impl_->lock) return {};
  const SegmentTable::Totals totals = impl_->segments->totals();
  Gauges gauges;
  gauges.messages = impl_->applier->messages();
  gauges.messages_deferred = impl_->applier->deferred();
  gauges.unindexed = impl_->indexer->unindexed();
  gauges.disk_free_octets = totals.disk_free_octets;
  gauges.segments = totals.segments;
  gauges.segments_free = totals.free;
  gauges.live_octets = totals.live_octets;
  const std::int64_t oldest_ms = impl_->applier->oldest_message_ms();
  if (oldest_ms != 0 && gauges.messages != 0)
    gauges.oldest_age = std::max(Duration(0), WallTime::now() - WallTime{oldest_ms});
  return gauges;
}

std::string Queue::unhealthy_reason() const {
  if (!impl_->lock) return "the queue is closed";
  std::string reason = impl_->indexer->unhealthy_reason();
  if (reason.empty() && impl_->segments->disk_low()) reason = "the disk of the spool is nearly full";
  if (reason.empty()) reason = impl_->shared.log_trouble();
  return reason;
}

void Queue::set_memory_short(bool is_short) {
  impl_->shared.memory_short.store(is_short, std::memory_order_relaxed);
  if (is_short) impl_->shared.tell_memory_short();
}

Inspector& Queue::inspector() noexcept {
  return *impl_->inspector;
}

void Queue::close() {
  if (!impl_->lock) return;
  impl_->indexer->stop();
  impl_->inspector.reset();
  impl_->offload.reset();
  impl_->indexer.reset();
  impl_->mark_reaper.reset();
  impl_->compactor.reset();
  impl_->applier.reset();
  impl_->steering.reset();
  impl_->store.reset();
  impl_->segments.reset();
  impl_->lock.reset();
}

}  // namespace ringpost::queue
