// Copies the survivors out of segments that are nearly dead, so that one message that waits for days does not keep 64
// MiB. Runs in small steps on the indexer thread, which alone may change records. The copies go to a log of their own
// for old mail (number 0xffff); they are synced before the records are moved in one synced batch, so a crash leaves
// either the old place or the new one. Whoever still reads at the old place keeps it pinned.
//
// There is no index from segment to message: a pass walks family `message` once, some thousand records a step, and
// looks for bodies in any of the sparse segments.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "queue/applier.h"
#include "queue/options.h"
#include "queue/segment_pins.h"
#include "queue/segment_table.h"
#include "queue/store.h"

namespace ringpost::queue {

class Compactor {
 public:
  static constexpr std::uint16_t log = 0xffff;
  /// Called with what was moved; `pins` hold the old places for as long as a share in them lives.
  using Moved = std::function<void(std::vector<MessagePointer>, std::shared_ptr<SegmentPins>)>;

  Compactor(Store& store, SegmentTable& segments, Applier& applier, const Options& options, Moved moved);
  ~Compactor();

  /// One step: at most `records_per_step` records looked at and `octets_per_step` copied. Errors: no_space, io,
  /// corrupt; the pass is given up, nothing is lost.
  Result<void> step();
  /// Of all steps, for tests and the log.
  std::uint64_t messages_moved() const noexcept { return messages_moved_; }

  static constexpr std::size_t records_per_step = 5000;
  static constexpr std::uint64_t octets_per_step = 16U << 20;
  static constexpr double share_max = 0.2;

 private:
  bool begin_pass();
  Result<void> walk();
  Result<std::vector<Extent>> copy(const std::vector<Extent>& body);
  Result<Extent> write_chunk(std::string_view octets);
  Result<void> ensure_room(std::uint64_t octets);
  void leave_segment();

  Store& store_;
  SegmentTable& segments_;
  Applier& applier_;
  const Options& options_;
  const Moved moved_;
  std::map<SegmentKey, MonotonicTime> sparse_since_;
  std::set<SegmentKey> sources_;  // of the pass; empty: none is under way
  MessageId cursor_;
  std::optional<OpenSegment> target_;
  std::uint64_t offset_ = 0;
  std::uint64_t messages_moved_ = 0;
};

}  // namespace ringpost::queue
