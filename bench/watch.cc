#include "bench/watch.h"

#include <cerrno>
#include <ctime>

namespace ringpost::bench {

Watch::Watch() noexcept : thread_(::pthread_self()) {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGINT);
  ::sigaddset(&signals_, SIGTERM);
  ::sigaddset(&signals_, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

Watch::News Watch::wait() noexcept {
  const timespec second{.tv_sec = 1, .tv_nsec = 0};
  for (;;) {
    switch (::sigtimedwait(&signals_, nullptr, &second)) {
      case SIGUSR1:
        return News::woken;
      case SIGINT:
      case SIGTERM:
        return News::asked_to_end;
      default:
        if (errno == EAGAIN) return News::second_passed;  // otherwise EINTR, by a signal that is not ours
    }
  }
}

void Watch::wake() const noexcept {
  ::pthread_kill(thread_, SIGUSR1);
}

}  // namespace ringpost::bench
