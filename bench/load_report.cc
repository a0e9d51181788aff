// The JSON object:
//   accepted, failed, not_sent, recipients, sessions, idle_sessions, idle_sessions_lost   counts
//   octets                                    header and body of the accepted messages
//   seconds, messages_per_second, mib_per_second, sessions_per_second
//   cpu {user_seconds, system_seconds, ms_per_message, ms_per_session}      of the generator itself
//   latency_ms {count, mean, p50, p90, p99, p999, max}      from MAIL, or with a rate from when it was due, to 250
//   phases {NAME: the same}                   connect tls greeting ehlo auth mail rcpt data accept message session
//   tls {full, resumed, per_second, agreed {"VERSION CIPHER": count}}       handshakes; idle sessions' count too
//   logins                                    AUTH that succeeded
//   errors {"STAGE CODE": {count, example}}   by command and reply code, or the kind of a broken connection
//   thread_errors [..]                        only where a thread could not begin
#include "bench/load_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ringpost::bench {

namespace {

constexpr double mib = 1024.0 * 1024.0;

double milliseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-6;
}

struct Rates {
  double messages = 0, mib = 0, sessions = 0, handshakes = 0;  // a second
  double cpu_ms_per_message = 0, cpu_ms_per_session = 0;
};

Rates rates_of(const LoadReport& report) {
  const Tally& tally = report.tally;
  const auto accepted = static_cast<double>(tally.accepted.value()),
             sessions = static_cast<double>(tally.sessions.value());
  const auto handshakes = static_cast<double>(tally.full_handshakes.value() + tally.resumed_handshakes.value());
  const double seconds = std::max(report.cost.seconds, 1e-9);
  const double cpu_ms = (report.cost.user_seconds + report.cost.system_seconds) * 1000;
  return {.messages = accepted / seconds,
          .mib = static_cast<double>(tally.octets.value()) / mib / seconds,
          .sessions = sessions / seconds,
          .handshakes = handshakes / seconds,
          .cpu_ms_per_message = accepted == 0 ? 0 : cpu_ms / accepted,
          .cpu_ms_per_session = sessions == 0 ? 0 : cpu_ms / sessions};
}

nlohmann::json json_of(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"mean", histogram.mean() * 1e-6},
          {"p50", milliseconds(histogram.quantile(0.5))},
          {"p90", milliseconds(histogram.quantile(0.9))},
          {"p99", milliseconds(histogram.quantile(0.99))},
          {"p999", milliseconds(histogram.quantile(0.999))},
          {"max", milliseconds(histogram.max())}};
}

}  // namespace

std::string to_json(const LoadReport& report) {
  const Tally& tally = report.tally;
  const Rates rates = rates_of(report);
  nlohmann::json out;
  out["accepted"] = tally.accepted.value();
  out["failed"] = tally.failed.value();
  out["not_sent"] = report.not_sent;
  out["recipients"] = tally.recipients.value();
  out["sessions"] = tally.sessions.value();
  out["idle_sessions"] = tally.idle.value();
  out["idle_sessions_lost"] = report.idle_lost;
  out["octets"] = tally.octets.value();
  out["seconds"] = report.cost.seconds;
  out["messages_per_second"] = rates.messages;
  out["mib_per_second"] = rates.mib;
  out["sessions_per_second"] = rates.sessions;
  out["cpu"] = {{"user_seconds", report.cost.user_seconds},
                {"system_seconds", report.cost.system_seconds},
                {"ms_per_message", rates.cpu_ms_per_message},
                {"ms_per_session", rates.cpu_ms_per_session}};
  out["latency_ms"] = json_of(tally.phase(Phase::message));
  out["phases"] = nlohmann::json::object();
  for (std::size_t i = 0; i < phase_count; ++i) {
    const auto phase = static_cast<Phase>(i);
    out["phases"][std::string(to_string(phase))] = json_of(tally.phase(phase));
  }
  out["tls"] = {{"full", tally.full_handshakes.value()},
                {"resumed", tally.resumed_handshakes.value()},
                {"per_second", rates.handshakes},
                {"agreed", tally.agreed()}};
  out["logins"] = tally.logins.value();
  out["errors"] = nlohmann::json::object();
  for (const auto& [key, failure] : tally.failures()) {
    out["errors"][key] = {{"count", failure.count}, {"example", failure.example}};
  }
  if (!report.thread_failures.empty()) out["thread_errors"] = report.thread_failures;
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace {

/// Messages, or sessions where there was no mail.
std::string headline(const LoadReport& report, const Rates& rates) {
  const Tally& tally = report.tally;
  std::string out;
  if (report.without_mail) {
    out = fmt::format("{} of {} sessions in {:.2f} s: {:.1f} sessions/s\n", tally.sessions.value(),
                      tally.sessions.value() + tally.failed.value() + report.not_sent, report.cost.seconds,
                      rates.sessions);
  } else {
    out = fmt::format("accepted {} of {} messages in {:.2f} s: {:.1f} messages/s, {:.1f} MiB/s, {} sessions\n",
                      tally.accepted.value(), tally.accepted.value() + tally.failed.value() + report.not_sent,
                      report.cost.seconds, rates.messages, rates.mib, tally.sessions.value());
  }
  return out + fmt::format("own CPU: {:.2f} s user, {:.2f} s system, {:.4f} ms a {}\n", report.cost.user_seconds,
                           report.cost.system_seconds,
                           report.without_mail ? rates.cpu_ms_per_session : rates.cpu_ms_per_message,
                           report.without_mail ? "session" : "message");
}

std::string handshakes_line(const Tally& tally, const Rates& rates) {
  std::string out;
  if (!tally.agreed().empty()) {
    out = fmt::format("handshakes: {} full, {} resumed, {:.1f}/s", tally.full_handshakes.value(),
                      tally.resumed_handshakes.value(), rates.handshakes);
    for (const auto& [suite, count] : tally.agreed()) out += fmt::format("; {}x {}", count, suite);
    out += "\n";
  }
  if (tally.logins.value() > 0) out += fmt::format("logins: {}\n", tally.logins.value());
  return out;
}

}  // namespace

std::string to_text(const LoadReport& report) {
  const Tally& tally = report.tally;
  const Rates rates = rates_of(report);
  std::string out = headline(report, rates);
  out += handshakes_line(tally, rates);
  if (tally.idle.value() > 0) out += fmt::format("idle sessions: {}, lost {}\n", tally.idle.value(), report.idle_lost);
  out += fmt::format("{:<10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}   ms\n", "", "count", "p50", "p90", "p99", "p99.9",
                     "max");
  for (std::size_t i = 0; i < phase_count; ++i) {
    const Histogram& histogram = tally.phase(static_cast<Phase>(i));
    if (histogram.count() == 0) continue;
    out += fmt::format("{:<10}{:>10}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}\n", to_string(static_cast<Phase>(i)),
                       histogram.count(), milliseconds(histogram.quantile(0.5)), milliseconds(histogram.quantile(0.9)),
                       milliseconds(histogram.quantile(0.99)), milliseconds(histogram.quantile(0.999)),
                       milliseconds(histogram.max()));
  }
  for (const auto& [key, failure] : tally.failures()) {
    out += fmt::format("failed: {} {}x: {}\n", key, failure.count, failure.example);
  }
  if (report.not_sent > 0) out += fmt::format("not sent: {}\n", report.not_sent);
  for (const std::string& failure : report.thread_failures) out += fmt::format("failed: {}\n", failure);
  return out;
}

}  // namespace ringpost::bench
