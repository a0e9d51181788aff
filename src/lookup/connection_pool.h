// A few connections to a server that answers questions, shared by the helper threads. One thread at a time uses a
// connection; who finds all of them busy waits as long as an answer may take, then hears `unavailable`. A connection
// that turns out to be broken is replaced once within the question; a server that can't be reached is not tried again
// for a second, so that a dead one does not hold every helper thread for its time-out again and again.
//
// Any thread. `Connection` says of an error what became of it: `closed` (broken, ask on another) or `timed_out` (given
// up).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ringpost::lookup {

/// RFC 4954 6: what the peer hears while the server is down.
inline constexpr PublicStatus temporarily_down{454, {4, 7, 0}};

template <class Connection>
class ConnectionPool {
 public:
  using Connect = std::function<Result<std::unique_ptr<Connection>>()>;
  ConnectionPool(Connect connect, std::uint32_t connections_max, Duration wait_max)
      : connect_(std::move(connect)), connections_max_(connections_max), wait_max_(wait_max) {}

  /// `ask(Connection&)` gives a Result. Errors: what it says, `closed` and `timed_out` as unavailable; unavailable.
  template <class Ask>
  auto with(Ask ask) -> decltype(ask(std::declval<Connection&>())) {
    bool used_before = false;
    auto connection = take(true, used_before);
    if (!connection) return std::unexpected(connection.error());
    auto answer = ask(**connection);
    if (!answer && answer.error().kind == ErrorKind::closed && used_before) {
      drop(std::move(*connection));
      forget_idle();
      connection = take(false, used_before);
      if (!connection) return std::unexpected(connection.error());
      answer = ask(**connection);
    }
    if (answer || (answer.error().kind != ErrorKind::closed && answer.error().kind != ErrorKind::timed_out)) {
      give_back(std::move(*connection));
      return answer;
    }
    drop(std::move(*connection));
    return fail(ErrorKind::unavailable, std::move(answer.error().reason), temporarily_down);
  }

 private:
  Result<std::unique_ptr<Connection>> take(bool idle_will_do, bool& used_before) {
    std::unique_lock lock(mutex_);
    const auto one_is_free = [this] { return !idle_.empty() || open_ < connections_max_; };
    if (!freed_.wait_for(lock, wait_max_, one_is_free))
      return fail(ErrorKind::unavailable, "all connections are busy", temporarily_down);
    used_before = idle_will_do && !idle_.empty();
    if (used_before) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    if (monotonic_now() < not_before_) return fail(ErrorKind::unavailable, down_because_, temporarily_down);
    if (open_ == connections_max_) {
      idle_.pop_back();
    } else {
      ++open_;
    }
    lock.unlock();
    auto connection = connect_();
    if (connection) return connection;
    lock.lock();
    --open_;
    not_before_ = monotonic_now() + std::chrono::seconds(1);
    down_because_ = connection.error().reason;
    freed_.notify_one();
    return fail(ErrorKind::unavailable, std::move(connection.error().reason), temporarily_down);
  }
  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
    freed_.notify_one();
  }
  void drop(std::unique_ptr<Connection> connection) {
    connection.reset();  // may take a moment: without the lock
    const std::lock_guard lock(mutex_);
    --open_;
    freed_.notify_one();
  }
  void forget_idle() {  // of a server that was restarted all are broken
    std::vector<std::unique_ptr<Connection>> broken;
    const std::lock_guard lock(mutex_);
    broken.swap(idle_);
    open_ -= static_cast<std::uint32_t>(broken.size());
    freed_.notify_all();
  }

  const Connect connect_;
  const std::uint32_t connections_max_;
  const Duration wait_max_;
  std::mutex mutex_;  // all below
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::uint32_t open_ = 0;  // idle and in use
  MonotonicTime not_before_{};
  std::string down_because_;
};

}  // namespace ringpost::lookup
