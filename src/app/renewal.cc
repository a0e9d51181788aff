#include "app/renewal.h"

namespace ringpost::app {

namespace {

constexpr std::chrono::seconds renewal_interval{2};

}  // namespace

Renewal::Renewal(Services& services) : services_(services), thread_([this] { run(); }) {}

Renewal::~Renewal() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Renewal::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, renewal_interval, [this] { return ending_; })) {
    lock.unlock();
    services_.renew();
    lock.lock();
  }
}

}  // namespace ringpost::app
