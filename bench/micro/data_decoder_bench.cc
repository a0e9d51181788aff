// How fast octets pass the DATA decoder: a 10 KiB text as most mail is, a line of dots as none is, and BDAT beside it.
#include <benchmark/benchmark.h>

#include <string>

#include "smtp/bdat_decoder.h"
#include "smtp/data_decoder.h"

namespace {

using namespace ringpost;

std::string text(std::size_t octets, std::string_view line_start) {
  std::string body = "From: a@example.org\r\nTo: b@example.org\r\nSubject: measure\r\nDate: now\r\n\r\n";
  while (body.size() < octets) {
    body.append(line_start);
    body.append(70 - line_start.size(), 'x').append("\r\n");
  }
  return body;
}

void decode(benchmark::State& state, const std::string& body, std::size_t slice_octets, bool originators = false) {
  const std::string octets = body + ".\r\n";
  std::vector<io::Slice> slices;
  for (std::size_t at = 0; at < octets.size(); at += slice_octets) {
    slices.push_back(io::Slice::copy_of(std::string_view(octets).substr(at, slice_octets)));
  }
  std::vector<io::Slice> out;
  out.reserve(1024);
  for (auto _ : state) {
    smtp::DataDecoder decoder(smtp::BareLineEnding::refuse, 50 << 20);
    decoder.collect_originators(originators);
    for (const io::Slice& slice : slices) decoder.feed(slice, out);
    benchmark::DoNotOptimize(decoder.facts());
    out.clear();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * octets.size()));
}

void data_text(benchmark::State& state) {
  decode(state, text(10 << 10, ""), static_cast<std::size_t>(state.range(0)));
}
BENCHMARK(data_text)->Arg(16 << 10)->Arg(4 << 10)->Arg(1460);

void data_text_with_originators(benchmark::State& state) {
  decode(state, text(10 << 10, ""), static_cast<std::size_t>(state.range(0)), true);
}
BENCHMARK(data_text_with_originators)->Arg(16 << 10)->Arg(4 << 10)->Arg(1460);

void data_text_one_mebibyte(benchmark::State& state) {
  decode(state, text(1 << 20, ""), 16 << 10);
}
BENCHMARK(data_text_one_mebibyte);

void data_every_line_stuffed(benchmark::State& state) {
  decode(state, text(10 << 10, ".."), 16 << 10);
}
BENCHMARK(data_every_line_stuffed);

void bdat_text(benchmark::State& state) {
  const std::string body = text(10 << 10, "");
  const io::Slice slice = io::Slice::copy_of(body);
  std::vector<io::Slice> out;
  out.reserve(16);
  for (auto _ : state) {
    smtp::BdatDecoder decoder(50 << 20);
    decoder.begin_chunk(body.size(), true);
    decoder.feed(slice, out);
    benchmark::DoNotOptimize(decoder.facts());
    out.clear();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(bdat_text);

}  // namespace
