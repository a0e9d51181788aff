// What a peer's reply costs: the common single line, and the reply to EHLO with its extensions.
#include <benchmark/benchmark.h>

#include <string_view>

#include "smtp/extensions.h"
#include "smtp/reply_parser.h"

namespace {

using namespace ringpost;

void parse_single_line_reply(benchmark::State& state) {
  smtp::ReplyParser parser;
  for (auto _ : state) {
    std::string_view octets = "250 2.0.0 queued as 01JDDW0000000000000000000A\r\n";
    auto reply = parser.feed(octets);
    benchmark::DoNotOptimize(reply);
  }
}
BENCHMARK(parse_single_line_reply);

void parse_ehlo_reply(benchmark::State& state) {
  smtp::ReplyParser parser;
  for (auto _ : state) {
    std::string_view octets =
        "250-mx.example.com greets you\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-CHUNKING\r\n"
        "250-ENHANCEDSTATUSCODES\r\n250-AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n250-SMTPUTF8\r\n250 DSN\r\n";
    auto reply = parser.feed(octets);
    auto offered = smtp::Extensions::from_ehlo_reply(**reply);
    benchmark::DoNotOptimize(offered);
  }
}
BENCHMARK(parse_ehlo_reply);

}  // namespace
