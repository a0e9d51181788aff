// The fixture and the verbs of tests of what operators do to a queue: marks made, lifted and waited for.
#pragma once

#include <future>
#include <string>
#include <utility>

#include "queue/steering.h"
#include "queue_harness.h"

namespace ringpost::test {

using queue::Gate;
using queue::Mark;
using queue::MarkKind;
using queue::Selector;
using queue::Shard;

inline constexpr const char* destination = "smtp:example.net";

class SteeringTest : public QueueTest {
 protected:
  void SetUp() override {
    options_.retry.first = options_.retry.max = 1h;
    options_.index_lag = 10ms;
    open();
  }
};

/// What an operator does, on a thread of his own while the shard's core turns.
template <class Work>
inline io::Task<> meanwhile(Shard& shard, Work& work) {
  auto done = std::async(std::launch::async, [&work] { work(); });
  while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    co_await sleep_for(shard.reactor(), std::chrono::milliseconds(1));
}

inline io::Task<> mark(Shard& shard, queue::Queue& queue, MarkKind kind, Selector selector) {
  auto work = [&] {
    const auto made = queue.inspector().mark({.kind = kind, .selector = selector, .reason = "because"});
    EXPECT_TRUE(made) << made.error().reason;
  };
  co_await meanwhile(shard, work);
}

inline io::Task<> lift(Shard& shard, queue::Queue& queue, MarkKind kind, Selector selector) {
  auto work = [&] {
    const auto lifted = queue.inspector().lift(kind, selector, {});
    EXPECT_TRUE(lifted) << lifted.error().reason;
  };
  co_await meanwhile(shard, work);
}

inline Selector sender(const std::string& address) {
  Selector selector;
  selector.sender = address;
  return selector;
}

inline Selector to_destination(const std::string& name) {
  Selector selector;
  selector.destination = name;
  return selector;
}

inline std::vector<Gate::Kind> gates_of(queue::Queue& queue, MessageId id) {
  std::vector<Gate::Kind> kinds;
  const auto told = queue.inspector().explain(id);
  EXPECT_TRUE(told) << told.error().reason;
  if (!told) return kinds;
  for (const Gate& gate : told->front().gates) kinds.push_back(gate.kind);
  return kinds;
}

inline io::Task<> reroute(Shard& shard, queue::Queue& queue, Selector selector, std::string to) {
  auto work = [&] {
    const auto made =
        queue.inspector().mark({.kind = MarkKind::reroute, .selector = selector, .to = to, .to_required = to + ",x"});
    EXPECT_TRUE(made) << made.error().reason;
  };
  co_await meanwhile(shard, work);
}

inline io::Task<> wait_until_done(Shard& shard, queue::Queue& queue) {
  for (int i = 0; i < 100 && !queue.inspector().marks().empty(); ++i)
    co_await sleep_for(shard.reactor(), std::chrono::milliseconds(100));
  EXPECT_TRUE(queue.inspector().marks().empty());
}

}  // namespace ringpost::test
