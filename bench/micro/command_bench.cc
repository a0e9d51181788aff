// What a command line costs: parsing alone, with its argument, and the reply to it.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "smtp/command.h"
#include "smtp/handoff.h"
#include "smtp/params.h"
#include "smtp/replies.h"

namespace {

using namespace ringpost;

smtp::Extensions everything() {
  smtp::Extensions offered;
  offered.size = offered.eight_bit_mime = offered.smtputf8 = offered.dsn = true;
  return offered;
}

void parse_command_line(benchmark::State& state) {
  std::string_view line = "RCPT TO:<someone@customer.example.com> NOTIFY=FAILURE";
  for (auto _ : state) {
    benchmark::DoNotOptimize(line);
    auto command = smtp::parse_command(line);
    benchmark::DoNotOptimize(command);
  }
}
BENCHMARK(parse_command_line);

void parse_mail_argument(benchmark::State& state) {
  const smtp::Extensions offered = everything();
  std::string_view argument = "FROM:<bounces+12345@mail.example.com> SIZE=10240 BODY=8BITMIME";
  for (auto _ : state) {
    benchmark::DoNotOptimize(argument);
    auto command = smtp::parse_mail(argument, offered);
    benchmark::DoNotOptimize(command);
  }
}
BENCHMARK(parse_mail_argument);

void parse_rcpt_argument(benchmark::State& state) {
  const smtp::Extensions offered = everything();
  std::string_view argument = "TO:<someone@customer.example.com> NOTIFY=FAILURE";
  for (auto _ : state) {
    benchmark::DoNotOptimize(argument);
    auto recipient = smtp::parse_rcpt(argument, offered, false);
    benchmark::DoNotOptimize(recipient);
  }
}
BENCHMARK(parse_rcpt_argument);

void parse_handoff_argument(benchmark::State& state) {
  std::string_view argument =
      "IDENT=01JC8M3V6Y2Q0Z5N7R9T1W4XAB TIME=1764100000123 ADDR=2001:db8::7 NAME=client.example.com PROTO=ESMTPSA "
      "LOGIN=someone@example.com LISTENER=submission TRUST=YES";
  for (auto _ : state) {
    benchmark::DoNotOptimize(argument);
    auto provenance = smtp::parse_handoff(argument);
    benchmark::DoNotOptimize(provenance);
  }
}
BENCHMARK(parse_handoff_argument);

void write_reply(benchmark::State& state) {
  std::string out;
  const MessageId id = MessageId::generate({1});
  for (auto _ : state) {
    out.clear();
    smtp::replies::queued(id).append_to(out);
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(write_reply);

}  // namespace
