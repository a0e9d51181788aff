#include "queue/group_commit.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "telemetry/metrics.h"

namespace ringpost::queue {

namespace {

constexpr PublicStatus storage_failed{451, {4, 3, 0}};
constexpr std::uint64_t page_octets = 4096;
// A segment whose records are larger than this on average leaves the page cache when the log leaves the segment: a few
// large bodies would otherwise push everything else out of the cache, and each write would pay for fresh pages. Who
// delivers at once has read them by then; a small message is rather kept. And the log's next file is only reserved.
constexpr std::uint64_t small_record_octets_max = 16 << 10;

// With as much as this of bodies that are still coming the disk begins to write before a sync asks for it.
constexpr std::uint64_t begun_octets_least = 64 << 10;

Error closed() {
  return Error(ErrorKind::unavailable, "the spool log is closed", {451, {4, 3, 2}});
}

// Holds the file, which the log has left.
io::Task<> drop_cached(io::Reactor& reactor, std::shared_ptr<SpoolFile> file) {
  co_await file->drop_cached(reactor);
}

}  // namespace

struct GroupCommit::Idle {
  GroupCommit& commit;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) const noexcept { commit.idle_ = awaiting; }
  void await_resume() const noexcept {}
};

GroupCommit::GroupCommit(std::uint16_t log, io::Reactor& reactor, SegmentTable& segments, const Options& options,
                         IndexSink& sink)
    : log_(log), reactor_(reactor), segments_(segments), options_(options), sink_(sink), scope_(reactor) {}

GroupCommit::~GroupCommit() {
  RINGPOST_ASSERT(finished_ && waiting_.empty());
}

Result<void> GroupCommit::open() {
  auto segment = segments_.begin(log_);
  if (!segment) return propagate(segment);
  take(std::move(*segment));
  finished_ = false;
  reactor_.add_turn_hook(hook_);
  scope_.spawn(write_groups());
  return {};
}

io::Task<> GroupCommit::close() {
  closing_ = true;
  co_await scope_.join();
  hook_.unlink();
  retry_timer_.unlink();
}

void GroupCommit::enqueue(LogEntry& entry) noexcept {
  const std::uint64_t room = options_.segment_octets - segment_header_octets;
  if (finished_) {
    refuse(entry, closed());
  } else if (entry.octets() > room) {
    refuse(entry, Error(ErrorKind::too_large, "a record does not fit a spool segment", {552, {5, 3, 4}}));
  } else {
    octets_waiting_ += entry.octets();
    waiting_.push_back(entry);
  }
}

void GroupCommit::end_of_turn() noexcept {
  if (!idle_) return;
  if (error_ && !retry_due_ && !closing_) {
    refuse_waiting(*error_);
  } else if (error_ || closing_ || !waiting_.empty()) {
    std::exchange(idle_, nullptr).resume();
  }
}

io::Task<> GroupCommit::write_groups() {
  for (;;) {
    co_await Idle{*this};
    if (!segment_ && closing_) break;
    if (!segment_) {
      co_await renew();
    } else if (waiting_.empty()) {
      // Closing: what nobody waited for is made durable too, so that fewer messages are in doubt.
      co_await leave_segment();
      break;
    } else if (!front_fits()) {
      co_await leave_segment();
      if (!error_) co_await renew();
    }
    if (segment_ && form_group()) co_await write_group();
  }
  finished_ = true;
  refuse_waiting(error_ ? *error_ : closed());
}

bool GroupCommit::front_fits() noexcept {
  return waiting_.front().octets() <= segment_->octets - offset_;
}

// False when nothing is left to write: all that waited was refused.
bool GroupCommit::form_group() {
  vectors_.clear();
  group_records_ = 0;
  group_octets_ = 0;
  group_synced_entries_ = 0;
  group_end_ = vectors_begin_ = offset_;
  while (!waiting_.empty() && group_records_ < group_records_max && vectors_.size() < group_vectors_max) {
    LogEntry& entry = waiting_.front();
    const std::uint64_t octets = entry.octets();
    if (octets > segment_->octets - group_end_) break;
    if (!group_.empty() && group_octets_ + octets > group_octets_max) break;
    entry.unlink();
    if (entry.failures_seen != LogEntry::any_failures && entry.failures_seen != failures_) {
      octets_waiting_ -= octets;
      refuse(entry,
             Error(ErrorKind::io, "earlier octets of the message may be lost: a write failed since", storage_failed));
      continue;
    }
    place(entry);
    group_.push_back(entry);
    group_octets_ += octets;
  }
  return !group_.empty();
}

