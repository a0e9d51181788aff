#include "queue/log_replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "mail/octet_coder.h"
#include "queue/segment_table.h"

namespace ringpost::queue {

namespace {

constexpr std::size_t window_octets = 1 << 20;
constexpr std::size_t id_octets = 16;

// A stretch of a segment in memory that moves forward. Grows to the longest record, which is at most a segment.
class Window {
 public:
  explicit Window(const OpenSegment& segment) noexcept : segment_(segment) {}

  /// The octets from `offset` on: at least `octets_least` of them unless the segment ends before.
  Result<std::string_view> at(std::uint64_t offset, std::uint64_t octets_least) {
    if (offset < begin_ || offset + octets_least > begin_ + size_) {
      const std::uint64_t left = segment_.octets - std::min(segment_.octets, offset);
      const std::uint64_t want = std::min<std::uint64_t>(left, std::max<std::uint64_t>(window_octets, octets_least));
      if (octets_.size() < want) octets_.resize(want);
      auto got = segment_.file->read_now({octets_.data(), want}, offset);
      if (!got) return propagate(got);
      begin_ = offset;
      size_ = *got;
    }
    return std::string_view(octets_.data(), size_).substr(offset - begin_);
  }

 private:
  const OpenSegment& segment_;
  std::string octets_;
  std::uint64_t begin_ = 0;
  std::uint64_t size_ = 0;
};

std::uint32_t length_at(std::string_view octets) noexcept {
  mail::Decoder in(octets.substr(4));
  return in.fixed32();
}

class Replay {
 public:
  using Visit = std::function<Result<void>(const ReplayedRecord&)>;

  Replay(std::vector<OpenSegment> segments, LogPosition from, const Visit& visit)
      : segments_(std::move(segments)), visit_(visit) {
    report_.end = from;
  }

  const std::vector<OpenSegment>& segments() const noexcept { return segments_; }
  const ReplayReport& report() const noexcept { return report_; }
  Result<void> read(const OpenSegment& segment, std::uint32_t offset);

 private:
  Result<bool> body_is_whole(const ReplayedRecord& accept) const;
  Result<bool> is_chunk(const Extent& extent) const;

