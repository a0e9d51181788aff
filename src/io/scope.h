// A Scope is where tasks run beside each other: it owns every task spawned into it and outlives them all. It closes in
// two phases, because stopping new work and knowing that the old has ended are two things: close() cancels (everything
// that waits with cancel() hears it), then joins. A Scope that dies with a task inside is a programming error.
//
// A spawned coroutine must not take references to what its spawner owns, unless that outlives the scope.
#pragma once

#include <coroutine>
#include <cstddef>

#include "base/assert.h"
#include "io/cancel.h"
#include "io/reactor.h"
#include "io/task.h"

namespace ringpost::io {

class Scope {
 public:
  explicit Scope(Reactor& reactor) noexcept : reactor_(reactor) {}
  ~Scope() { RINGPOST_ASSERT(running_ == 0); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Starts `task` now; it runs until it first waits, then this returns.
  void spawn(Task<> task);

  Cancel cancel() noexcept { return Cancel(source_); }
  bool closing() const noexcept { return source_.requested(); }
  std::size_t running() const noexcept { return running_; }

  /// Phase one: ask everything inside to end. Nothing may be spawned afterwards but what is ending itself spawns.
  void request_stop() noexcept { source_.request(); }
  /// Phase two: returns when the last task has ended. One caller.
  Task<> join();
  Task<> close() {
    request_stop();
    return join();
  }

 private:
  struct Detached {
    struct promise_type : detail::PromiseBase {
      Detached get_return_object() const noexcept { return {}; }
      std::suspend_never initial_suspend() const noexcept { return {}; }
      std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
    };
  };
  struct Joiner final : Runnable {
    std::coroutine_handle<> waiting;
    void run() noexcept override { waiting.resume(); }
  };

  static Detached run(Scope& scope, Task<> task);
  void finished() noexcept;

  Reactor& reactor_;
  CancelSource source_;
  std::size_t running_ = 0;
  Joiner joiner_;
};

}  // namespace ringpost::io
