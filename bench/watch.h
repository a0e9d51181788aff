// The main thread of the two verbs: sleeps until a second has passed (a line of progress), work has ended (wake()), or
// the operator asks for the end (SIGINT, SIGTERM). Made before any other thread, so that they all leave these signals
// to it.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <cstdint>

namespace ringpost::bench {

class Watch {
 public:
  enum class News : std::uint8_t { second_passed, woken, asked_to_end };

  Watch() noexcept;
  News wait() noexcept;
  /// Any thread.
  void wake() const noexcept;

 private:
  sigset_t signals_;
  pthread_t thread_;
};

}  // namespace ringpost::bench
