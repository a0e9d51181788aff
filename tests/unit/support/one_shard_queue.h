// A queue with one shard in a directory of its own, for tests of what stands on a queue: put messages in by submit()
// (support/submit.h), and look at what is left. What is deferred is not tried again while a test runs. Its shard is
// closed, and that awaited, before it is destroyed.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "queue/queue.h"
#include "support/submit.h"
#include "support/temporary_directory.h"

namespace ringpost::test {

class OneShardQueue {
 public:
  OneShardQueue(io::Reactor& reactor, queue::Callbacks callbacks) {
    queue::Options options;
    options.data_dir = directory_.path();
    options.hostname = "c.example";
    options.durability = queue::Durability::written;
    options.min_free_disk = 0;
    options.segment_octets = 4 << 20;
    options.index_lag = std::chrono::milliseconds(5);
    options.retry.first = std::chrono::hours(1);
    queue_ = std::move(*queue::Queue::open(options, std::move(callbacks)));
    shard_ = std::move(*queue_->make_shard(0, reactor));
  }

  queue::Shard& shard() { return *shard_; }
  queue::Gauges gauges() const { return queue_->gauges(); }

 private:
  const TemporaryDirectory directory_;
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<queue::Shard> shard_;
};

}  // namespace ringpost::test
