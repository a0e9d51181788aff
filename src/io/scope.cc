#include "io/scope.h"

namespace ringpost::io {

void Scope::spawn(Task<> task) {
  ++running_;
  run(*this, std::move(task));
}

Scope::Detached Scope::run(Scope& scope, Task<> task) {
  {
    // The task dies before the scope hears of its end: what its frame holds may be the scope owner's.
    Task<> mine = std::move(task);
    co_await std::move(mine);
  }
  scope.finished();
}

void Scope::finished() noexcept {
  RINGPOST_ASSERT(running_ > 0);
  if (--running_ == 0 && joiner_.waiting && !joiner_.linked()) reactor_.make_ready(joiner_);
}

Task<> Scope::join() {
  struct Wait {
    Scope& scope;
    bool await_ready() const noexcept { return scope.running_ == 0; }
    void await_suspend(std::coroutine_handle<> awaiting) const noexcept {
      RINGPOST_ASSERT(!scope.joiner_.waiting);
      scope.joiner_.waiting = awaiting;
    }
    void await_resume() const noexcept { scope.joiner_.waiting = nullptr; }
  };
  // A task that ends may have spawned another: look again.
  while (running_ != 0) co_await Wait{*this};
}

}  // namespace ringpost::io
