#include "io/offload.h"

namespace ringpost::io {

OffloadPool::OffloadPool(std::size_t threads, std::size_t waiting_max) : waiting_max_(waiting_max) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

OffloadPool::~OffloadPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool OffloadPool::hand_in(Job& job) {
  RINGPOST_ASSERT(job.home != nullptr);
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(&job);
  }
  wake_.notify_one();
  return true;
}

void OffloadPool::serve() {
  for (;;) {
    Job* job = nullptr;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      job = waiting_.front();
      waiting_.pop_front();
    }
    Reactor* home = job->home;
    job->work();
    home->post(*job);
  }
}

}  // namespace ringpost::io
