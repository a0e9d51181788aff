// Waiting for something that other coroutines of the same core will say: a place in a pool, room in a buffer, news.
// notify_one() wakes the longest waiter, notify_all() everyone; a waiter checks its condition again.
#pragma once

#include <coroutine>

#include "base/intrusive.h"
#include "io/reactor.h"

namespace ringpost::io {

class WaitQueue {
 public:
  // It stands in one line at a time: among the waiters, then in the reactor's ready queue.
  class Waiter final : public Runnable, private Interrupt::Target {
   public:
    Waiter(WaitQueue& queue, Reactor& reactor, Deadline deadline, Cancel cancel) noexcept
        : queue_(queue), reactor_(reactor), deadline_(deadline), cancel_(cancel), interrupt_(reactor, *this) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
      waiting_ = awaiting;
      result_ = interrupt_.arm(deadline_, cancel_);
      if (result_ != 0) return false;
      queue_.waiters_.push_back(*this);
      return true;
    }
    /// 0 notified, -ETIME, -ECANCELED.
    int await_resume() const noexcept { return result_; }

   private:
    friend class WaitQueue;
    void run() noexcept override { waiting_.resume(); }
    void interrupt(int error) noexcept override { wake(error); }
    void wake(int result) noexcept {
      unlink();
      interrupt_.disarm();
      result_ = result;
      reactor_.make_ready(*this);
    }

    WaitQueue& queue_;
    Reactor& reactor_;
    Deadline deadline_;
    Cancel cancel_;
    Interrupt interrupt_;
    std::coroutine_handle<> waiting_;
    int result_ = 0;
  };

  explicit WaitQueue(Reactor& reactor) noexcept : reactor_(reactor) {}

  [[nodiscard]] Waiter wait(Deadline deadline, Cancel cancel) noexcept { return {*this, reactor_, deadline, cancel}; }
  bool has_waiters() const noexcept { return !waiters_.empty(); }
  void notify_one() noexcept {
    if (!waiters_.empty()) static_cast<Waiter&>(waiters_.front()).wake(0);
  }
  void notify_all() noexcept {
    while (!waiters_.empty()) static_cast<Waiter&>(waiters_.front()).wake(0);
  }

 private:
  Reactor& reactor_;
  IntrusiveList<Runnable> waiters_;
};

}  // namespace ringpost::io
