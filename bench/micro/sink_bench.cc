// What the sink and the load generator add to each message themselves.
#include <benchmark/benchmark.h>

#include <string>

#include "base/random.h"
#include "bench/dot_finder.h"
#include "bench/histogram.h"
#include "bench/message_maker.h"

namespace {

using namespace ringpost;

void find_final_dot(benchmark::State& state) {
  const bench::MessageMaker maker(bench::SizeMix(static_cast<std::uint64_t>(state.range(0))), "a@b.example",
                                  "c.example", 1);
  const std::string message = std::string(maker.body(0)) + ".\r\n";
  for (auto _ : state) {
    bench::DotFinder finder;
    benchmark::DoNotOptimize(finder.feed(message));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK(find_final_dot)->Arg(10'240)->Arg(1 << 20);

void make_header(benchmark::State& state) {
  const bench::MessageMaker maker(bench::SizeMix(10'240), "a@b.example", "c.example", 1);
  bench::MessageMaker::Header header(maker);
  std::uint64_t message = 0;
  for (auto _ : state) benchmark::DoNotOptimize(header.make(++message, WallTime::now()));
}
BENCHMARK(make_header);

void record_latency(benchmark::State& state) {
  bench::Histogram histogram;
  std::uint64_t value = random_u64() | 1;
  for (auto _ : state) {
    value = value * 6'364'136'223'846'793'005ULL + 1;
    histogram.record(value >> 34);
  }
  benchmark::DoNotOptimize(histogram.count());
}
BENCHMARK(record_latency);

}  // namespace
