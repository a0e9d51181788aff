// Every text the server sends. Peers and their operators match on these, so the first words stay; the reason comes
// first and, where there is more to say (421), more lines follow with the same code. Values that quote the peer are
// made harmless by Reply.
//
// Standards: RFC 5321 4.2.2, 4.2.3 and 4.3.2 (codes), RFC 3463 and its IANA registry (enhanced codes), RFC 2034.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "mail/address.h"
#include "smtp/command.h"
#include "smtp/extensions.h"
#include "smtp/reply.h"

namespace ringpost::smtp::replies {

// Session.
Reply greeting(std::string_view hostname);                                                     // 220, RFC 5321 4.3.1
Reply ehlo_ok(std::string_view hostname, std::string_view client, const Extensions& offered);  // 250, RFC 5321 4.1.1.1
Reply helo_ok(std::string_view hostname, std::string_view client);                             // 250, RFC 5321 4.1.1.1
Reply noop_ok();                                                                               // 250 2.0.0
Reply reset_ok();                          // 250 2.0.0, RFC 5321 4.1.1.5
Reply vrfy_cannot();                       // 252 2.5.0, RFC 5321 3.5.3
Reply expn_refused();                      // 502 5.7.0, RFC 5321 3.5.3
Reply help();                              // 214 2.0.0
Reply closing(std::string_view hostname);  // 221 2.0.0, RFC 5321 4.1.1.10

// Transaction.
Reply handoff_ok();                             // 250 2.0.0, XHANDOFF (handoff.h)
Reply mail_ok();                                // 250 2.1.0
Reply mail_ok_with_priority(int priority);      // 250 2.3.6, RFC 6710: another one than was asked for
Reply hold_too_long(Duration max);              // 501 5.5.4, RFC 4865
Reply deadline_before_release();                // 501 5.5.4, RFC 4865
Reply rcpt_ok();                                // 250 2.1.5
Reply start_data();                             // 354, RFC 5321 4.1.1.4
Reply queued(const MessageId& id);              // 250 2.0.0 queued as ID
Reply chunk_ok(std::uint64_t octets);           // 250 2.0.0, RFC 3030 2
Reply too_many_recipients(std::uint32_t max);   // 452 4.5.3, RFC 5321 4.5.3.1.10
Reply no_valid_recipients();                    // 554 5.5.1, RFC 5321 3.3
Reply size_exceeded(std::uint64_t octets_max);  // 552 5.3.4, RFC 1870 6
Reply relay_denied();                           // 550 5.7.1, RFC 5321 3.6.2
Reply unknown_recipient();                      // 550 5.1.1
Reply mail_loop(std::uint32_t hops);            // 554 5.4.6, RFC 5321 6.3
Reply bare_line_ending();                       // 550 5.6.0, RFC 5321 2.3.8: bare CR or LF
Reply text_line_too_long();                     // 550 5.6.0, RFC 5321 4.5.3.1.6
Reply nul_in_message();                         // 550 5.6.0, RFC 5322 3.5
Reply binary_needs_bdat();                      // 503 5.5.1, RFC 3030 3
Reply data_after_bdat();                        // 503 5.5.1, RFC 3030 2
Reply eight_bit_without_8bitmime();             // 554 5.6.1, RFC 6152 3

// Syntax and order.
Reply syntax_error();                             // 500 5.5.2
Reply unknown_command();                          // 500 5.5.1
Reply command_line_too_long();                    // 500 5.5.6, RFC 5321 4.5.3.1.10
Reply bad_parameters();                           // 501 5.5.4
Reply no_argument_allowed(Verb verb);             // 501 5.5.4
Reply parameter_not_recognized();                 // 555 5.5.4, RFC 5321 4.1.1.11
Reply not_implemented(Verb verb);                 // 502 5.5.1
Reply bad_sequence(std::string_view what_first);  // 503 5.5.1: "MAIL first"
Reply nested_mail();                              // 503 5.5.1, RFC 5321 4.1.4

// Trouble of ours.
Reply try_later();                                            // 451 4.3.0
Reply insufficient_storage();                                 // 452 4.3.1
Reply memory_short();                                         // 452 4.3.1: for another message
Reply message_refused_for_now();                              // 451 4.3.2: nothing new is taken at the moment
Reply shutting_down(std::string_view hostname);               // 421 4.3.2, RFC 5321 3.8
Reply timed_out(std::string_view hostname, Duration waited);  // 421 4.4.2, RFC 5321 4.5.3.2.7
Reply protocol_lost(std::string_view hostname);               // 421 4.5.0: after a BDAT whose length could not be read

// Protection. Multi-line 421: the reason, the limit, what to do.
Reply too_many_errors(std::string_view hostname, std::uint32_t errors);                                    // 421 4.7.0
Reply too_many_sessions_of_client(std::string_view hostname, std::string_view client, std::uint32_t max);  // 421 4.7.0
Reply too_many_sessions(std::string_view hostname);                                                        // 421 4.3.2
Reply memory_short_for_session(std::string_view hostname);                                                 // 421 4.3.2
Reply rate_exceeded(std::string_view hostname, std::string_view client, std::uint32_t per_minute,
                    Duration retry);  // 421 4.7.0
/// After too many failed logins, `failures` of them, from `client` or its network.
Reply auth_blocked(std::string_view hostname, std::string_view client, std::uint32_t failures,
                   Duration retry);  // 421 4.7.0

// Who may send as whom: what policy found, rule and detail as in its verdict (docs/senders.md). The detail may quote
// the peer and is cut to a length.
Reply sender_not_yours(std::string_view rule, std::string_view detail, std::string_view login);  // 553 5.7.1, MAIL FROM
Reply header_not_yours(std::string_view rule, std::string_view detail, std::string_view login);  // 550 5.7.1
Reply local_domain_needs_auth(std::string_view rule, std::string_view detail);                   // 550 5.7.1

// TLS and AUTH.
Reply starttls_ready();                                     // 220 2.0.0, RFC 3207 4
Reply tls_not_available();                                  // 454 4.7.0, RFC 3207 4
Reply starttls_required();                                  // 530 5.7.0, RFC 3207 4
Reply already_under_tls();                                  // 503 5.5.1
Reply auth_required();                                      // 530 5.7.0, RFC 4954 6
Reply auth_ok();                                            // 235 2.7.0
Reply already_authenticated();                              // 503 5.5.1, RFC 4954 4
Reply auth_in_transaction();                                // 503 5.5.1, RFC 4954 4
Reply auth_line_too_long();                                 // 500 5.5.6, RFC 4954 4
Reply auth_not_base64();                                    // 501 5.5.2, RFC 4954 4
Reply auth_transition_needed();                             // 432 4.7.12, RFC 4954 6
Reply auth_mechanism_too_weak();                            // 534 5.7.9, RFC 4954 6
Reply auth_failed();                                        // 535 5.7.8
Reply auth_cancelled();                                     // 501 5.7.0
Reply auth_temporary_failure();                             // 454 4.7.0
Reply auth_mechanism_unknown();                             // 504 5.5.4
Reply auth_needs_encryption();                              // 538 5.7.11
Reply auth_continue(std::string_view base64);               // 334
Reply submission_not_available(std::string_view hostname);  // 421 4.7.0: the listener asks for what is not configured

/// The reply for an error from below: its public status and a text chosen by it, never its private reason.
Reply from_error(const Error& error);

}  // namespace ringpost::smtp::replies
