// The JSON object at the end: connections, messages, recipients, octets, refused (4xx and 5xx replies), hung_up
// (sessions ended as told), broken (sessions that ended in the middle of a message), tls {full, resumed, failed}
// (handshakes), seconds, cpu {user_seconds, system_seconds, ms_per_message}; with --count-tokens also tokens (different
// messages), duplicates, without_token.
#include "bench/sink_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "bench/sink.h"
#include "bench/watch.h"

namespace ringpost::bench {

namespace {

struct Words {
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> replies, disconnects, delays;
  std::string greeting_delay, tarpit;
  std::vector<std::string> not_offered;
  std::uint64_t stop_after = 0;
  SinkOptions options;
  bool starttls = false;
  bool implicit = false;
  bool json = false;
  bool no_progress = false;
  bool print_address = false;
};

Result<void> read_faults(const Words& words, Faults& faults) {
  Result<void> done;
  const auto each = [&done](const std::vector<std::string>& texts, auto take) {
    for (const std::string& text : texts) {
      if (done) done = take(text);
    }
  };
  each(words.replies, [&](const std::string& text) { return faults.add_reply(text); });
  each(words.disconnects, [&](const std::string& text) { return faults.add_disconnect(text); });
  each(words.delays, [&](const std::string& text) { return faults.add_delay(text); });
  if (done && !words.greeting_delay.empty()) done = faults.add_delay("greeting:" + words.greeting_delay);
  if (done && !words.tarpit.empty()) done = faults.set_tarpit(words.tarpit);
  return done;
}

Result<SinkOptions> read(const Words& words) {
  SinkOptions options = words.options;
  auto listen = io::SocketAddress::parse(words.listen);
  if (!listen) return propagate(listen);
  options.listen = *listen;
  for (const std::string& keywords : words.not_offered) {
    auto removed = remove_extensions(options.offered, keywords);
    if (!removed) return propagate(removed);
  }
  if (words.starttls) options.encryption = Encryption::starttls;
  if (words.implicit) options.encryption = Encryption::implicit;
  auto faults = read_faults(words, options.faults);
  if (!faults) return propagate(faults);
  if (words.stop_after > 0) options.stop_after = words.stop_after;
  if (!options.store.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.store, error);
    if (error) return fail(ErrorKind::io, options.store + ": " + error.message());
  }
  return options;
}

void show_progress(const SinkCounts& now, std::uint64_t& messages_before) {
  const std::uint64_t messages = now.messages.value();
  if (messages == messages_before) return;
  fmt::print(stderr, "{} messages, {}/s, {} recipients, {} refused, {} connections\n", messages,
             messages - messages_before, now.recipients.value(), now.refused.value(), now.connections.value());
  messages_before = messages;
}

double cpu_ms_per_message(const Cost& cost, std::uint64_t messages) {
  return messages == 0 ? 0 : (cost.user_seconds + cost.system_seconds) * 1000 / static_cast<double>(messages);
}

std::string to_json(const SinkCounts& counts, const Cost& cost, const DeliveryLog::Counts* deliveries) {
  nlohmann::json out;
  out["connections"] = counts.connections.value();
  out["messages"] = counts.messages.value();
  out["recipients"] = counts.recipients.value();
  out["octets"] = counts.octets.value();
  out["refused"] = counts.refused.value();
  out["hung_up"] = counts.hung_up.value();
  out["broken"] = counts.broken.value();
  out["tls"] = {{"full", counts.full_handshakes.value()},
                {"resumed", counts.resumed_handshakes.value()},
                {"failed", counts.handshakes_failed.value()}};
  out["seconds"] = cost.seconds;
  out["cpu"] = {{"user_seconds", cost.user_seconds},
                {"system_seconds", cost.system_seconds},
                {"ms_per_message", cpu_ms_per_message(cost, counts.messages.value())}};
  if (deliveries != nullptr) {
    out["tokens"] = deliveries->tokens;
    out["duplicates"] = deliveries->duplicates;
    out["without_token"] = deliveries->without_token;
  }
  return out.dump() + "\n";
}

std::string to_text(const SinkCounts& counts, const Cost& cost, const DeliveryLog::Counts* deliveries, bool encrypted) {
  std::string out = fmt::format("{} messages, {} recipients, {} octets, {} connections\n", counts.messages.value(),
                                counts.recipients.value(), counts.octets.value(), counts.connections.value());
  out += fmt::format("refused {}, hung up {}, broken {}\n", counts.refused.value(), counts.hung_up.value(),
                     counts.broken.value());
  if (encrypted) {
    out += fmt::format("handshakes: {} full, {} resumed, {} failed\n", counts.full_handshakes.value(),
                       counts.resumed_handshakes.value(), counts.handshakes_failed.value());
  }
  if (deliveries != nullptr) {
    out += fmt::format("tokens {}, duplicates {}, without token {}\n", deliveries->tokens, deliveries->duplicates,
                       deliveries->without_token);
  }
  out += fmt::format("own CPU: {:.2f} s user, {:.2f} s system, {:.4f} ms a message\n", cost.user_seconds,
                     cost.system_seconds, cpu_ms_per_message(cost, counts.messages.value()));
  return out;
}

int run(const Words& words) {
  auto options = read(words);
  if (!options) {
    fmt::print(stderr, "ringpost-bench sink: {}\n", options.error().reason);
    return 2;
  }
  raise_descriptor_limit();
  Watch watch;
  Sink sink(*options, [&watch] { watch.wake(); });
  auto started = sink.start();
  if (!started) {
    fmt::print(stderr, "ringpost-bench sink: {}\n", started.error().reason);
    return 1;
  }
  fmt::print("{}{}\n", words.print_address ? "" : "listening on ", sink.address());
  std::fflush(stdout);
  std::uint64_t messages_before = 0;
  while (watch.wait() == Watch::News::second_passed) {
    if (words.no_progress) continue;
    SinkCounts now;
    sink.sum(now);
    show_progress(now, messages_before);
  }
  const Cost cost = sink.cost();
  sink.stop();
  SinkCounts counts;
  sink.sum(counts);
  const DeliveryLog::Counts deliveries = sink.deliveries();
  const bool encrypted = options->encryption != Encryption::none;
  const auto* told = options->count_tokens ? &deliveries : nullptr;
  fmt::print("{}", words.json ? to_json(counts, cost, told) : to_text(counts, cost, told, encrypted));
  return 0;
}

void add_faults(CLI::App& verb, Words& words) {
  verb.add_option("--delay", words.delays, "wait before the reply to the final dot (10ms), or to a STAGE (rcpt:10ms)");
  verb.add_option("--greeting-delay", words.greeting_delay, "wait before the greeting");
  verb.add_option(
          "--reply", words.replies,
          "STAGE:REPLY, with :SHARE% or :ADDRESS-PATTERN behind it: \"rcpt:450 4.2.1 busy:10%\", \"dot:550 5.7.1 "
          "no:user3@*\"; stages: greeting ehlo starttls mail rcpt data dot rset quit; may be given several times")
      ->allow_extra_args(false);
  verb.add_option("--disconnect", words.disconnects, "STAGE:SHARE%: leave without a word there; also body")
      ->allow_extra_args(false);
  verb.add_option("--tarpit", words.tarpit, "replies trickle: 1octet/s");
  verb.add_option("--no-extension", words.not_offered, "do not offer these: CHUNKING,8BITMIME");
}

void add_tls(CLI::App& verb, Words& words) {
  auto* certificate = verb.add_option("--certificate", words.options.certificate.certificate,
                                      "PEM file, the leaf first, then its chain")
                          ->check(CLI::ExistingFile);
  auto* key = verb.add_option("--key", words.options.certificate.key, "PEM file")->check(CLI::ExistingFile);
  auto* starttls = verb.add_flag("--starttls", words.starttls, "STARTTLS is offered");
  starttls->needs(certificate)->needs(key);
  verb.add_flag("--tls", words.implicit, "TLS from the first octet")
      ->needs(certificate)
      ->needs(key)
      ->excludes(starttls);
}

}  // namespace

