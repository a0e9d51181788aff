// One request to the kernel and the coroutine that waits for it. The object lives in the awaiting frame and cannot
// move: its address is the user_data of the completion. It ends in exactly one of these ways, always after the kernel
// has let go of its memory: with the result of the system call (>= 0), with -errno, with -ETIME (deadline) or with
// -ECANCELED.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/intrusive.h"
#include "io/cancel.h"
#include "io/deadline.h"
#include "io/timer_wheel.h"

namespace ringpost::io {

class Reactor;

/// Where a completion goes. `flags` are the kernel's (IORING_CQE_F_*).
class Operation {
 public:
  virtual void complete(int result, std::uint32_t flags) noexcept = 0;

 protected:
  ~Operation() = default;
};

/// Something that runs in the next round of the reactor's ready queue.
class Runnable : public ListNode {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~Runnable() = default;
};

/// What is asked of the kernel, in the words of io_uring_enter(2) but without its types.
struct Request {
  std::uint8_t opcode = 0;  // IORING_OP_*
  int fd = -1;
  const void* address = nullptr;
  std::uint64_t offset = 0;  // or the second address
  std::uint32_t length = 0;
  std::uint32_t flags = 0;        // of the operation: MSG_*, fsync flags, ...
  std::uint8_t submit_flags = 0;  // IOSQE_*
  std::uint16_t io_priority = 0;  // IORING_RECV_MULTISHOT, IORING_ACCEPT_MULTISHOT
  std::uint16_t buffer_group = 0;
};

/// Bridges the deadline and the Cancel of a wait to something that can be interrupted.
class Interrupt {
 public:
  class Target {
   public:
    /// Called at most once. `error` is -ETIME or -ECANCELED.
    virtual void interrupt(int error) noexcept = 0;

   protected:
    ~Target() = default;
  };

  Interrupt(Reactor& reactor, Target& target) noexcept : target_(target), reactor_(reactor) {}
  /// Arms both; returns the error at once if the wait is already over.
  int arm(Deadline deadline, Cancel cancel) noexcept;
  void disarm() noexcept {
    timer_.unlink();
    listener_.unlink();
  }

 private:
  struct DeadlineTimer final : Timer {
    explicit DeadlineTimer(Interrupt& interrupt) noexcept : owner(interrupt) {}
    void on_timer() noexcept override;
    Interrupt& owner;
  };
  struct Listener final : CancelListener {
    explicit Listener(Interrupt& interrupt) noexcept : owner(interrupt) {}
    void on_cancel() noexcept override;
    Interrupt& owner;
  };

  Target& target_;
  Reactor& reactor_;
  DeadlineTimer timer_{*this};
  Listener listener_{*this};
};

/// `const int result = co_await Submission(reactor, request, deadline, cancel);`
class Submission final : private Operation, private Runnable, private Interrupt::Target {
 public:
  Submission(Reactor& reactor, const Request& request, Deadline deadline, Cancel cancel) noexcept
      : reactor_(reactor), request_(request), deadline_(deadline), cancel_(cancel), interrupt_(reactor, *this) {}
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept;
  int await_resume() const noexcept { return result_; }

 private:
  void complete(int result, std::uint32_t flags) noexcept override;
  void run() noexcept override { waiting_.resume(); }
  void interrupt(int error) noexcept override;

  Reactor& reactor_;
  Request request_;
  Deadline deadline_;
  Cancel cancel_;
  Interrupt interrupt_;
  std::coroutine_handle<> waiting_;
  int interrupted_ = 0;
  int result_ = 0;
};

}  // namespace ringpost::io
