#include "queue/upload.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/crc32c.h"
#include "queue/chunk_stream.h"
#include "queue/options.h"
#include "queue/spool_log.h"
#include "telemetry/metrics.h"

namespace ringpost::queue {

namespace {

// A slice costs a vector in the write and some 40 octets here. The first few of a message are taken as they are; after
// them small ones are copied together, so that a sender of single octets cannot blow a message up in memory.
constexpr std::size_t slices_as_they_are = 16;
constexpr std::size_t small_slice_octets = 512;
constexpr std::size_t scrap_octets = 4096 - sizeof(io::Block);

io::Slice make_scrap() {
  void* memory = ::operator new(sizeof(io::Block) + scrap_octets);
  auto* block = new (memory) io::Block;
  block->data = static_cast<char*>(memory) + sizeof(io::Block);
  block->release = [](io::Block& dead) noexcept { ::operator delete(static_cast<void*>(&dead)); };
  return io::Slice(*block, std::string_view(block->data, scrap_octets));
}

}  // namespace

// The last chunk (or the whole of a small body) and the accept.
class Upload::Commit final : public LogEntry {
 public:
  Commit(SpoolLog& log, std::shared_ptr<Message> message) noexcept : log_(log), message_(std::move(message)) {}

  void placed() noexcept override { resolve_body(*message_, log_.number(), records[count - 1U].at.begin); }
  void run() noexcept override { waiting_.resume(); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiting_ = awaiting;
    log_.enqueue(*this);
  }
  void await_resume() const noexcept {}

