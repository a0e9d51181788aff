#include "queue/body_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "queue/segment_table.h"

namespace ringpost::queue {

struct BodyReader::Impl {
  Impl(io::Reactor& its_reactor, SegmentTable& table, MessagePointer which) noexcept
      : reactor(its_reactor), segments(table), message(std::move(which)), left(message->facts.octets) {}
  ~Impl() { close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open(SegmentKey key) {
    if (segment && segment->key == key) return {};
    close();
    auto opened = segments.open_pinned(key);
    if (!opened) return propagate(opened);
    segment = std::move(*opened);
    return {};
  }
  void close() noexcept {
    if (!segment) return;
    const SegmentKey key = segment->key;
    segment.reset();
    segments.unpin(key);
  }

  io::Reactor& reactor;
  SegmentTable& segments;
  MessagePointer message;
  std::uint64_t left;
  std::size_t extent = 0;         // the next octet lies in message->body[extent],
  std::uint32_t extent_done = 0;  // behind so many of it
  std::optional<OpenSegment> segment;
};

BodyReader::BodyReader(io::Reactor& reactor, SegmentTable& segments, MessagePointer message) noexcept
    : impl_(std::make_unique<Impl>(reactor, segments, std::move(message))) {}
BodyReader::BodyReader(BodyReader&&) noexcept = default;
BodyReader::~BodyReader() = default;

io::Task<Result<std::size_t>> BodyReader::read(std::span<char> into) {
  Impl& reader = *impl_;
  std::size_t done = 0;
  while (done < into.size() && reader.extent < reader.message->body.size()) {
    const Extent extent = reader.message->body[reader.extent];
    const std::size_t part = std::min<std::size_t>(into.size() - done, extent.octets - reader.extent_done);
    if (part == 0) {
      ++reader.extent;
      reader.extent_done = 0;
      continue;
    }
    auto opened = reader.open({extent.log, extent.segment});
    if (!opened) co_return propagate(opened);
    const std::uint64_t offset = std::uint64_t{extent.offset} + reader.extent_done;
    if (extent.offset < segment_header_octets || offset + part > reader.segment->octets) {
      co_return fail(ErrorKind::corrupt, fmt::format("body of {} lies outside its segment", reader.message->id.text()));
    }
    auto got = co_await reader.segment->file->read(reader.reactor, into.subspan(done, part), offset);
    if (!got) co_return propagate(got);
    if (*got != part) {
      co_return fail(ErrorKind::corrupt, fmt::format("segment {} of log {} is cut short", extent.segment, extent.log));
    }
    done += part;
    reader.extent_done += static_cast<std::uint32_t>(part);
    reader.left -= std::min<std::uint64_t>(reader.left, part);
  }
  co_return done;
}

std::uint64_t BodyReader::octets_left() const noexcept {
  return impl_->left;
}

void BodyReader::rewind() noexcept {
  impl_->extent = 0;
  impl_->extent_done = 0;
  impl_->left = impl_->message->facts.octets;
}

}  // namespace ringpost::queue
