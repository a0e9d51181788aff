// The one list of what ringpost logs: the events in the life of a session, a message and the server, and every field
// they may carry. Whoever greps a log or feeds it to a database finds all names here (and in docs/log.md, which a test
// compares with this list). A field that is not in the list does not compile. Passwords, AUTH exchanges and message
// content are never logged, at any level.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "telemetry/options.h"

namespace ringpost::telemetry {

enum class EventKind : std::uint8_t {
  connect,
  tls,
  auth,
  accept,
  reject,
  queue,
  deliver,
  handoff,
  defer,
  bounce,
  expire,
  drop,
  disconnect,
  start,
  reload,
  drain,
  stop,
  debug,
  warning,
  error,
};

struct EventInfo {
  std::string_view name;
  LogLevel level;
  std::string_view meaning;
};

/// In the order of EventKind.
inline constexpr std::array<EventInfo, 20> events{{
    {"connect", LogLevel::info, "a client connected, or we connected to a next hop"},
    {"tls", LogLevel::info, "a TLS handshake ended"},
    {"auth", LogLevel::info, "an authentication ended"},
    {"accept", LogLevel::info, "a message was answered with 250: it is ours now"},
    {"reject", LogLevel::info, "a command or a message was refused"},
    {"queue", LogLevel::info, "a message was put into the queue by ourselves, or its state was changed by an operator"},
    {"deliver", LogLevel::info, "a next hop took the message for one recipient"},
    {"handoff", LogLevel::info, "a sibling took the message for one recipient: it is the sibling's now"},
    {"defer", LogLevel::info, "an attempt failed for now; `next` says when it is tried again"},
    {"bounce", LogLevel::info, "delivery failed for good and the sender is told"},
    {"expire", LogLevel::info, "a message was too long in the queue"},
    {"drop", LogLevel::info, "a message was removed without delivery and without a bounce"},
    {"disconnect", LogLevel::info, "a session or a connection to a next hop ended"},
    {"start", LogLevel::info, "the server, a listener or a part of the server is ready"},
    {"reload", LogLevel::info, "the configuration was read again"},
    {"drain", LogLevel::info, "no new sessions are taken; the running ones end"},
    {"stop", LogLevel::info, "the server ends"},
    {"debug", LogLevel::debug, "a step on the way, for whoever looks for a fault"},
    {"warning", LogLevel::warning, "operation is impaired or soon will be"},
    {"error", LogLevel::error, "something failed that an operator must look at"},
}};

constexpr const EventInfo& info(EventKind kind) noexcept {
  return events[static_cast<std::size_t>(kind)];
}

struct FieldInfo {
  std::string_view name;
  std::string_view meaning;
};

/// `time level event node session message` stand first, in this order; session and message only where there is one.
inline constexpr std::array fields = std::to_array<FieldInfo>({
    {"time", "RFC 3339, UTC, milliseconds"},
    {"level", "debug, info, warning, error"},
    {"event", "one of the events above"},
    {"node", "hostname of the server"},
    {"session", "id of the session, 16 hexadecimal digits"},
    {"message", "id of the message, 26 characters, as in the reply to DATA"},
    {"address", "address and port of the client, of the next hop or of a listener"},
    {"attempt", "number of the attempt, from 1"},
    {"body", "BODY= of the envelope"},
    {"certificate", "SHA-256 fingerprint of the certificate the peer showed"},
    {"cipher", "cipher suite"},
    {"code", "SMTP reply code"},
    {"command", "the command refused, or the verb of an operator"},
    {"config", "path of the configuration file"},
    {"count", "how many"},
    {"data_dir", "the data directory"},
    {"delay", "seconds since the message was received"},
    {"destination", "queue destination: domain or next hop"},
    {"detail", "more about the reason"},
    {"domain", "the domain concerned"},
    {"duration", "seconds it took"},
    {"enhanced", "enhanced status code (RFC 3463)"},
    {"envelope_id", "ENVID= of the envelope"},
    {"errno", "name of the kernel's error"},
    {"features", "io_uring and library features that are live"},
    {"from", "reverse-path, empty for the null sender"},
    {"hardening", "what the process has given up and is held to (docs/hardening.md)"},
    {"helo", "what the client called itself"},
    {"limit", "the limit that was reached"},
    {"listener", "role of the listener"},
    {"login", "authenticated identity"},
    {"lost", "log lines dropped because the reader of the log is too slow"},
    {"mechanism", "SASL mechanism"},
    {"messages", "messages taken or sent in the session"},
    {"next", "when it is tried again (RFC 3339)"},
    {"next_hop", "where it was or will be sent"},
    {"octets", "octets transferred"},
    {"operation", "what was being done"},
    {"original", "id of the message that bounced, or of the message at the sibling that handed it over"},
    {"path", "file concerned"},
    {"pid", "process id"},
    {"protocol", "ESMTP, ESMTPS, ESMTPSA, ... (RFC 3848)"},
    {"proxy", "the proxy that a connection to a next hop goes through"},
    {"reason", "why, in words; stable at its beginning"},
    {"recipients", "number of recipients"},
    {"remote", "host[address]:port that took or refused the message"},
    {"reply", "the reply of the peer, printable, one line"},
    {"result", "how it ended"},
    {"resumed", "whether the TLS session continues an earlier one"},
    {"rule", "the rule that the sender breaks (docs/senders.md)"},
    {"segment", "spool segment"},
    {"sessions", "number of sessions"},
    {"signal", "signal received"},
    {"size", "octets of the message"},
    {"source", "our address that a connection to a next hop leaves from, where the route chooses one"},
    {"state", "state of a message, a destination or the server"},
    {"tls_wish", "what the sender asks of TLS: required (REQUIRETLS), optional (TLS-Required: No)"},
    {"to", "recipient"},
    {"uptime", "seconds since the start"},
    {"user", "user the process runs as"},
    {"verified", "whether the peer's certificate was verified"},
    {"verified_by", "how: pkix, dane-ee, dane-ta, none"},
    {"version", "version of ringpost or of the protocol"},
    {"worker", "number of the worker"},
    {"workers", "number of workers"},
});

constexpr bool is_field(std::string_view name) noexcept {
  for (const FieldInfo& field : fields)
    if (field.name == name) return true;
  return false;
}

/// docs/log.md, as it should be.
std::string describe_events();

}  // namespace ringpost::telemetry
