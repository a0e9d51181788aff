// The chunks of one large upload on their way to the log, and the pins on the segments they came to lie in. Shared
// between the Upload, its writes in flight (an upload may be dropped meanwhile) and, after the commit, the index item.
// On the log's core, but for its end: the last owner may be the indexer. Private to queue/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "io/slice.h"
#include "io/task.h"
#include "io/wait_queue.h"
#include "queue/log_position.h"
#include "queue/upload_site.h"

namespace ringpost::queue {

/// Unpins when it dies; any thread.
class UploadPins {
 public:
  explicit UploadPins(SegmentTable& segments) noexcept : segments_(segments) {}
  ~UploadPins();
  UploadPins(const UploadPins&) = delete;
  UploadPins& operator=(const UploadPins&) = delete;
  void add(std::uint16_t log, std::uint64_t sequence);

 private:
  SegmentTable& segments_;
  std::vector<std::pair<std::uint16_t, std::uint64_t>> pinned_;
};

class ChunkStream {
 public:
  static constexpr std::uint32_t in_flight_max = 2;

  ChunkStream(io::Reactor& reactor, UploadSite& site);

  bool is_full() const noexcept { return in_flight_ >= in_flight_max; }
  /// Not while is_full(). The octets stay counted in UploadSite::upload_octets until they are written.
  static void write(const std::shared_ptr<ChunkStream>& stream, std::vector<io::Slice> octets, std::uint64_t count,
                    std::uint32_t crc);
  /// Until at most `in_flight` chunks are on their way.
  io::Task<> wait(std::uint32_t in_flight);

  const std::optional<Error>& error() const noexcept { return error_; }
  const std::vector<Extent>& extents() const noexcept { return extents_; }
  std::uint64_t failures_seen() const noexcept { return failures_seen_; }
  const std::shared_ptr<UploadPins>& pins() const noexcept { return pins_; }

 private:
  class Write;

  UploadSite& site_;
  io::Reactor& reactor_;
  io::WaitQueue changed_;
  std::vector<Extent> extents_;
  std::shared_ptr<UploadPins> pins_;
  std::uint64_t failures_seen_;
  std::uint32_t in_flight_ = 0;
  std::optional<Error> error_;
};

}  // namespace ringpost::queue
