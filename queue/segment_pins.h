// Pins of some segments, let go together with the last share in it. Shared between cores: the table below is, too.
#pragma once

#include <utility>
#include <vector>

#include "queue/segment_table.h"

namespace ringpost::queue {

class SegmentPins {
 public:
  SegmentPins(SegmentTable& segments, std::vector<SegmentKey> keys) : segments_(segments), keys_(std::move(keys)) {
    for (const SegmentKey& key : keys_) segments_.pin(key);
  }
  ~SegmentPins() {
    for (const SegmentKey& key : keys_) segments_.unpin(key);
  }
  SegmentPins(const SegmentPins&) = delete;
  SegmentPins& operator=(const SegmentPins&) = delete;

 private:
  SegmentTable& segments_;  // of the Queue, which outlives every share
  std::vector<SegmentKey> keys_;
};

}  // namespace ringpost::queue
