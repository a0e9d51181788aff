// A multishot receive on one socket: the kernel puts octets into buffers of the ring whenever they come, and next()
// hands them out in order. Reads ahead by at most `ahead_max` buffers, then lets go of the socket until they are
// consumed (back-pressure: TCP's window closes). When the ring has no buffer left it waits for one.
//
// Lives as long as its connection; stop() must be awaited before it is destroyed, because the kernel holds its address.
#pragma once

#include <coroutine>
#include <cstdint>
#include <vector>

#include "io/buffer_ring.h"
#include "io/reactor.h"
#include "io/slice.h"
#include "io/task.h"

namespace ringpost::io {

class Receiver final : private Operation, private Runnable, private Interrupt::Target, private BufferWaiter {
 public:
  Receiver(Reactor& reactor, int fd) noexcept : reactor_(reactor), fd_(fd) {}
  ~Receiver() { RINGPOST_ASSERT(!armed_); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  /// `const int result = co_await receiver.next(deadline, cancel)`: > 0 octets in last(), 0 the peer has ended its
  /// side, -errno, -ETIME, -ECANCELED. One waiter at a time.
  class Next {
   public:
    Next(Receiver& receiver, Deadline deadline, Cancel cancel) noexcept
        : receiver_(receiver), deadline_(deadline), cancel_(cancel), interrupt_(receiver.reactor_, receiver) {}
    bool await_ready() const noexcept { return receiver_.take_pending(); }
    bool await_suspend(std::coroutine_handle<> awaiting) noexcept { return receiver_.begin_wait(*this, awaiting); }
    int await_resume() const noexcept { return receiver_.result_; }

   private:
    friend class Receiver;
    Receiver& receiver_;
    Deadline deadline_;
    Cancel cancel_;
    Interrupt interrupt_;
  };
  [[nodiscard]] Next next(Deadline deadline, Cancel cancel) noexcept { return {*this, deadline, cancel}; }
  /// The octets of the last successful next().
  Slice& last() noexcept { return last_; }
  bool has_pending() const noexcept { return !pending_.empty() || finished_; }

  /// Ends the receive and drops what was read ahead.
  Task<> stop();

 private:
  static constexpr std::size_t ahead_max = 16;

  void complete(int result, std::uint32_t flags) noexcept override;
  void run() noexcept override;
  void interrupt(int error) noexcept override;
  void on_buffers_free() noexcept override;

  bool take_pending() noexcept;
  bool begin_wait(Next& wait, std::coroutine_handle<> awaiting) noexcept;
  void arm() noexcept;
  void wake() noexcept;

  Reactor& reactor_;
  int fd_;
  bool armed_ = false;       // the kernel has our address
  bool cancelling_ = false;  // and was asked to forget it
  bool stopping_ = false;
  bool finished_ = false;  // end_result_ is what next() says once pending_ is empty
  int end_result_ = 0;
  int result_ = 0;
  Next* wait_ = nullptr;
  std::coroutine_handle<> waiting_;
  Slice last_;
  std::vector<Slice> pending_;
  std::size_t pending_head_ = 0;
};

}  // namespace ringpost::io