void GroupCommit::place(LogEntry& entry) {
  for (std::size_t i = 0; i < entry.count; ++i) {
    LogRecord& record = entry.records[i];
    const auto octets = static_cast<std::uint32_t>(record_octets(record.length));
    record.at.begin = {segment_->key.sequence, group_end_};
    record.at.payload_offset = group_end_ + record_header_octets;
    char* header = record.lead.data() + record_alignment_octets;
    encode_record_header(record.type, static_cast<std::uint32_t>(record.length), record.payload_crc,
                         segment_->generation, header);
    // The padding of the record in front goes out with this header; that behind the last record with fill_page().
    const std::uint32_t padding = group_end_ - vectors_begin_;
    vectors_.push_back({header - padding, record_header_octets + padding});
    for (const io::Slice& slice : record.slices) {
      if (!slice.empty()) vectors_.push_back({const_cast<char*>(slice.data()), slice.size()});
    }
    if (!record.text.empty()) vectors_.push_back({record.text.data(), record.text.size()});
    vectors_begin_ = group_end_ + record_header_octets + static_cast<std::uint32_t>(record.length);
    group_end_ += octets;
    record.at.end = {segment_->key.sequence, group_end_};
    ++group_records_;
  }
  if (entry.sync) ++group_synced_entries_;
  entry.placed();
}

// Whole pages only: a page that is written in part, and not in the page cache, would first have to be read from the
// disk. The next group overwrites the zeros; until then they end the log.
void GroupCommit::fill_page() {
  static constexpr std::array<char, page_octets + record_alignment_octets> zeros{};
  const std::uint64_t page_end = (std::uint64_t{group_end_} + page_octets - 1) / page_octets * page_octets;
  const std::uint64_t end = std::min(page_end, segment_->octets);
  if (end > vectors_begin_) vectors_.push_back({const_cast<char*>(zeros.data()), end - vectors_begin_});
}

io::Task<> GroupCommit::write_group() {
  fill_page();
  const MonotonicTime begun = monotonic_now();
  const bool durable = options_.durability == Durability::synced;
  const bool sync = group_synced_entries_ != 0 && durable;
  // What lies in front of the group must be durable too, or a reader of the log would not get as far as the group.
  const io::Sync unsynced = durable && group_octets_ >= begun_octets_least ? io::Sync::begun : io::Sync::none;
  const io::Sync how = !sync ? unsynced : synced_ == offset_ ? io::Sync::written : io::Sync::data;
  auto written = co_await segment_->file->write(reactor_, vectors_, offset_, how);
  if (!written) {
    group_failed(written.error());
    co_return;
  }
  offset_ = group_end_;
  if (sync) synced_ = offset_;
  segment_records_ += group_records_;
  group_written(monotonic_now() - begun);
}

void GroupCommit::group_written(Duration took) {
  if (group_synced_entries_ != 0) {
    telemetry::counters().commit_seconds.record(took);
    telemetry::counters().commit_batch_messages.record(group_synced_entries_);
  }
  octets_waiting_ -= group_octets_;
  // Items first, all of them, then the appenders: what those do next must not overtake an item of this group.
  IntrusiveList<LogEntry> done;
  while (!group_.empty()) {
    LogEntry& entry = group_.pop_front();
    if (entry.item != nullptr) {
      entry.item->log = log_;
      entry.item->end = entry.records[entry.count - 1U].at.end;
      sink_.hand_in(std::move(entry.item));
    }
    done.push_back(entry);
  }
  while (!done.empty()) reactor_.make_ready(done.pop_front());
}

void GroupCommit::take(OpenSegment segment) {
  segment_ = std::move(segment);
  offset_ = synced_ = segment_header_octets;
  segment_records_ = 0;
  auto item = sink_.make_item(IndexItem::Kind::watermark);
  item->log = log_;
  item->end = {segment_->key.sequence, segment_header_octets};
  sink_.hand_in(std::move(item));
}

void GroupCommit::drop_segment() {
  const SegmentKey key = segment_->key;
  segment_.reset();
  segments_.unpin(key);
}

io::Task<> GroupCommit::leave_segment() {
  if (offset_ > synced_) {
    auto synced = co_await segment_->file->write(reactor_, {}, offset_, io::Sync::data);
    if (!synced) {
      segment_lost(synced.error());
      co_return;
    }
  }
  const bool large = segment_records_ * small_record_octets_max < offset_;
  if (large) scope_.spawn(drop_cached(reactor_, segment_->file));
  segments_.set_large_records(log_, large);
  drop_segment();
}

}  // namespace ringpost::queue