 private:
  SpoolLog& log_;
  const std::shared_ptr<Message> message_;
  std::coroutine_handle<> waiting_;
};

Upload::Upload(UploadSite& site, MessageId id) noexcept : site_(&site), id_(id) {
  ++site.uploads_open;
}

Upload::Upload(Upload&& other) noexcept {
  *this = std::move(other);
}

Upload& Upload::operator=(Upload&& other) noexcept {
  std::swap(site_, other.site_);
  std::swap(id_, other.id_);
  std::swap(octets_, other.octets_);
  std::swap(held_, other.held_);
  std::swap(held_octets_, other.held_octets_);
  std::swap(held_crc_, other.held_crc_);
  std::swap(scrap_, other.scrap_);
  std::swap(scrap_used_, other.scrap_used_);
  std::swap(stream_, other.stream_);
  return *this;
}

Upload::~Upload() {
  leave();
}

void Upload::leave() noexcept {
  if (site_ == nullptr) return;
  forget_held();
  stream_.reset();
  --site_->uploads_open;
  site_ = nullptr;
}

void Upload::forget_held() noexcept {
  site_->upload_octets -= held_octets_;
  held_.clear();
  held_octets_ = 0;
  held_crc_ = 0;
}

io::Task<Result<void>> Upload::append(std::vector<io::Slice> octets) {
  RINGPOST_ASSERT(site_ != nullptr);
  const Options& options = site_->queue_options();
  for (io::Slice& slice : octets) {
    while (held_octets_ + slice.size() > options.chunk_octets_max) {
      const std::size_t part = options.chunk_octets_max - held_octets_;
      hold(slice.sub(0, part));
      slice.remove_prefix(part);
      start_chunk();
      co_await stream_->wait(ChunkStream::in_flight_max - 1);
      if (stream_->error()) co_return std::unexpected(*stream_->error());
    }
    hold(std::move(slice));
  }
  // Too much is held by all uploads together: this one lets go of its part, however small.
  if (site_->upload_octets > options.upload_octets_max && held_octets_ != 0) {
    start_chunk();
    co_await stream_->wait(0);
  }
  if (stream_ != nullptr && stream_->error()) co_return std::unexpected(*stream_->error());
  co_return Result<void>{};
}

void Upload::hold(io::Slice octets) {
  if (octets.empty()) return;
  held_crc_ = crc32c(octets.view(), held_crc_);
  held_octets_ += octets.size();
  octets_ += octets.size();
  site_->upload_octets += octets.size();
  if (octets.size() < small_slice_octets && held_.size() >= slices_as_they_are) {
    telemetry::counters().octets_copied_total.add(octets.size());
    hold_copy(octets.view());
  } else {
    held_.push_back(std::move(octets));
  }
}

void Upload::hold_copy(std::string_view octets) {
  while (!octets.empty()) {
    if (scrap_.empty() || scrap_used_ == scrap_octets) {
      scrap_ = make_scrap();
      scrap_used_ = 0;
    }
    const std::size_t part = std::min<std::size_t>(octets.size(), scrap_octets - scrap_used_);
    char* at = const_cast<char*>(scrap_.data()) + scrap_used_;  // our own memory, and nobody was shown this part yet
    std::memcpy(at, octets.data(), part);
    const std::size_t back = held_.empty() ? 0 : held_.back().size();
    if (back <= scrap_used_ && back != 0 && held_.back().data() == at - back) {
      held_.back() = scrap_.sub(scrap_used_ - back, back + part);
    } else {
      held_.push_back(scrap_.sub(scrap_used_, part));
    }
    scrap_used_ += static_cast<std::uint32_t>(part);
    octets.remove_prefix(part);
  }
}

void Upload::start_chunk() {
  if (stream_ == nullptr) stream_ = std::make_shared<ChunkStream>(*io::Reactor::current(), *site_);
  const std::uint64_t count = std::exchange(held_octets_, 0);
  ChunkStream::write(stream_, std::exchange(held_, {}), count, std::exchange(held_crc_, 0));
}

void Upload::release_ring_buffers() {
  std::uint64_t copied = 0;
  for (io::Slice& slice : held_) {
    if (!slice.holds_ring_buffer()) continue;
    copied += slice.size();
    slice = io::Slice::copy_of(slice.view());
  }
  if (copied != 0) telemetry::counters().octets_copied_total.add(copied);
}

io::Task<Result<MessageId>> Upload::commit(mail::Envelope envelope, mail::BodyFacts facts, std::string prefix) {
  RINGPOST_ASSERT(site_ != nullptr);
  // Spent from here on, however it ends.
  Upload mine(std::move(*this));
  UploadSite& site = *mine.site_;
  if (mine.stream_ != nullptr) {
    // The accept says where the chunks lie, so they must have their places.
    co_await mine.stream_->wait(0);
    if (mine.stream_->error()) co_return std::unexpected(*mine.stream_->error());
  }
  auto message = std::make_shared<Message>();
  message->id = mine.id_;
  message->lane = site.lane();
  message->generation = site.generation();
  message->envelope = std::move(envelope);
  message->facts = facts;
  message->facts.octets = mine.octets_;  // what was stored is what is delivered
  message->facts.header_octets = std::min(facts.header_octets, mine.octets_);
  message->prefix = std::move(prefix);
  if (mine.stream_ != nullptr) message->body = mine.stream_->extents();
  if (mine.held_octets_ != 0) message->body.push_back({.octets = static_cast<std::uint32_t>(mine.held_octets_)});

  Commit entry(site.spool_log(), message);
  entry.records[0].set_payload(RecordType::accept, encode_message(*message));
  if (mine.held_octets_ != 0) {
    entry.count = 2;
    std::swap(entry.records[0], entry.records[1]);
    entry.records[0].slices = std::move(mine.held_);
    entry.records[0].length = mine.held_octets_;
    entry.records[0].payload_crc = mine.held_crc_;
  }
  entry.sync = true;
  entry.item = site.make_item(IndexItem::Kind::accept);
  entry.item->message = message;
  const std::vector<std::string> destinations = site.destinations_of(message->envelope);
  entry.item->destinations = destinations;
  const std::uint64_t sequence = entry.item->sequence;
  if (mine.stream_ != nullptr) {
    entry.failures_seen = mine.stream_->failures_seen();
    entry.item->pins = mine.stream_->pins();
  }
  co_await entry;
  if (entry.error) co_return std::unexpected(std::move(*entry.error));
  site.schedule(std::move(message), destinations, sequence);
  co_return mine.id_;
}

}  // namespace ringpost::queue
