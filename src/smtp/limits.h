// Every size and time the protocol states, with the section that states it. Sizes with `_max` are what we accept or
// send; where RFC 5321 gives a least value ("at least this much must be accepted") ours is that or more. What an
// operator may change stands in server::Limits and relay::Options; their defaults come from here.
//
// Standards: RFC 5321 4.5.3 (sizes and time-outs), RFC 4954 4 (AUTH), RFC 3461 4 and 5.4 (DSN), RFC 1870 (SIZE).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "mail/address.h"

namespace ringpost::smtp::limits {

// Command lines, octets without CRLF unless said otherwise.
inline constexpr std::size_t command_line_base_octets = 512;  // with CRLF; RFC 5321 4.5.3.1.4; the most we send
inline constexpr std::size_t command_line_octets_max = 4096;  // received: room for SIZE, BODY, SMTPUTF8 and all of DSN
inline constexpr std::size_t auth_line_octets_max = 12'288;   // with CRLF; RFC 4954 4: AUTH and its continuation lines
inline constexpr std::size_t verb_octets_max = 12;            // longer than any verb we know

// Message text.
inline constexpr std::size_t text_line_octets_max = 998;             // without CRLF; RFC 5321 4.5.3.1.6, RFC 5322 2.1.1
inline constexpr std::size_t text_line_with_crlf_octets_max = 1000;  // RFC 5321 4.5.3.1.6
inline constexpr std::uint64_t message_octets_least = 64 * 1024;     // RFC 5321 4.5.3.1.7
inline constexpr std::uint64_t message_octets_max_default = 50ULL << 20;
inline constexpr unsigned received_fields_max = 100;  // RFC 5321 6.3: at least 100

// Names and paths.
inline constexpr std::size_t path_octets_max = mail::path_octets_max;      // RFC 5321 4.5.3.1.3, brackets counted
inline constexpr std::size_t domain_octets_max = mail::domain_octets_max;  // RFC 5321 4.5.3.1.2
inline constexpr std::size_t local_part_octets_least = 64;                 // RFC 5321 4.5.3.1.1
inline constexpr std::size_t recipients_least = 100;                       // RFC 5321 4.5.3.1.8
inline constexpr std::size_t recipients_max_default = 1000;
inline constexpr std::size_t parameters_max = 16;           // of one MAIL or RCPT: more than exist
inline constexpr std::size_t envelope_id_octets_max = 100;  // RFC 3461 4.4 (decoded length; ours bounds the xtext)
inline constexpr std::size_t original_recipient_octets_max = 500;  // RFC 3461 4.2
inline constexpr std::size_t auth_parameter_octets_max = 500;      // RFC 4954 3: MAIL grows by 500
inline constexpr std::size_t size_digits_max = 20;                 // RFC 1870 5

// A message that a sibling hands over has grown by its trace fields since it was measured (handoff.h).
inline constexpr std::uint64_t handoff_trace_octets = 64 * 1024;

// Replies.
inline constexpr std::size_t reply_line_octets_max = 512;  // with code and CRLF; RFC 5321 4.5.3.1.5, what we send
inline constexpr std::size_t peer_reply_lines_max = 100;   // what we read of a peer's reply
inline constexpr std::size_t peer_reply_line_octets_max = auth_line_octets_max;  // the rest of a line is cut
inline constexpr std::size_t peer_reply_octets_max = 64 * 1024;  // as sent by the peer, what was cut included
inline constexpr std::size_t auth_mechanisms_max = 32;           // of one EHLO reply; more are ignored
inline constexpr std::size_t auth_mechanism_octets_max = 20;     // RFC 4422 3.1

// Waits of a client, RFC 5321 4.5.3.2.
inline constexpr std::chrono::seconds connect_wait{30};           // not stated by the RFC; per address
inline constexpr std::chrono::minutes greeting_wait{5};           // 4.5.3.2.1
inline constexpr std::chrono::minutes mail_wait{5};               // 4.5.3.2.2
inline constexpr std::chrono::minutes rcpt_wait{5};               // 4.5.3.2.3
inline constexpr std::chrono::minutes data_initiation_wait{2};    // 4.5.3.2.4
inline constexpr std::chrono::minutes data_block_wait{3};         // 4.5.3.2.5, without progress
inline constexpr std::chrono::minutes data_termination_wait{10};  // 4.5.3.2.6
inline constexpr std::chrono::minutes other_command_wait{5};      // EHLO, RSET, NOOP: as MAIL
inline constexpr std::chrono::seconds quit_wait{5};               // nothing depends on the answer
inline constexpr std::chrono::seconds tls_handshake_wait{30};     // not stated by the RFC

// Waits of a server.
inline constexpr std::chrono::minutes command_wait{5};  // 4.5.3.2.7
inline constexpr std::chrono::minutes reply_wait{5};    // for the peer to take a reply off our hands

static_assert(command_line_octets_max >=
              command_line_base_octets + path_octets_max + 2 * original_recipient_octets_max);
static_assert(message_octets_max_default >= message_octets_least);
static_assert(recipients_max_default >= recipients_least);

}  // namespace ringpost::smtp::limits
