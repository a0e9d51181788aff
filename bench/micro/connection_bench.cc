// What the reactor itself costs: handing slices on, a coroutine's frame, a turn of the loop, and octets there and back
// over a loopback connection, both ends on one reactor. The rest of a message's cost is the kernel's and the
// protocol's.
#include <benchmark/benchmark.h>

#include <string>

#include "io/connection.h"
#include "io/listener.h"
#include "io/scope.h"
#include "io/slice.h"

namespace {

using namespace ringpost;
using io::Cancel;
using io::Deadline;
using io::Task;

void copy_and_cut_a_slice(benchmark::State& state) {
  const io::Slice slice = io::Slice::copy_of(std::string(16'384, 'x'));
  for (auto _ : state) {
    io::Slice piece = slice.sub(100, 1000);
    benchmark::DoNotOptimize(piece);
  }
}
BENCHMARK(copy_and_cut_a_slice);

Task<int> answer(int value) {
  co_return value;
}

Task<> await_tasks(benchmark::State& state, io::Reactor& reactor) {
  co_await io::Sleep(reactor, Deadline::after(Duration::zero()), Cancel::never());
  for (auto _ : state) {
    const int value = co_await answer(42);
    benchmark::DoNotOptimize(value);
  }
  reactor.stop();
}

Task<> yield_turns(benchmark::State& state, io::Reactor& reactor) {
  struct Yield final : io::Runnable {
    explicit Yield(io::Reactor& owner) noexcept : reactor_(owner) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) noexcept {
      waiting_ = awaiting;
      reactor_.make_ready(*this);
    }
    void await_resume() const noexcept {}
    void run() noexcept override { waiting_.resume(); }
    io::Reactor& reactor_;
    std::coroutine_handle<> waiting_;
  };
  co_await io::Sleep(reactor, Deadline::after(Duration::zero()), Cancel::never());
  for (auto _ : state) co_await Yield(reactor);
  reactor.stop();
}

void run_alone(benchmark::State& state, Task<> (*body)(benchmark::State&, io::Reactor&)) {
  auto reactor = io::Reactor::create({});
  if (!reactor) return state.SkipWithError(reactor.error().reason.c_str());
  io::Scope scope(**reactor);
  scope.spawn(body(state, **reactor));
  (*reactor)->run();
}

void await_a_task(benchmark::State& state) {
  run_alone(state, await_tasks);
}
BENCHMARK(await_a_task);
void ready_queue_round(benchmark::State& state) {
  run_alone(state, yield_turns);
}
BENCHMARK(ready_queue_round);

Task<> echo(std::unique_ptr<io::Connection> connection, std::size_t octets) {
  // Answers 16 octets to each `octets` received, as a server does to a message.
  std::size_t received = 0;
  for (;;) {
    auto slice = co_await connection->receive(Deadline::after(std::chrono::seconds(30)), Cancel::never());
    if (!slice || slice->empty()) break;
    received += slice->size();
    if (received < octets) continue;
    received -= octets;
    auto sent =
        co_await connection->send("250 2.0.0 thanks", Deadline::after(std::chrono::seconds(30)), Cancel::never());
    if (!sent) break;
  }
  co_await connection->close();
}

Task<> round_trips(benchmark::State& state, io::Reactor& reactor) {
  co_await io::Sleep(reactor, Deadline::after(Duration::zero()), Cancel::never());
  auto socket = io::open_listening_socket(*io::SocketAddress::parse("127.0.0.1:0"), 16);
  io::Acceptor acceptor(reactor, std::move(*socket));
  auto client = co_await io::Connection::connect(reactor, acceptor.address(), {}, Deadline::never(), Cancel::never());
  auto accepted = co_await acceptor.next(Cancel::never());
  io::Scope scope(reactor);
  const std::string octets(static_cast<std::size_t>(state.range(0)), 'x');
  scope.spawn(echo(std::make_unique<io::Connection>(reactor, std::move(*accepted)), octets.size()));
  bool lost = false;
  for (auto _ : state) {
    auto sent = co_await (*client)->send(octets, Deadline::after(std::chrono::seconds(30)), Cancel::never());
    auto reply = co_await (*client)->receive(Deadline::after(std::chrono::seconds(30)), Cancel::never());
    lost = lost || !sent || !reply || reply->size() != 16;
  }
  if (lost) state.SkipWithError("a round trip failed");
  state.SetBytesProcessed(state.iterations() * state.range(0));
  co_await (*client)->close();
  co_await scope.join();
  co_await acceptor.stop();
  reactor.stop();
}

void connection_round_trip(benchmark::State& state) {
  run_alone(state, round_trips);
}
BENCHMARK(connection_round_trip)->Arg(16)->Arg(10'240)->Arg(102'400)->UseRealTime();

}  // namespace
