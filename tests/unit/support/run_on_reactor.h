// Runs one coroutine on a reactor of its own on the calling thread, for tests: `run_on_reactor([](io::Reactor& reactor)
// -> io::Task<> { ... })`. The lambda must not capture (a coroutine outlives its lambda object); state comes by
// reference parameters after the reactor.
#pragma once

#include <gtest/gtest.h>

#include "io/reactor.h"
#include "io/scope.h"
#include "io/task.h"

namespace ringpost::test {

inline io::Options small_reactor() {
  return {.submission_entries = 256, .completion_entries = 4096, .receive_buffers = 64, .receive_buffer_octets = 4096};
}

template <class Body, class... Arguments>
void run_on_reactor_with(const io::Options& options, Body body, Arguments&... arguments) {
  auto reactor = io::Reactor::create(options);
  ASSERT_TRUE(reactor.has_value()) << reactor.error().reason;
  io::Scope scope(**reactor);
  auto main = [](io::Reactor& r, Body f, Arguments&... a) -> io::Task<> {
    co_await io::Sleep(r, io::Deadline::after(std::chrono::milliseconds(0)), io::Cancel::never());  // into run()
    co_await f(r, a...);
    r.stop();
  };
  scope.spawn(main(**reactor, body, arguments...));
  (*reactor)->run();
  EXPECT_EQ(scope.running(), 0U);
}

template <class Body, class... Arguments>
void run_on_reactor(Body body, Arguments&... arguments) {
  run_on_reactor_with(small_reactor(), body, arguments...);
}

}  // namespace ringpost::test
