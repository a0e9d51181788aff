// What a Shard is made of: the meeting point of the log side (SpoolLog, Upload) and the index side (Indexer, Scheduler,
// Attempt). Private to queue/. Everything here is touched on the shard's core only, except what says otherwise.
//
// How a record reaches the index, in one order. Whoever appends a record that the index must know makes an IndexItem
// (make_item) and gives it to the log together with the record. The log keeps it beside the record and, when the group
// that holds the record was written (and synced where asked), hands the items of the group in, in order of position,
// with `end` filled in; only then are the appenders resumed. So:
//   - items of one log reach the indexer in order of position, and an item never before its group was written;
//   - a message is in the indexer before it is in the scheduler.
// A group that failed: its accepts become nothing (item dropped), its outcomes are handed in with `end` = {} (no
// record; RocksDB alone carries them). A segment that is left hands in a `watermark` item with its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/reactor.h"
#include "io/scope.h"
#include "queue/index_item.h"
#include "queue/options.h"
#include "queue/queue.h"
#include "queue/scheduler.h"
#include "queue/segment_table.h"
#include "queue/spool_log.h"

namespace ringpost::io {
class OffloadPool;
}

namespace ringpost::queue {

class Indexer;
class Store;

/// What all shards share; owned by Queue::Impl, which outlives them.
struct Shared {
  Options options;
  Callbacks callbacks;
  FileSystem* files = nullptr;
  SegmentTable* segments = nullptr;
  Store* store = nullptr;
  Indexer* indexer = nullptr;
  io::OffloadPool* offload = nullptr;
};

struct Shard::Impl {
  Impl(Shared& everything, std::uint16_t worker, io::Reactor& its_reactor);

  Shard* shard = nullptr;  // whose Impl this is; set right after construction
  Shared& shared;
  const std::uint16_t number;  // of the worker, its log and its lane
  io::Reactor& reactor;
  SpoolLog log;
  std::unique_ptr<Scheduler> scheduler;
  io::Scope scope;  // bounces, refills
  bool closing = false;

  // Uploads: body octets held or on their way to the log (Options::upload_octets_max), kept by Upload.
  std::uint64_t upload_octets = 0;
  std::uint64_t uploads_open = 0;

  /// An item with the next sequence number of this shard; to be given to the log with its record.
  std::unique_ptr<IndexItem> make_item(IndexItem::Kind kind);
  /// The log's sink: see the head of this file.
  void hand_in(std::unique_ptr<IndexItem> item);
  /// An accepted message becomes ready for delivery; `destinations` is parallel to its recipients. After its item was
  /// handed in; `sequence` is the item's.
  void schedule(MessagePointer message, const std::vector<std::string>& destinations, std::uint64_t sequence);
  /// The destination of each recipient, by Callbacks::route_key.
  std::vector<std::string> destinations_of(const mail::Envelope& envelope) const;

 private:
  std::uint64_t items_made_ = 0;
};

}  // namespace ringpost::queue
