#include "bench/load_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/units.h"
#include "bench/load.h"
#include "bench/load_report.h"
#include "bench/security_words.h"
#include "bench/watch.h"

namespace ringpost::bench {

namespace {

// The words of the command line, before they mean something.
struct Words {
  std::string to;
  std::uint32_t sessions = 0;
  std::uint64_t messages_per_session = 0;
  std::optional<std::uint64_t> messages;  // 0: sessions without mail
  std::uint64_t count = 0;                // of sessions without mail
  std::string size, size_mix, rate, from, duration, hold, timeout, sources;
  std::vector<std::string> recipients;
  SecurityWords security;
  LoadOptions options;
  bool json = false;
  bool no_progress = false;
};

Result<double> parse_rate(std::string_view text) {
  double unit = 1;
  std::string_view number = text;
  for (const auto& [suffix, seconds] : {std::pair<std::string_view, double>{"/s", 1}, {"/m", 60}, {"/h", 3600}}) {
    if (!number.ends_with(suffix)) continue;
    number.remove_suffix(suffix.size());
    unit = seconds;
    break;
  }
  const std::string digits(number);
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  if (digits.empty() || *end != '\0' || !(value > 0) || value > 1e7) {
    return fail(ErrorKind::invalid, "not a rate (\"500/s\"): " + std::string(text));
  }
  return value / unit;
}

/// An option that was not given leaves what is there.
Result<void> set_duration(const std::string& text, auto& out) {
  if (text.empty()) return {};
  const auto duration = parse_duration(text);
  if (!duration) return fail(ErrorKind::invalid, "not a duration (\"30s\"): " + text);
  out = *duration;
  return {};
}

Result<void> read_addresses(const Words& words, LoadOptions& options) {
  auto to = io::SocketAddress::parse(words.to);
  if (!to) return propagate(to);
  options.to = *to;
  if (!words.sources.empty()) {
    auto sources = parse_source_addresses(words.sources);
    if (!sources) return propagate(sources);
    options.sources = std::move(*sources);
  }
  if (!words.from.empty()) {
    auto from = mail::parse_address(words.from == "<>" ? "" : words.from, false, true);
    if (!from) return propagate(from);
    options.from = std::move(*from);
  }
  if (!words.recipients.empty()) options.recipients = words.recipients;
  for (const std::string& recipient : options.recipients) {
    std::string example = recipient;
    if (const auto hole = example.find("{n}"); hole != std::string::npos) example.replace(hole, 3, "1");
    auto address = mail::parse_address(example, false, false);
    if (!address) return propagate(address);
  }
  return {};
}

Result<void> read_amounts(const Words& words, LoadOptions& options) {
  // Idle sessions alone are a load of their own.
  options.sessions = words.sessions > 0 ? words.sessions : options.idle_sessions > 0 ? 0 : 1;
  options.without_mail = words.messages == 0U;
  if (words.count > 0 && !options.without_mail) return fail(ErrorKind::invalid, "--count needs --messages 0");
  if (words.messages_per_session > 0 && options.without_mail) {
    return fail(ErrorKind::invalid, "--messages-per-session does not go with --messages 0");
  }
  if (words.messages_per_session > 0) options.messages_per_session = words.messages_per_session;
  if (!options.without_mail) options.messages = words.messages;
  if (words.count > 0) options.messages = words.count;
  const std::string& sizes = words.size_mix.empty() ? words.size : words.size_mix;
  if (!sizes.empty()) {
    auto mix = SizeMix::parse(sizes);
    if (!mix) return propagate(mix);
    options.sizes = std::move(*mix);
  }
  if (!words.rate.empty()) {
    auto rate = parse_rate(words.rate);
    if (!rate) return propagate(rate);
    options.rate = *rate;
  }
  auto read = set_duration(words.duration, options.duration);
  if (read) read = set_duration(words.timeout, options.reply_wait);
  if (read) read = set_duration(words.hold, options.hold);
  return read;
}

Result<LoadOptions> read(Words& words) {
  LoadOptions options = words.options;
  auto addresses = read_addresses(words, options);
  if (!addresses) return propagate(addresses);
  auto amounts = read_amounts(words, options);
  if (!amounts) return propagate(amounts);
  auto security = read_security(words.security, STDIN_FILENO, options);
  if (!security) return propagate(security);
  return options;
}

void show_progress(const Load::Progress& before, const Load::Progress& now, bool without_mail) {
  constexpr double mib = 1024.0 * 1024.0;
  if (without_mail) {
    fmt::print(stderr, "{} sessions, {}/s, {} failed\n", now.sessions, now.sessions - before.sessions, now.failed);
    return;
  }
  fmt::print(stderr, "{} messages, {}/s, {:.1f} MiB/s, {} failed, {} sessions{}\n", now.accepted,
             now.accepted - before.accepted, static_cast<double>(now.octets - before.octets) / mib, now.failed,
             now.sessions, now.idle > 0 ? fmt::format(", {} idle", now.idle) : "");
}

int run(Words& words) {
  auto options = read(words);
  if (!options) {
    fmt::print(stderr, "ringpost-bench load: {}\n", options.error().reason);
    return 2;
  }
  raise_descriptor_limit();
  Watch watch;
  Load load(*options, [&watch] { watch.wake(); });
  load.start();
  Load::Progress before;
  for (Watch::News news = watch.wait(); news != Watch::News::woken; news = watch.wait()) {
    if (news == Watch::News::asked_to_end) load.request_stop();
    if (words.no_progress || news != Watch::News::second_passed) continue;
    const Load::Progress now = load.progress();
    show_progress(before, now, options->without_mail);
    before = now;
  }
  const auto report = load.finish();
  fmt::print("{}{}", words.json ? to_json(*report) : to_text(*report), words.json ? "\n" : "");
  return report->flawless(*options) ? 0 : 1;
}

void add_amounts(CLI::App& verb, Words& words) {
  LoadOptions& options = words.options;
  verb.add_option("--sessions", words.sessions, "sessions at the same time (1)")
      ->check(CLI::Range(1U, LoadOptions::sessions_max));
  verb.add_option("--messages-per-session", words.messages_per_session,
                  "then QUIT and connect again; 1: a connection for each message (default: all on one)");
  verb.add_option(
      "--messages", words.messages,
      "in all (default: sessions times messages-per-session, or until --duration; otherwise 1000); 0: "
      "sessions only, that connect, greet and leave: with --starttls or --tls handshakes, with --user logins");
  verb.add_option("--count", words.count, "of sessions with --messages 0 (1000, or until --duration)");
  verb.add_option("--duration", words.duration, "begin nothing new after this time: 30s");
  verb.add_option("--rate", words.rate,
                  "messages are due at this rate (500/s, 30000/h), whether or not the server keeps up; latency counts "
                  "from when they were due (default: each session sends the next when the last was answered)");
  auto* size = verb.add_option("--size", words.size, "of each message with its header (10KiB)");
  verb.add_option("--size-mix", words.size_mix, "sizes with weights: 2KiB:70,50KiB:25,1MiB:5")->excludes(size);
  verb.add_option("--idle-sessions", options.idle_sessions,
                  "sessions that say EHLO (after a handshake, before a login) and then nothing, beside the load")
      ->check(CLI::Range(0U, LoadOptions::sessions_max));
  verb.add_option("--hold", words.hold, "how long idle sessions stay after the last was opened (0s)");
  verb.add_option("--timeout", words.timeout, "how long to wait for a reply before the session is given up (5m)");
  verb.add_option("--threads", options.threads, "(1)")->check(CLI::Range(1U, LoadOptions::threads_max));
}

void add_mail(CLI::App& verb, Words& words) {
  LoadOptions& options = words.options;
  verb.add_option("--from", words.from, "reverse-path (load@client.example); <> for the null one");
  verb.add_option("--rcpt", words.recipients,
                  "recipient, may be given several times: taken in turn; {n} in it counts up");
  verb.add_option("--rcpts-per-message", options.recipients_per_message, "(1)")
      ->check(CLI::Range(1U, LoadOptions::recipients_per_message_max));
  verb.add_option("--helo", options.helo, "name in EHLO (load.client.example)");
  verb.add_flag("--pipelining,!--no-pipelining", options.pipelining,
                "MAIL, RCPT and DATA in one send, where offered (on)");
  verb.add_flag("--bdat", options.bdat, "BDAT instead of DATA, where CHUNKING is offered");
  verb.add_flag("--lmtp", options.lmtp, "LHLO, and a reply for each recipient");
  verb.add_option("--source-addresses", words.sources, "connect from these in turn: 127.0.0.2-127.0.0.9");
}

}  // namespace

void add_load_command(CLI::App& app, int& status) {
  auto words = std::make_shared<Words>();
  CLI::App* verb = app.add_subcommand("load", "sends mail and measures");
  verb->add_option("--to", words->to, "HOST:PORT, numeric: 127.0.0.1:2525")->required();
  add_amounts(*verb, *words);
  add_mail(*verb, *words);
  add_security(*verb, words->security);
  verb->add_flag("--json", words->json,
                 "the report as one JSON object: counts, rates, cpu, latency_ms, phases, tls, errors");
  verb->add_flag("--no-progress", words->no_progress, "no line on stderr each second");
  verb->callback([words, &status] { status = run(*words); });
}

}  // namespace ringpost::bench
