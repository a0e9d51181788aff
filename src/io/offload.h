// Helper threads for whatever may wait on a disk, a password hash or a library's own socket: a reactor hands work over
// and is resumed when it is done. The line is bounded; a full line answers `unavailable` at once, and the caller tells
// its peer to come back.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "io/reactor.h"
#include "io/task.h"

namespace ringpost::io {

class OffloadPool {
 public:
  OffloadPool(std::size_t threads, std::size_t waiting_max);
  /// Finishes what was handed in, then joins.
  ~OffloadPool();
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;

  /// Runs `work` on a helper thread and resumes the awaiting coroutine on its own reactor. `work` must be safe there;
  /// it runs to its end even if nobody wants the result any more.
  template <class Work>
  Task<Result<std::invoke_result_t<Work>>> run(Work work);

 private:
  class Job : public Parcel {
   public:
    virtual void work() noexcept = 0;
    Reactor* home = nullptr;

   protected:
    ~Job() = default;
  };
  template <class Work>
  class JobOf;

  bool hand_in(Job& job);
  void serve();

  const std::size_t waiting_max_;
  std::mutex mutex_;  // protects waiting_ and closing_
  std::condition_variable wake_;
  std::deque<Job*> waiting_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

template <class Work>
class OffloadPool::JobOf final : public Job {
 public:
  using Value = std::invoke_result_t<Work>;
  static_assert(!std::is_void_v<Value>, "return something, so that the result has a value");

  JobOf(OffloadPool& pool, Work function) : pool_(pool), work_(std::move(function)) { home = Reactor::current(); }
  void work() noexcept override { value.emplace(work_()); }
  void deliver() noexcept override { waiting_.resume(); }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    waiting_ = awaiting;
    return pool_.hand_in(*this);
  }
  void await_resume() const noexcept {}

  std::optional<Value> value;

 private:
  OffloadPool& pool_;
  Work work_;
  std::coroutine_handle<> waiting_;
};

template <class Work>
Task<Result<std::invoke_result_t<Work>>> OffloadPool::run(Work work) {
  JobOf<Work> job(*this, std::move(work));
  co_await job;
  if (!job.value) co_return fail(ErrorKind::unavailable, "the helper threads have too much waiting");
  co_return std::move(*job.value);
}

}  // namespace ringpost::io
