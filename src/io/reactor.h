// The reactor: one thread, one ring, one loop. It owns the ring, the receive buffers and the timers of its core, runs
// whatever became ready, and sleeps in the kernel. A turn of the loop:
//
//   fire due timers -> take parcels from other threads -> run what is ready, until nothing is
//   -> end-of-turn hooks (group commit) -> submit everything in one system call, wait -> collect completions
//
// Completions are collected first and resumed afterwards, so that no coroutine runs inside another's completion.
// Everything but post() and stop() is called on the reactor's own thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "io/operation.h"
#include "io/options.h"

namespace ringpost::io {

class BufferRing;
class Ring;

/// A thing posted to another core: deliver() runs there once, and whoever posted it must not touch it until then.
class Parcel : public MpscNode {
 public:
  virtual void deliver() noexcept = 0;

 protected:
  ~Parcel() = default;
};

/// Called at the end of each turn, before the reactor sleeps. May submit requests, may make things ready.
class TurnHook : public ListNode {
 public:
  virtual void end_of_turn() noexcept = 0;

 protected:
  ~TurnHook() = default;
};

class Reactor {
 public:
  /// Sets up the ring on the calling thread, which must be the one that calls run().
  /// Errors: refused (io_uring forbidden: the reason says what is missing), io.
  static Result<std::unique_ptr<Reactor>> create(const Options& options);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Turns until stop(). May be called again afterwards.
  void run();
  /// Any thread.
  void stop() noexcept;
  /// Any thread, never blocks, keeps the order of one poster. Bounded by the parcels that exist.
  void post(Parcel& parcel) noexcept;

  /// The time at the start of this turn: exact enough for deadlines and cheaper than asking.
  MonotonicTime now() const noexcept { return now_; }
  TimerWheel& timers() noexcept { return timers_; }
  BufferRing& receive_buffers() noexcept { return *buffers_; }

  /// `operation` must stay where it is until its last completion.
  void submit(const Request& request, Operation& operation) noexcept;
  /// Several requests submitted as one chain: each starts when the one before succeeded in full.
  void submit_linked(const Request* requests, Operation* const* operations, std::size_t count) noexcept;
  /// Asks the kernel to end whatever `operation` has in flight; its completion still comes.
  void cancel(Operation& operation) noexcept;

  void make_ready(Runnable& runnable) noexcept { ready_.push_back(runnable); }
  void add_turn_hook(TurnHook& hook) noexcept { hooks_.push_back(hook); }

  /// The reactor of the calling thread, nullptr outside of run().
  static Reactor* current() noexcept;
  int ring_descriptor() const noexcept;

  /// Time spent working since the start, and all time since the start: their ratio is how busy this core is. Any
  /// thread.
  Duration busy_time() const noexcept { return Duration(busy_ns_.load(std::memory_order_relaxed)); }
  std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }

 private:
  Reactor() noexcept;
  void turn();
  void run_ready() noexcept;
  void take_parcels() noexcept;
  void arm_wakeup() noexcept;
  void wake_for_parcels() noexcept;

  class Wakeup;

  std::unique_ptr<Ring> ring_;
  std::unique_ptr<BufferRing> buffers_;
  std::unique_ptr<Wakeup> wakeup_;
  MonotonicTime now_;
  TimerWheel timers_;
  IntrusiveList<Runnable> ready_;
  IntrusiveList<TurnHook> hooks_;

  // Touched by other threads.
  MpscStack parcels_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint32_t> posting_{0};  // threads inside post()
  std::atomic<std::int64_t> busy_ns_{0};
  std::atomic<std::uint64_t> turns_{0};
};

/// Ends at `deadline` (result -ETIME) or when cancelled (-ECANCELED).
class Sleep final : private Runnable, private Interrupt::Target {
 public:
  Sleep(Reactor& reactor, Deadline deadline, Cancel cancel) noexcept
      : reactor_(reactor), deadline_(deadline), cancel_(cancel), interrupt_(reactor, *this) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    waiting_ = awaiting;
    result_ = interrupt_.arm(deadline_, cancel_);
    return result_ == 0;
  }
  int await_resume() const noexcept { return result_; }

 private:
  void run() noexcept override { waiting_.resume(); }
  void interrupt(int error) noexcept override {
    result_ = error;
    interrupt_.disarm();
    reactor_.make_ready(*this);
  }
  Reactor& reactor_;
  Deadline deadline_;
  Cancel cancel_;
  Interrupt interrupt_;
  std::coroutine_handle<> waiting_;
  int result_ = 0;
};

}  // namespace ringpost::io
