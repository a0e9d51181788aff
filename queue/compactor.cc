#include "queue/compactor.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"
#include "queue/record.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

Result<std::string> read_extent(SegmentTable& segments, const Extent& extent) {
  auto segment = segments.open_pinned({extent.log, extent.segment});
  if (!segment) return propagate(segment);
  std::string octets(extent.octets, '\0');
  auto read = segment->file->read_now(octets, extent.offset);
  segments.unpin(segment->key);
  if (!read) return propagate(read);
  if (*read != octets.size()) return fail(ErrorKind::corrupt, "a spool file is shorter than a message in it");
  return octets;
}

MessageId after(MessageId id) {
  if (++id.low == 0) ++id.high;
  return id;
}

}  // namespace

Compactor::Compactor(Store& store, SegmentTable& segments, Applier& applier, const Options& options, Moved moved)
    : store_(store), segments_(segments), applier_(applier), options_(options), moved_(std::move(moved)) {}

Compactor::~Compactor() {
  leave_segment();
}

Result<void> Compactor::step() {
  if (sources_.empty() && !begin_pass()) return {};
  auto walked = walk();
  if (walked) return {};
  sources_.clear();
  leave_segment();
  return walked;
}

bool Compactor::begin_pass() {
  const MonotonicTime now = monotonic_now();
  const bool disk_low = segments_.disk_low();
  std::map<SegmentKey, MonotonicTime> since;
  for (const SegmentKey& key : segments_.sparse(share_max)) {
    if (target_ && key == target_->key) continue;
    const auto known = sparse_since_.find(key);
    const MonotonicTime from = known == sparse_since_.end() ? now : known->second;
    since.emplace(key, from);
    if (disk_low || now - from >= options_.compact_after) sources_.insert(key);
  }
  sparse_since_ = std::move(since);
  cursor_ = {};
  return !sources_.empty();
}

Result<void> Compactor::walk() {
  std::vector<MessageRecord> found;
  std::size_t records = 0;
  std::uint64_t octets = 0;
  bool ended = true;
  auto walked = store_.each_message(cursor_, [&](const MessageRecord& record) {
    if (records == records_per_step || octets >= octets_per_step) {
      ended = false;
      return false;
    }
    ++records;
    cursor_ = after(record.message.id);
    const auto& body = record.message.body;
    if (std::ranges::any_of(body, [&](const Extent& e) { return sources_.contains({e.log, e.segment}); })) {
      found.push_back(record);
      octets += record.message.facts.octets;
    }
    return true;
  });
  if (!walked) return walked;
  if (ended) sources_.clear();
  if (found.empty()) return {};

  std::vector<Applier::Move> moves;
  std::set<SegmentKey> old_places;
  for (const MessageRecord& record : found) {
    for (const Extent& extent : record.message.body) old_places.insert({extent.log, extent.segment});
    auto copied = copy(record.message.body);
    if (!copied) return propagate(copied);
    moves.push_back({record.message.id, std::move(*copied)});
  }
  auto synced = target_->file->sync_now();
  if (!synced) return synced;
  auto pins = std::make_shared<SegmentPins>(segments_, std::vector<SegmentKey>(old_places.begin(), old_places.end()));
  auto moved = applier_.move_bodies(moves, log, {target_->key.sequence, static_cast<std::uint32_t>(offset_)});
  if (!moved) return propagate(moved);
  messages_moved_ += moved->size();
  if (moved_) moved_(std::move(*moved), std::move(pins));
  return {};
}

Result<std::vector<Extent>> Compactor::copy(const std::vector<Extent>& body) {
  std::vector<Extent> copied;
  for (const Extent& extent : body) {
    auto octets = read_extent(segments_, extent);
    if (!octets) return propagate(octets);
    auto written = write_chunk(*octets);
    if (!written) return propagate(written);
    copied.push_back(*written);
  }
  return copied;
}

Result<Extent> Compactor::write_chunk(std::string_view octets) {
  const std::uint64_t whole = record_octets(octets.size());
  auto room = ensure_room(whole);
  if (!room) return propagate(room);
  char header[record_header_octets];
  encode_record_header(RecordType::chunk, static_cast<std::uint32_t>(octets.size()), crc32c(octets),
                       target_->generation, header);
  std::string record(header, sizeof header);
  record.append(octets);
  record.resize(whole, '\0');
  auto written = target_->file->write_now(record, offset_);
  if (!written) return propagate(written);
  const Extent extent{log, target_->key.sequence, static_cast<std::uint32_t>(offset_ + record_header_octets),
                      static_cast<std::uint32_t>(octets.size())};
  offset_ += whole;
  return extent;
}

Result<void> Compactor::ensure_room(std::uint64_t octets) {
  if (target_ && offset_ + octets <= target_->octets) return {};
  if (target_) {
    auto synced = target_->file->sync_now();
    if (!synced) return synced;
    leave_segment();
  }
  auto begun = segments_.begin(log);
  if (!begun) return propagate(begun);
  target_ = std::move(*begun);
  offset_ = segment_header_octets;
  return {};
}

void Compactor::leave_segment() {
  if (target_) segments_.unpin(target_->key);
  target_.reset();
}

}  // namespace ringpost::queue
