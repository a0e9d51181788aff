// What TLS costs a server, without sockets: the server's half of a handshake (full, resumed, with either kind of key)
// and the octets of a message in and out. Both ends run here; only the server's calls are timed.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/assert.h"
#include "tls/channel.h"

namespace {

using namespace ringpost;
using Clock = std::chrono::steady_clock;

/// A folder with one self-signed certificate, made with the openssl program, and both contexts.
struct Ends {
  explicit Ends(const std::string& key) {
    char folder[] = "/tmp/ringpost-bench-XXXXXX";
    RINGPOST_ASSERT(::mkdtemp(folder) != nullptr);
    const std::string at = folder;
    const std::string command = "openssl req -x509 -newkey " + key + " -nodes -days 30 -subj /CN=bench -keyout " + at +
                                "/key -out " + at + "/certificate 2>/dev/null";
    RINGPOST_ASSERT(std::system(command.c_str()) == 0);
    tls::ServerOptions options;
    options.certificates.push_back({at + "/certificate", at + "/key", {}});
    auto server_context = tls::ServerContext::create(options);
    RINGPOST_ASSERT(server_context.has_value());
    server = std::static_pointer_cast<const tls::ServerCredentials>(
        std::shared_ptr<const tls::ServerContext>(*server_context));
    tls::ClientOptions client_options;
    client_options.ca_file.clear();
    auto client_context = tls::ClientContext::create(client_options);
    RINGPOST_ASSERT(client_context.has_value());
    client = std::move(*client_context);
    std::filesystem::remove_all(at);
  }
  tls::ClientCredentials& client_credentials() { return static_cast<tls::ClientCredentials&>(*client); }

  std::shared_ptr<const tls::ServerCredentials> server;
  std::unique_ptr<tls::ClientContext> client;
};

void carry(tls::Channel& from, tls::Channel& to) {
  if (!from.output().empty()) to.feed(io::Slice::copy_of(from.output()));
  from.output().clear();
}

/// The time that the server was at work.
Clock::duration shake(tls::Channel& server, tls::Channel& client) {
  using Progress = tls::Channel::Progress;
  Clock::duration at_work{};
  Progress ours = Progress::wants_octets, theirs = Progress::wants_octets;
  while (ours != Progress::done || theirs != Progress::done) {
    if (theirs != Progress::done) theirs = *client.handshake();
    carry(client, server);
    const auto before = Clock::now();
    if (ours != Progress::done) ours = *server.handshake();
    at_work += Clock::now() - before;
    carry(server, client);
  }
  return at_work;
}

void handshake(benchmark::State& state, const std::string& key, bool resumed) {
  Ends ends(key);
  const tls::ClientWish wish{"mail.example.org", false, resumed ? "k" : ""};
  for (auto _ : state) {
    Clock::duration at_work{};
    const auto before = Clock::now();
    tls::Channel server(ends.server);
    at_work += Clock::now() - before;
    tls::Channel client(ends.client_credentials(), wish);
    at_work += shake(server, client);
    static_cast<void>(client.decrypt());  // the ticket
    client.keep_session();
    state.SetIterationTime(std::chrono::duration<double>(at_work).count());
    state.counters["resumed"] = server.info().resumed ? 1 : 0;
  }
}
BENCHMARK_CAPTURE(handshake, p256_full, "ec -pkeyopt ec_paramgen_curve:P-256", false)->UseManualTime();
BENCHMARK_CAPTURE(handshake, p256_resumed, "ec -pkeyopt ec_paramgen_curve:P-256", true)->UseManualTime();
BENCHMARK_CAPTURE(handshake, rsa2048_full, "rsa:2048", false)->UseManualTime();
BENCHMARK_CAPTURE(handshake, rsa2048_resumed, "rsa:2048", true)->UseManualTime();

void receive_octets(benchmark::State& state) {
  Ends ends("ec -pkeyopt ec_paramgen_curve:P-256");
  tls::Channel server(ends.server), client(ends.client_credentials(), {});
  shake(server, client);
  const std::string plain(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    RINGPOST_ASSERT(client.encrypt(plain).has_value());
    carry(client, server);
    const auto before = Clock::now();
    const auto got = server.decrypt();
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - before).count());
    RINGPOST_ASSERT(got && got->size() == plain.size());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(receive_octets)->Arg(100)->Arg(16'384)->UseManualTime();

void send_octets(benchmark::State& state) {
  Ends ends("ec -pkeyopt ec_paramgen_curve:P-256");
  tls::Channel server(ends.server), client(ends.client_credentials(), {});
  shake(server, client);
  const std::string plain(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    RINGPOST_ASSERT(server.encrypt(plain).has_value());
    benchmark::DoNotOptimize(server.output().data());
    server.output().clear();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(send_octets)->Arg(100)->Arg(16'384);

}  // namespace
