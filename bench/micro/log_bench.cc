// What the reactor thread pays for one event of a message: building the line and handing it to the log thread.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace ringpost::telemetry {
namespace {

void emit_deliver(const MessageId& id) {
  Event(EventKind::deliver)
      .session(0x1234U)
      .message(id)
      .field("from", "sender@example.com")
      .field("to", "recipient@example.net")
      .field("size", std::uint64_t{10'240})
      .field("remote", "mx.example.net[192.0.2.1]:25")
      .field("delay", Duration(std::chrono::milliseconds(12)))
      .status({250, {2, 0, 0}})
      .field("reply", "250 2.0.0 queued as 01ARZ3NDEKTSV4RRFFQ69G5FAV")
      .emit();
}

void log_deliver_event(benchmark::State& state) {
  const int file = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  start_log({}, "mx1.example.com", file);
  const MessageId id = MessageId::generate(WallTime::now());
  const std::uint64_t lost = log_lines_lost();
  int since_flush = 0;
  for (auto _ : state) {
    emit_deliver(id);
    if (++since_flush < 400) continue;
    since_flush = 0;
    state.PauseTiming();  // at a rate no server has, the ring would fill within the gathering time
    flush_log();
    state.ResumeTiming();
  }
  state.counters["lost"] = static_cast<double>(log_lines_lost() - lost);
  stop_log();
  ::close(file);
}
BENCHMARK(log_deliver_event);

void log_event_below_the_level(benchmark::State& state) {
  const int file = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  start_log({.level = LogLevel::error}, "mx1.example.com", file);
  const MessageId id = MessageId::generate(WallTime::now());
  for (auto _ : state) emit_deliver(id);
  stop_log();
  ::close(file);
}
BENCHMARK(log_event_below_the_level);

void count_and_record(benchmark::State& state) {
  for (auto _ : state) {
    counters().messages_received_total[Listener::mx].add();
    counters().commit_seconds.record(Duration(123'456));
  }
}
BENCHMARK(count_and_record);

}  // namespace
}  // namespace ringpost::telemetry
