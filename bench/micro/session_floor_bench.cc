// What the kernel's share of a session is at least: nothing but the system calls of the server in one session with a
// handshake, on loopback and blocking, with the octets of our own sessions and nothing computed between. The client's
// calls are not timed. Beside handshake_operations_* it is the floor of what any server of one thread could need.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "base/assert.h"

namespace {

/// One step of a session: so many octets come, so many go in answer.
struct Step {
  std::size_t received, sent;
};

// Greeting; EHLO; QUIT.
constexpr auto plain = std::to_array<Step>({{0, 41}, {12, 239}, {6, 40}});
// Greeting; EHLO; STARTTLS; ClientHello; Finished, without an answer; EHLO, with the ticket; QUIT, with close_notify.
constexpr auto starttls = std::to_array<Step>({{0, 41}, {12, 239}, {10, 30}, {260, 757}, {74, 0}, {34, 445}, {28, 97}});

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

int listen_on_loopback(sockaddr_in& address) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address = {.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  RINGPOST_ASSERT(listener >= 0 && ::bind(listener, generic, length) == 0 && ::listen(listener, 16) == 0);
  RINGPOST_ASSERT(::getsockname(listener, generic, &length) == 0);
  return listener;
}

int connect_to(const sockaddr_in& address) {
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  RINGPOST_ASSERT(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return client;
}

template <std::size_t count>
void session_system_calls(benchmark::State& state, const std::array<Step, count>& steps) {
  sockaddr_in address{};
  const int listener = listen_on_loopback(address);
  std::array<char, 1024> octets{};
  for (auto _ : state) {
    const int client = connect_to(address);
    double begun = processor_seconds(), at_work = 0;
    const int on = 1, server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (const Step& step : steps) {
      at_work += processor_seconds() - begun;
      if (step.received != 0) RINGPOST_ASSERT(::send(client, octets.data(), step.received, 0) > 0);
      begun = processor_seconds();
      if (step.received != 0) RINGPOST_ASSERT(::recv(server, octets.data(), octets.size(), 0) > 0);
      if (step.sent == 0) continue;
      RINGPOST_ASSERT(::send(server, octets.data(), step.sent, 0) > 0);
      at_work += processor_seconds() - begun;
      RINGPOST_ASSERT(::recv(client, octets.data(), octets.size(), 0) > 0);
      begun = processor_seconds();
    }
    ::close(server);
    at_work += processor_seconds() - begun;
    state.SetIterationTime(at_work);
    ::close(client);
  }
  ::close(listener);
}
BENCHMARK_CAPTURE(session_system_calls, plain, plain)->UseManualTime();
BENCHMARK_CAPTURE(session_system_calls, starttls, starttls)->UseManualTime();

}  // namespace
