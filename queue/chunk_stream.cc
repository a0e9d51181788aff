#include "queue/chunk_stream.h"

#include <algorithm>
#include <utility>

#include "queue/log_entry.h"
#include "queue/segment_table.h"
#include "queue/spool_log.h"

namespace ringpost::queue {

UploadPins::~UploadPins() {
  for (const auto& [log, sequence] : pinned_) segments_.unpin({log, sequence});
}

void UploadPins::add(std::uint16_t log, std::uint64_t sequence) {
  const std::pair key{log, sequence};
  if (std::ranges::find(pinned_, key) != pinned_.end()) return;
  segments_.pin({log, sequence});
  pinned_.push_back(key);
}

class ChunkStream::Write final : public LogEntry {
 public:
  Write(std::shared_ptr<ChunkStream> stream, std::uint64_t octets) : stream_(std::move(stream)), octets_(octets) {}

  void placed() noexcept override {
    const Appended& at = records[0].at;
    const std::uint16_t log = stream_->site_.spool_log().number();
    // Now, while the log itself still pins the segment.
    stream_->pins_->add(log, at.begin.segment);
    stream_->extents_.push_back({log, at.begin.segment, at.payload_offset, static_cast<std::uint32_t>(octets_)});
  }

  void run() noexcept override {
    const std::unique_ptr<Write> self(this);
    --stream_->in_flight_;
    stream_->site_.upload_octets -= octets_;
    if (error && !stream_->error_) stream_->error_ = std::move(*error);
    stream_->changed_.notify_all();
  }

 private:
  const std::shared_ptr<ChunkStream> stream_;
  const std::uint64_t octets_;
};

ChunkStream::ChunkStream(io::Reactor& reactor, UploadSite& site)
    : site_(site),
      reactor_(reactor),
      changed_(reactor),
      pins_(std::make_shared<UploadPins>(site.segment_table())),
      failures_seen_(site.spool_log().failures()) {}

void ChunkStream::write(const std::shared_ptr<ChunkStream>& stream, std::vector<io::Slice> octets, std::uint64_t count,
                        std::uint32_t crc) {
  auto* write = new Write(stream, count);  // run() deletes it
  LogRecord& record = write->records[0];
  record.type = RecordType::chunk;
  record.slices = std::move(octets);
  record.length = count;
  record.payload_crc = crc;
  ++stream->in_flight_;
  stream->site_.spool_log().enqueue(*write);
}

io::Task<> ChunkStream::wait(std::uint32_t in_flight) {
  // A write that the disk holds cannot be taken back, so there is no deadline that could help.
  while (in_flight_ > in_flight) co_await changed_.wait(io::Deadline::never(), io::Cancel::never());
}

}  // namespace ringpost::queue
