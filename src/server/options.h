// What the inbound side is told. Filled by config/; every value has its default here and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mail/envelope.h"
#include "policy/auth_failures.h"
#include "policy/network.h"
#include "smtp/data_decoder.h"

namespace ringpost::server {

enum class Role : std::uint8_t { mx, submission, submissions };
enum class TlsMode : std::uint8_t { off, starttls, implicit };
enum class AuthMode : std::uint8_t { off, optional, required };
using smtp::BareLineEnding;

std::string_view to_string(Role role) noexcept;

struct ListenerOptions {
  std::string address = "[::]:25";  // "[v6]:port" or "v4:port"; port 0 picks one and logs it
  Role role = Role::mx;
  TlsMode tls = TlsMode::starttls;
  AuthMode auth = AuthMode::off;
  std::vector<policy::Network> proxy_protocol_from;
  // MT-PRIORITY (RFC 6710): what mail has that asks for nothing and what strangers get at most, and what who may relay
  // gets at most.
  std::int8_t priority = mail::Priority::normal;
  std::int8_t priority_max = mail::Priority::highest;
  std::vector<policy::Network> handoff_from;  // siblings: they may hand over what they have queued (XHANDOFF)
};

/// [limits]: what RFC 5321 4.5.3 asks at least, and what protects the server.
struct Limits {
  std::uint64_t message_size_max = 50ULL << 20;
  std::uint64_t memory_max = 0;  // the budget of the whole process; after config::load() never 0, which is "auto"
  std::uint32_t recipients_max = 1000;
  std::uint32_t sessions_max = 50'000;
  std::uint32_t sessions_per_client_max = 64;
  std::uint32_t messages_per_minute_per_client = 0;  // 0: no limit
  std::uint32_t errors_max = 10;  // refused commands before 421; those beyond the first half wait a second each
  std::uint32_t text_line_octets_max = 998;  // without CRLF (RFC 5321 4.5.3.1.6); BINARYMIME is free of it
  std::uint32_t hops_max = 100;              // Received fields (RFC 5321 6.3)
  Duration command_timeout = std::chrono::minutes(5);
  Duration data_timeout = std::chrono::minutes(3);           // without progress
  Duration future_release_max = std::chrono::hours(7 * 24);  // how long who logged in may have mail held; 0: not at all
  Duration tls_handshake_timeout = std::chrono::seconds(30);
  policy::AuthFailureLimits auth_failures;
};

struct Options {
  std::string hostname;
  std::vector<ListenerOptions> listeners;
  Limits limits;
  bool login_in_received = false;  // [auth] login_in_received: the login in a comment of the Received field
  bool auth_without_tls = false;   // [auth] plaintext_without_tls
  BareLineEnding bare_line_ending = BareLineEnding::refuse;  // [limits] bare_line_ending = "refuse" | "normalize"
};

}  // namespace ringpost::server