void add_sink_command(CLI::App& app, int& status) {
  auto words = std::make_shared<Words>();
  SinkOptions& options = words->options;
  CLI::App* verb = app.add_subcommand("sink", "takes any mail, counts it, and misbehaves where told to");
  verb->add_option("--listen,--address", words->listen, "ADDRESS:PORT, port 0 for any (127.0.0.1:0)");
  verb->add_option("--threads", options.threads, "(1)")->check(CLI::Range(1U, SinkOptions::threads_max));
  verb->add_option("--hostname", options.hostname, "name in the greeting (sink.server.example)");
  verb->add_flag("--lmtp", options.lmtp, "LHLO, and a reply for each recipient");
  verb->add_option("--store", options.store, "keep each message as a file in this folder");
  verb->add_flag("--count-tokens", options.count_tokens, "tell lost and doubled messages of `load` apart");
  verb->add_option("--stop-after", words->stop_after, "end when so many messages were accepted");
  add_tls(*verb, *words);
  add_faults(*verb, *words);
  verb->add_flag("--json", words->json, "the counts at the end as one JSON object");
  verb->add_flag("--no-progress", words->no_progress, "no line on stderr each second");
  verb->add_flag("--print-address", words->print_address, "just ADDRESS:PORT instead of \"listening on ADDRESS:PORT\"");
  verb->callback([words, &status] { status = run(*words); });
}

}  // namespace ringpost::bench
