// A whole queue in a directory of its own: opened, closed and opened again, with small sizes and short times.
// Everything that needs a core runs inside on_shard().
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "queue/inspect.h"
#include "queue/queue.h"
#include "support/run_on_reactor.h"
#include "support/submit.h"
#include "support/temporary_directory.h"

namespace ringpost::test {

using namespace std::chrono_literals;

inline mail::Address address(const std::string& text) {
  auto parsed = mail::parse_address(text, true, true);
  return parsed ? *parsed : mail::Address{};
}

inline mail::Envelope envelope(const std::string& from, const std::vector<std::string>& to) {
  mail::Envelope made;
  made.reverse_path = address(from);
  for (const std::string& recipient : to) made.recipients.push_back({address(recipient), {}, {}});
  made.received = WallTime::now();
  return made;
}

// GCC 12 cannot keep the array of a braced list across a co_await: no list in such an expression.
inline mail::Envelope from_to(const std::string& from, const std::string& to) {
  return envelope(from, {to});
}
inline mail::Envelope one_recipient() {
  return envelope("a@example.org", {"b@example.net"});
}

inline std::string test_body() {
  return "Subject: a test\r\nFrom: <a@example.org>\r\n\r\nwords\r\n";
}

class QueueTest : public ::testing::Test {
 protected:
  QueueTest() {
    options_.data_dir = directory_.path() + "/data";
    options_.hostname = "mx.example.org";
    options_.segment_octets = 1 << 20;
    options_.min_free_disk = 0;
    options_.index_lag = 20ms;
    options_.retry.first = 50ms;
    options_.retry.max = 1s;
  }

  void open() {
    auto opened =
        queue::Queue::open(options_, {[](const mail::Address& a, mail::TlsWish) { return "smtp:" + a.domain; }});
    ASSERT_TRUE(opened) << opened.error().reason;
    queue_ = std::move(*opened);
  }
  void close() { queue_.reset(); }
  /// Lets the indexer catch up.
  queue::Gauges settled() {
    EXPECT_TRUE(queue_->inspector().summary(1));
    return queue_->gauges();
  }

  /// Runs `body(shard, arguments...)`, a coroutine function, with worker 0's shard, which is closed afterwards.
  template <class Body, class... Arguments>
  void on_shard(Body body, Arguments&... arguments) {
    auto run = [](io::Reactor& reactor, queue::Queue& queue, Body& inner, Arguments&... more) -> io::Task<> {
      auto shard = queue.make_shard(0, reactor);
      EXPECT_TRUE(shard) << shard.error().reason;
      if (!shard) co_return;
      co_await inner(**shard, more...);
      co_await (*shard)->close();
    };
    run_on_reactor(run, *queue_, body, arguments...);
  }

  TemporaryDirectory directory_;
  queue::Options options_;
  std::unique_ptr<queue::Queue> queue_;
};

inline io::Task<> sleep_for(io::Reactor& reactor, Duration duration) {
  co_await io::Sleep(reactor, io::Deadline::after(duration), io::Cancel::never());
}

/// The next message of `destination`, waiting at most `at_most` for one.
inline io::Task<std::optional<queue::Attempt>> next(queue::Shard& shard, std::string destination,
                                                    Duration at_most = std::chrono::seconds(5)) {
  const MonotonicTime until = monotonic_now() + at_most;
  for (;;) {
    auto attempt = shard.scheduler().take(destination, 1000);
    if (attempt || monotonic_now() >= until) co_return attempt;
    co_await sleep_for(shard.reactor(), std::chrono::milliseconds(2));
  }
}

inline void finish(queue::Attempt& attempt, mail::Action action, PublicStatus status, const std::string& words) {
  std::vector<mail::DeliveryStatus> statuses;
  for (const std::uint32_t recipient : attempt.recipients())
    statuses.push_back({recipient, action, status, words, "mx.example.net[192.0.2.1]:25"});
  attempt.finish(std::move(statuses));
}
inline void deliver(queue::Attempt& attempt) {
  finish(attempt, mail::Action::delivered, {250, {2, 0, 0}}, "250 ok");
}
inline void defer(queue::Attempt& attempt) {
  finish(attempt, mail::Action::deferred, {451, {4, 3, 0}}, "451 later");
}
inline void refuse(queue::Attempt& attempt) {
  finish(attempt, mail::Action::failed, {550, {5, 1, 1}}, "550 5.1.1 no");
}

inline io::Task<std::string> read_body(queue::Shard& shard, const queue::Attempt& attempt) {
  (void)shard;
  queue::BodyReader reader = attempt.body();
  std::string all;
  std::string piece(1000, '\0');
  for (;;) {
    auto read = co_await reader.read(std::span(piece.data(), piece.size()));
    EXPECT_TRUE(read) << read.error().reason;
    if (!read || *read == 0) co_return all;
    all.append(piece, 0, *read);
  }
}

}  // namespace ringpost::test
