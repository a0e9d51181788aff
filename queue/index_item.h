// What workers hand to the indexer, in one order: accepts and outcomes, each with the position of its log record. A
// message enters here before it enters a scheduler, so an outcome never overtakes its accept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/intrusive.h"
#include "queue/log_position.h"
#include "queue/message_record.h"

namespace ringpost::queue {

struct IndexItem : MpscNode {
  enum class Kind : std::uint8_t {
    accept,     // message, states
    outcome,    // outcome
    watermark,  // nothing but the position: a record that needs no applying
    retry_now,  // outcome.message: its queued recipients are due now
    drop,       // outcome.message is forgotten
    reroute,    // the recipients of outcome.items stand in their destination from now on, due then
  };
  Kind kind = Kind::watermark;
  std::uint16_t log = 0;
  LogPosition end;                        // behind the record; segment 0: no record (retry_now, drop, reroute)
  MessagePointer message;                 // accept
  std::vector<std::string> destinations;  // accept: parallel to the recipients
  Outcome outcome;
  std::uint64_t sequence = 0;  // by IndexSink::make_item, ascending in a log; 0: nobody asks when it is applied
  // Keeps pinned what the body refers to; dropped with the item, that is after add_live() of its batch.
  std::shared_ptr<const void> pins;
};

/// Where a log hands its items in, in order of position; on the log's core.
class IndexSink {
 public:
  virtual std::unique_ptr<IndexItem> make_item(IndexItem::Kind kind) = 0;
  virtual void hand_in(std::unique_ptr<IndexItem> item) = 0;

 protected:
  ~IndexSink() = default;
};

}  // namespace ringpost::queue
