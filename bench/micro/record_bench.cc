// The log's records: checksum and header of a body, the accept of a usual message.
#include <benchmark/benchmark.h>

#include <string>

#include "base/crc32c.h"
#include "queue/message_record.h"
#include "queue/record.h"

namespace ringpost::queue {
namespace {

Message usual_message() {
  Message message;
  message.id = MessageId::generate(WallTime::now());
  message.envelope.reverse_path = {"someone", "example.org"};
  message.envelope.recipients.push_back({{"someone.else", "example.net"}, {}, ""});
  message.envelope.origin = {"192.0.2.10", "client.example.org", "", "ESMTPS", "mx"};
  message.facts.octets = 10'240;
  message.prefix = std::string(180, 'x');
  message.body.push_back({.octets = 10'240});
  return message;
}

void record_of_body(benchmark::State& state) {
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  char header[record_header_octets];
  for (auto _ : state) {
    encode_record_header(RecordType::chunk, static_cast<std::uint32_t>(body.size()), crc32c(body), 7, header);
    benchmark::DoNotOptimize(header);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(record_of_body)->Arg(1 << 10)->Arg(10 << 10)->Arg(256 << 10);

void encode_accept(benchmark::State& state) {
  const Message message = usual_message();
  for (auto _ : state) benchmark::DoNotOptimize(encode_message(message));
}
BENCHMARK(encode_accept);

void decode_accept_record(benchmark::State& state) {
  const std::string octets = encode_message(usual_message());
  for (auto _ : state) benchmark::DoNotOptimize(decode_message(octets));
}
BENCHMARK(decode_accept_record);

}  // namespace
}  // namespace ringpost::queue
