// A message on its way into the log of this worker. Small bodies (up to Options::chunk_octets_max) stay in their slices
// until commit() and go out with the accept record in one write; larger ones are written chunk by chunk as they come.
// An Upload that is dropped without commit leaves nothing behind but dead octets in the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "io/slice.h"
#include "io/task.h"
#include "mail/envelope.h"

namespace ringpost::queue {

class ChunkStream;
class UploadSite;

class Upload {
 public:
  Upload(Upload&& other) noexcept;
  Upload& operator=(Upload&& other) noexcept;
  ~Upload();

  /// Known from the start, for Received: and the reply.
  MessageId id() const noexcept { return id_; }
  std::uint64_t octets() const noexcept { return octets_; }

  /// Takes body octets. Returns at once while little is held; waits for the disk when a chunk has to go out, which is
  /// the back-pressure on the sender. Errors: no_space (452 4.3.1), io (451 4.3.0), unavailable (451 4.3.2).
  io::Task<Result<void>> append(std::vector<io::Slice> octets);
  /// Copies out slices that lie in receive buffers (a slow sender must not pin them), and counts the octets.
  void release_ring_buffers();

  /// Makes the message durable (Options::durability), hands it to the indexer and to the scheduler, in this order, and
  /// returns its id: now `250` may be said. `prefix` is our header fields, each ended by CRLF.
  /// Errors: as append(). Afterwards the Upload is spent.
  io::Task<Result<MessageId>> commit(mail::Envelope envelope, mail::BodyFacts facts, std::string prefix);

  /// By the shard, whose site outlives the upload.
  Upload(UploadSite& site, MessageId id) noexcept;

 private:
  class Commit;

  void hold(io::Slice octets);
  void hold_copy(std::string_view octets);
  void start_chunk();
  void forget_held() noexcept;
  void leave() noexcept;

  UploadSite* site_ = nullptr;  // null: spent or moved from
  MessageId id_;
  std::uint64_t octets_ = 0;
  std::vector<io::Slice> held_;
  std::uint64_t held_octets_ = 0;
  std::uint32_t held_crc_ = 0;
  io::Slice scrap_;  // memory of our own for small slices, filled up to scrap_used_
  std::uint32_t scrap_used_ = 0;
  std::shared_ptr<ChunkStream> stream_;  // of a body that did not stay small
};

}  // namespace ringpost::queue
