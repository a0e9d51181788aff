// What a thread of the load generator counts: messages, handshakes, latencies per phase, and failures by the command
// that failed and the reply code. Counters may be read by any thread while it runs (progress); the rest belongs to its
// own thread and is merged when all have ended. The list of failures is bounded: stages times reply codes; so is that
// of what handshakes agreed on: versions times cipher suites.
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
#include "tls/connection_info.h"

namespace ringpost::bench {

/// From the moment the command left (with pipelining: the group it was in) to the reply. `accept`: from the final dot.
/// `message`: from MAIL to the reply to the final dot; with a rate, from the time the message was due.
/// `tls`: from STARTTLS, or with implicit TLS from the end of connecting, to the end of the handshake. `auth`: from
/// AUTH to its verdict, with whatever the client computes for it. `session`: from connecting to the reply to QUIT.
enum class Phase : std::uint8_t { connect, tls, greeting, ehlo, auth, mail, rcpt, data, accept, message, session };
inline constexpr std::size_t phase_count = 11;
std::string_view to_string(Phase phase) noexcept;

struct Failure {
  std::uint64_t count = 0;
  std::string example;  // the first reply or reason
};

class Tally {
 public:
  telemetry::Counter accepted, failed, recipients, octets, sessions, idle;
  telemetry::Counter full_handshakes, resumed_handshakes, logins;

  void record(Phase phase, Duration duration) noexcept { phases_[static_cast<std::size_t>(phase)].record(duration); }
  /// `stage` is a word of the protocol: "connect", "rcpt", "dot", ...
  void note(std::string_view stage, const smtp::Reply& reply);
  void note(std::string_view stage, const Error& error);

  /// A handshake that has succeeded.
  void note(const tls::ConnectionInfo& handshake);

  const Histogram& phase(Phase phase) const noexcept { return phases_[static_cast<std::size_t>(phase)]; }
  const std::map<std::string, Failure>& failures() const noexcept { return failures_; }
  /// "TLSv1.3 TLS_AES_128_GCM_SHA256": how many handshakes.
  const std::map<std::string, std::uint64_t>& agreed() const noexcept { return agreed_; }
  void merge(const Tally& other);

 private:
  void note(std::string key, std::string example);

  std::array<Histogram, phase_count> phases_;
  std::map<std::string, Failure> failures_;
  std::map<std::string, std::uint64_t> agreed_;
};

}  // namespace ringpost::bench
