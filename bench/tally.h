// What a thread of the load generator counts: messages, latencies per phase, and failures by the command that failed
// and the reply code. Counters may be read by any thread while it runs (progress); the rest belongs to its own thread
// and is merged when all have ended. The list of failures is bounded: stages times reply codes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "bench/histogram.h"
#include "smtp/reply.h"
#include "telemetry/histogram.h"

namespace ringpost::bench {

/// From the moment the command left (with pipelining: the group it was in) to the reply. `accept`: from the final dot.
/// `message`: from MAIL to the reply to the final dot; with a rate, from the time the message was due.
/// `session`: from connecting to the reply to QUIT.
enum class Phase : std::uint8_t { connect, greeting, ehlo, mail, rcpt, data, accept, message, session };
inline constexpr std::size_t phase_count = 9;
std::string_view to_string(Phase phase) noexcept;

struct Failure {
  std::uint64_t count = 0;
  std::string example;  // the first reply or reason
};

class Tally {
 public:
  telemetry::Counter accepted, failed, recipients, octets, sessions, idle;

  void record(Phase phase, Duration duration) noexcept { phases_[static_cast<std::size_t>(phase)].record(duration); }
  /// `stage` is a word of the protocol: "connect", "rcpt", "dot", ...
  void note(std::string_view stage, const smtp::Reply& reply);
  void note(std::string_view stage, const Error& error);

  const Histogram& phase(Phase phase) const noexcept { return phases_[static_cast<std::size_t>(phase)]; }
  const std::map<std::string, Failure>& failures() const noexcept { return failures_; }
  void merge(const Tally& other);

 private:
  void note(std::string key, std::string example);

  std::array<Histogram, phase_count> phases_;
  std::map<std::string, Failure> failures_;
};

}  // namespace ringpost::bench
