// What a TLS handshake costs the server, from memory to memory: our channel and the library behind it, no socket, no
// coroutine. The client stands beside it and is not counted. To be held against handshake_crypto_bench.cc: what is more
// than that is parsing, building messages, memory, and us.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "bench/memory_file.h"
#include "bench/test_certificate.h"
#include "tls/channel.h"
#include "tls/client_context.h"
#include "tls/server_context.h"

namespace {

using namespace ringpost;
using Clock = std::chrono::steady_clock;

struct Contexts {
  bench::MemoryFile certificate = *bench::MemoryFile::create(bench::test_certificate);
  bench::MemoryFile key = *bench::MemoryFile::create(bench::test_key);
  std::shared_ptr<const tls::ServerCredentials> server;
  std::unique_ptr<tls::ClientContext> client;

  static tls::ServerOptions server_options(const Contexts& contexts) {
    tls::ServerOptions options;
    options.certificates.push_back({contexts.certificate.path(), contexts.key.path(), ""});
    return options;
  }
  explicit Contexts(tls::Version version) {
    server = std::static_pointer_cast<const tls::ServerCredentials>(*tls::ServerContext::create(server_options(*this)));
    tls::ClientOptions options;
    options.ca_file.clear();
    options.max_version = version;
    client = *tls::ClientContext::create(options);
  }
  tls::ClientCredentials& credentials() { return static_cast<tls::ClientCredentials&>(*client); }
};

/// Hands over what one has to say to the other.
void pass(tls::Channel& from, tls::Channel& to) {
  if (from.output().empty()) return;
  to.feed(io::Slice::copy_of(from.output()));
  from.output().clear();
}

struct Outcome {
  Clock::duration spent{};  // by the server, from making its channel to having dropped it
  bool resumed = false;
};

/// nullopt: it failed.
std::optional<Outcome> shake_hands(Contexts& contexts, const std::string& session_key) {
  tls::Channel client(contexts.credentials(), {.server_name = "", .verify = false, .session_key = session_key});
  auto said = client.handshake();
  if (!said) return std::nullopt;
  Outcome outcome;
  std::optional<tls::Channel> server;
  for (bool done = false; !done;) {
    auto began = Clock::now();
    if (!server) server.emplace(contexts.server);
    pass(client, *server);
    const auto progress = server->handshake();
    outcome.spent += Clock::now() - began;
    pass(*server, client);
    if (*said != tls::Channel::Progress::done)
      said = client.handshake();  // with 1.3 the client is the first to be done
    if (!progress || !said) return std::nullopt;
    done = *progress == tls::Channel::Progress::done;
  }
  outcome.resumed = server->info().resumed;
  if (!client.decrypt()) return std::nullopt;  // nothing but the ticket
  client.keep_session();
  const auto began = Clock::now();
  server.reset();
  outcome.spent += Clock::now() - began;
  return outcome;
}

void server_handshake(benchmark::State& state, tls::Version version, bool resumed) {
  Contexts contexts(version);
  const std::string session_key = resumed ? "bench" : "";
  static_cast<void>(shake_hands(contexts, session_key));  // the first has nothing to resume
  for (auto _ : state) {
    const auto outcome = shake_hands(contexts, session_key);
    if (!outcome || outcome->resumed != resumed) {
      state.SkipWithError("the handshake failed, or was not of the kind asked for");
      break;
    }
    state.SetIterationTime(std::chrono::duration<double>(outcome->spent).count());
  }
}
BENCHMARK_CAPTURE(server_handshake, tls_13_full, tls::Version::tls_1_3, false)->UseManualTime();
BENCHMARK_CAPTURE(server_handshake, tls_13_resumed, tls::Version::tls_1_3, true)->UseManualTime();
BENCHMARK_CAPTURE(server_handshake, tls_12_full, tls::Version::tls_1_2, false)->UseManualTime();
BENCHMARK_CAPTURE(server_handshake, tls_12_resumed, tls::Version::tls_1_2, true)->UseManualTime();

}  // namespace
