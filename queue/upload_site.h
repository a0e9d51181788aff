// What an Upload needs of the shard it was begun at. Implemented by Shard::Impl, and by tests that have no shard.
// Private to queue/; on the shard's core.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "queue/index_item.h"
#include "queue/message_record.h"

namespace ringpost::queue {

class SegmentTable;
class SpoolLog;
struct Options;

class UploadSite {
 public:
  virtual SpoolLog& spool_log() noexcept = 0;
  virtual SegmentTable& segment_table() noexcept = 0;
  virtual const Options& queue_options() const noexcept = 0;
  virtual std::uint16_t lane() const noexcept = 0;
  /// Of a message that is accepted now (Message::generation).
  virtual std::uint64_t generation() const noexcept { return 0; }

  virtual std::unique_ptr<IndexItem> make_item(IndexItem::Kind kind) = 0;
  /// The destination of each recipient.
  virtual std::vector<std::string> destinations_of(const mail::Envelope& envelope) const = 0;
  /// The message is durable and its item was handed in: it may be delivered. `destinations` and `sequence` are the
  /// item's.
  virtual void schedule(MessagePointer message, const std::vector<std::string>& destinations,
                        std::uint64_t sequence) = 0;

  // Body octets that uploads hold in memory (Options::upload_octets_max), and how many uploads there are; kept by
  // Upload.
  std::uint64_t upload_octets = 0;
  std::uint64_t uploads_open = 0;

 protected:
  ~UploadSite() = default;
};

}  // namespace ringpost::queue