  const std::vector<OpenSegment> segments_;
  const Visit& visit_;
  ReplayReport report_;
  Extent last_chunk_;  // of the record read last, if it was a chunk
};

Result<void> Replay::read(const OpenSegment& segment, std::uint32_t offset) {
  Window window(segment);
  last_chunk_ = {};
  for (;;) {
    auto octets = window.at(offset, record_header_octets);
    if (!octets) return propagate(octets);
    if (octets->size() < record_header_octets) return {};
    const std::uint64_t whole = std::uint64_t{record_header_octets} + length_at(*octets);
    if (offset + whole > segment.octets) return {};
    octets = window.at(offset, whole);
    if (!octets) return propagate(octets);
    const auto record = decode_record_at(*octets, segment.generation);
    if (!record) return {};
    const auto& [log, sequence] = segment.key;
    const std::uint32_t end = offset + record->octets;
    const ReplayedRecord found{log, record->type, record->payload, {sequence, offset}, {sequence, end}};
    Result<bool> wanted = true;
    if (record->type == RecordType::accept) wanted = body_is_whole(found);
    if (!wanted) return propagate(wanted);
    if (*wanted) {
      auto visited = visit_(found);
      if (!visited) return visited;
    } else {
      ++report_.without_body;
    }
    last_chunk_ = {};
    if (record->type == RecordType::chunk) {
      last_chunk_ = {log, sequence, offset + record_header_octets, static_cast<std::uint32_t>(record->payload.size())};
    }
    ++report_.records;
    report_.octets += record->octets;
    report_.end = found.end;
    offset = end;
  }
}

// An acknowledged accept was synced after its chunks. One that was not may have reached the disk without them, and they
// may lie in front of where the reading began.
Result<bool> Replay::body_is_whole(const ReplayedRecord& accept) const {
  auto message = decode_accept(accept);
  if (!message) return true;  // the visitor shall see it and complain
  for (const Extent& extent : message->body) {
    if (extent == last_chunk_) continue;
    auto whole = is_chunk(extent);
    if (!whole || !*whole) return whole;
  }
  return true;
}

Result<bool> Replay::is_chunk(const Extent& extent) const {
  const auto segment = std::ranges::find_if(
      segments_, [&extent](const OpenSegment& s) { return s.key == SegmentKey{extent.log, extent.segment}; });
  if (segment == segments_.end() || segment->file == nullptr) return false;
  if (extent.offset < segment_header_octets + record_header_octets) return false;
  std::string octets(std::size_t{record_header_octets} + extent.octets, '\0');
  auto got = segment->file->read_now(octets, extent.offset - record_header_octets);
  if (!got) return propagate(got);
  const auto record = decode_record_at(std::string_view(octets).substr(0, *got), segment->generation);
  return record && record->type == RecordType::chunk && record->payload.size() == extent.octets;
}

Error missing(std::uint16_t log, std::uint64_t sequence) {
  return Error(
      ErrorKind::corrupt,
      fmt::format("segment {} of spool log {} is missing: messages accepted in it would be lost", sequence, log));
}

}  // namespace

Result<ReplayReport> replay_log(const SegmentTable& segments, std::uint16_t log, LogPosition from,
                                const std::function<Result<void>(const ReplayedRecord&)>& visit) {
  Replay replay(segments.segments_of(log), from, visit);
  // A segment at or behind the watermark is never recycled, so their numbers have no gap.
  std::uint64_t expected = std::max<std::uint64_t>(from.segment, 1);
  bool found = false;
  for (const OpenSegment& segment : replay.segments()) {
    if (segment.key.sequence < expected) continue;
    if (segment.key.sequence != expected) return std::unexpected(missing(log, expected));
    if (segment.file == nullptr) {
      return fail(ErrorKind::io, fmt::format("segment {} of spool log {} cannot be opened", expected, log));
    }
    const bool resumes = segment.key.sequence == from.segment && from.offset != 0;
    auto read = replay.read(segment, resumes ? from.offset : segment_header_octets);
    if (!read) return propagate(read);
    ++expected;
    found = true;
  }
  if (!found && from.offset != 0) return std::unexpected(missing(log, from.segment));
  return replay.report();
}

Result<Message> decode_accept(const ReplayedRecord& accept) {
  auto message = decode_message(accept.payload);
  if (!message) return message;
  resolve_body(*message, accept.log, accept.begin);
  const bool whole = std::ranges::none_of(message->body, [](const Extent& extent) { return extent.segment == 0; });
  if (!whole) return fail(ErrorKind::corrupt, "an accept record refers to a chunk that is not there");
  return message;
}

std::string encode_attempt_begun(const AttemptBegun& begun) {
  std::string octets;
  mail::Encoder out(octets);
  const auto id = begun.message.octets();
  out.octets({id.data(), id.size()});
  for (const std::uint32_t recipient : begun.recipients) out.varint(recipient);
  return octets;
}

Result<AttemptBegun> decode_attempt_begun(std::string_view payload) {
  mail::Decoder in(payload);
  const std::string_view id = in.octets(id_octets);
  AttemptBegun begun;
  if (in.ok()) begun.message = MessageId::from_octets(id);
  while (in.ok() && !in.rest().empty()) {
    begun.recipients.push_back(static_cast<std::uint32_t>(in.varint_at_most(~std::uint32_t{0})));
  }
  auto finished = in.finish("attempt begun");
  if (!finished) return propagate(finished);
  return begun;
}

std::string encode_cancelled(const std::vector<MessageId>& messages) {
  std::string octets;
  for (const MessageId& message : messages) {
    const auto id = message.octets();
    octets.append(id.data(), id.size());
  }
  return octets;
}

Result<std::vector<MessageId>> decode_cancelled(std::string_view payload) {
  if (payload.size() % id_octets != 0) return fail(ErrorKind::corrupt, "cancelled is damaged");
  std::vector<MessageId> messages;
  for (; !payload.empty(); payload.remove_prefix(id_octets)) {
    messages.push_back(MessageId::from_octets(payload.substr(0, id_octets)));
  }
  return messages;
}

}  // namespace ringpost::queue
