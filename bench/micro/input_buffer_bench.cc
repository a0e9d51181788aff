// What a command line costs on its way out of the input buffer: alone in its slice, pipelined, and cut in two.
#include <benchmark/benchmark.h>

#include <string>

#include "smtp/input_buffer.h"

namespace {

using namespace ringpost;

constexpr std::size_t line_octets_max = 4096;
constexpr std::string_view command = "RCPT TO:<someone.with.a.name@example.org> NOTIFY=FAILURE\r\n";

void read_lines(benchmark::State& state, const std::vector<io::Slice>& slices) {
  smtp::InputBuffer buffer;
  std::int64_t lines = 0;
  for (auto _ : state) {
    for (const io::Slice& slice : slices) {
      buffer.append(slice);
      for (;;) {
        const auto line = buffer.next_line(line_octets_max);
        if (!line || !*line) break;
        benchmark::DoNotOptimize((*line)->data());
        ++lines;
      }
    }
  }
  state.SetItemsProcessed(lines);
}

void line_in_its_own_slice(benchmark::State& state) {
  read_lines(state, {io::Slice::copy_of(command)});
}
BENCHMARK(line_in_its_own_slice);

void pipelined_lines(benchmark::State& state) {
  std::string octets;
  for (int i = 0; i < 20; ++i) octets.append(command);
  read_lines(state, {io::Slice::copy_of(octets)});
}
BENCHMARK(pipelined_lines);

void line_across_two_slices(benchmark::State& state) {
  read_lines(state, {io::Slice::copy_of(command.substr(0, 20)), io::Slice::copy_of(command.substr(20))});
}
BENCHMARK(line_across_two_slices);

}  // namespace
