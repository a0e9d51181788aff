#include "bench/tally.h"

#include <utility>

namespace ringpost::bench {

std::string_view to_string(Phase phase) noexcept {
  static constexpr std::array<std::string_view, phase_count> names{
      "connect", "tls", "greeting", "ehlo", "auth", "mail", "rcpt", "data", "accept", "message", "session"};
  return names[static_cast<std::size_t>(phase)];
}

void Tally::note(std::string key, std::string example) {
  Failure& failure = failures_[std::move(key)];
  if (failure.count++ == 0) failure.example = std::move(example);
}

void Tally::note(std::string_view stage, const smtp::Reply& reply) {
  note(std::string(stage) + " " + std::to_string(reply.code()), reply.one_line(200));
}

void Tally::note(std::string_view stage, const Error& error) {
  note(std::string(stage) + " " + std::string(to_string(error.kind)), error.reason);
}

void Tally::note(const tls::ConnectionInfo& handshake) {
  (handshake.resumed ? resumed_handshakes : full_handshakes).add();
  ++agreed_[handshake.version + " " + handshake.cipher];
}

void Tally::merge(const Tally& other) {
  accepted.merge(other.accepted);
  failed.merge(other.failed);
  recipients.merge(other.recipients);
  octets.merge(other.octets);
  sessions.merge(other.sessions);
  idle.merge(other.idle);
  full_handshakes.merge(other.full_handshakes);
  resumed_handshakes.merge(other.resumed_handshakes);
  logins.merge(other.logins);
  for (std::size_t i = 0; i < phase_count; ++i) phases_[i].merge(other.phases_[i]);
  for (const auto& [key, failure] : other.failures_) {
    Failure& mine = failures_[key];
    if (mine.count == 0) mine.example = failure.example;
    mine.count += failure.count;
  }
  for (const auto& [suite, count] : other.agreed_) agreed_[suite] += count;
}

}  // namespace ringpost::bench
