#include "smtp/replies.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/units.h"

namespace ringpost::smtp::replies {
namespace {

std::string join(std::string_view first, std::string_view second, std::string_view third = {}) {
  std::string out;
  out.reserve(first.size() + second.size() + third.size());
  return out.append(first).append(second).append(third);
}

/// 421 begins with our name (RFC 5321 4.2.3: "421 <domain> ..."), but the reason comes first for who matches on it.
Reply service_closing(EnhancedCode enhanced, std::string_view reason, std::string_view hostname) {
  return Reply(421, enhanced, reason).add_line(join(hostname, " closing connection"));
}

}  // namespace

Reply greeting(std::string_view hostname) {
  return {220, join(hostname, " ESMTP ringpost")};
}

Reply ehlo_ok(std::string_view hostname, std::string_view client, const Extensions& offered) {
  Reply reply(250, join(hostname, " greets ", client));
  for (const std::string& line : offered.keyword_lines()) reply.add_line(line);
  return reply;
}

Reply helo_ok(std::string_view hostname, std::string_view client) {
  return {250, join(hostname, " greets ", client)};
}

Reply noop_ok() {
  return {250, {2, 0, 0}, "ok"};
}
Reply reset_ok() {
  return {250, {2, 0, 0}, "reset"};
}
Reply vrfy_cannot() {
  return {252, {2, 5, 0}, "cannot verify, but will take mail and try to deliver it"};
}
Reply expn_refused() {
  return {502, {5, 7, 0}, "expansion of lists is refused"};
}
Reply help() {
  return Reply(214, {2, 0, 0}, "commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT")
      .add_line("see RFC 5321; for help write to the postmaster");
}
Reply closing(std::string_view hostname) {
  return {221, {2, 0, 0}, join(hostname, " closing connection")};
}

Reply handoff_ok() {
  return {250, {2, 0, 0}, "ok"};
}
Reply mail_ok() {
  return {250, {2, 1, 0}, "sender ok"};
}
Reply mail_ok_with_priority(int priority) {
  return {250, {2, 3, 6}, std::to_string(priority) + " is the new priority assigned to the message"};
}
Reply hold_too_long(Duration max) {
  return {501, {5, 5, 4}, join("a message is held for ", format_duration(max), " at most")};
}
Reply deadline_before_release() {
  return {501, {5, 5, 4}, "BY ends before the message is released"};
}
Reply rcpt_ok() {
  return {250, {2, 1, 5}, "recipient ok"};
}
Reply start_data() {
  return {354, "start mail input, end with <CRLF>.<CRLF>"};
}
Reply queued(const MessageId& id) {
  return {250, {2, 0, 0}, join("queued as ", id.text())};
}
Reply chunk_ok(std::uint64_t octets) {
  return {250, {2, 0, 0}, join(std::to_string(octets), " octets received")};
}
Reply too_many_recipients(std::uint32_t max) {
  return {452, {4, 5, 3}, join("too many recipients, at most ", std::to_string(max), " in one transaction")};
}
Reply no_valid_recipients() {
  return {554, {5, 5, 1}, "no valid recipients"};
}
Reply size_exceeded(std::uint64_t octets_max) {
  return {552, {5, 3, 4}, join("message too large, at most ", std::to_string(octets_max), " octets are taken")};
}
Reply relay_denied() {
  return {550, {5, 7, 1}, "relaying denied"};
}
Reply unknown_recipient() {
  return {550, {5, 1, 1}, "no such recipient here"};
}
Reply mail_loop(std::uint32_t hops) {
  return {554, {5, 4, 6}, join("mail loop: ", std::to_string(hops), " Received fields")};
}
Reply bare_line_ending() {
  return {550, {5, 6, 0}, "bare CR or LF in message, lines must end with CRLF"};
}
Reply text_line_too_long() {
  return {550, {5, 6, 0}, "text line too long, at most 998 octets and CRLF"};
}
Reply nul_in_message() {
  return {550, {5, 6, 0}, "NUL octet in message"};
}
Reply binary_needs_bdat() {
  return {503, {5, 5, 1}, "BODY=BINARYMIME needs BDAT"};
}
Reply data_after_bdat() {
  return {503, {5, 5, 1}, "DATA cannot follow BDAT, use BDAT or RSET"};
}
Reply eight_bit_without_8bitmime() {
  return {554, {5, 6, 1}, "8-bit message needs BODY=8BITMIME"};
}

Reply syntax_error() {
  return {500, {5, 5, 2}, "syntax error"};
}
Reply unknown_command() {
  return {500, {5, 5, 1}, "unknown command"};
}
Reply command_line_too_long() {
  return {500, {5, 5, 6}, "line too long"};
}
Reply bad_parameters() {
  return {501, {5, 5, 4}, "syntax error in parameters or arguments"};
}
Reply no_argument_allowed(Verb verb) {
  return {501, {5, 5, 4}, join(to_string(verb), " takes no argument")};
}
Reply parameter_not_recognized() {
  return {555, {5, 5, 4}, "parameter not recognized or not offered"};
}
Reply not_implemented(Verb verb) {
  return {502, {5, 5, 1}, join(to_string(verb), " is not implemented")};
}
Reply bad_sequence(std::string_view what_first) {
  return {503, {5, 5, 1}, join("bad sequence of commands, ", what_first)};
}
Reply nested_mail() {
  return bad_sequence("a transaction is open already");
}

Reply try_later() {
  return {451, {4, 3, 0}, "local error, try again later"};
}
Reply insufficient_storage() {
  return {452, {4, 3, 1}, "insufficient storage, try again later"};
}
Reply memory_short() {
  return {452, {4, 3, 1}, "too little memory at the moment, try again later"};
}
Reply message_refused_for_now() {
  return {451, {4, 3, 2}, "no mail is taken at the moment, try again later"};
}
Reply shutting_down(std::string_view hostname) {
  return service_closing({4, 3, 2}, "shutting down", hostname);
}
Reply timed_out(std::string_view hostname, Duration waited) {
  return service_closing({4, 4, 2}, join("timeout, nothing came for ", format_duration(waited)), hostname);
}
Reply protocol_lost(std::string_view hostname) {
  return service_closing({4, 5, 0}, "protocol error, the next command cannot be found", hostname);
}

Reply too_many_errors(std::string_view hostname, std::uint32_t errors) {
  return Reply(421, {4, 7, 0}, "too many errors")
      .add_line(join(std::to_string(errors), " commands of this session were refused"))
      .add_line(join(hostname, " closing connection"));
}

Reply too_many_sessions_of_client(std::string_view hostname, std::string_view client, std::uint32_t max) {
  return Reply(421, {4, 7, 0}, join("too many sessions from ", client))
      .add_line(join("at most ", std::to_string(max), " at a time are allowed for one client"))
      .add_line("close some or try again later")
      .add_line(join(hostname, " closing connection"));
}

Reply too_many_sessions(std::string_view hostname) {
  return Reply(421, {4, 3, 2}, "too many sessions, the server is full")
      .add_line("try again in a minute")
      .add_line(join(hostname, " closing connection"));
}

Reply memory_short_for_session(std::string_view hostname) {
  return Reply(421, {4, 3, 2}, "too little memory for another session")
      .add_line("try again in a minute")
      .add_line(join(hostname, " closing connection"));
}

Reply rate_exceeded(std::string_view hostname, std::string_view client, std::uint32_t per_minute, Duration retry) {
  return Reply(421, {4, 7, 0}, join("rate limit exceeded by ", client))
      .add_line(join("at most ", std::to_string(per_minute), " messages a minute are allowed for one client"))
      .add_line(join("try again in ", format_duration(std::chrono::ceil<std::chrono::seconds>(retry))))
      .add_line(join(hostname, " closing connection"));
}

Reply auth_blocked(std::string_view hostname, std::string_view client, std::uint32_t failures, Duration retry) {
  return Reply(421, {4, 7, 0}, join("too many failed logins from ", client))
      .add_line(join(std::to_string(failures), " logins of this client or its network failed"))
      .add_line(join("try again in ", format_duration(std::chrono::ceil<std::chrono::seconds>(retry))))
      .add_line(join(hostname, " closing connection"));
}

Reply starttls_ready() {
  return {220, {2, 0, 0}, "ready to start TLS"};
}
Reply tls_not_available() {
  return {454, {4, 7, 0}, "TLS not available, try again later"};
}
Reply starttls_required() {
  return {530, {5, 7, 0}, "must issue a STARTTLS command first"};
}
Reply already_under_tls() {
  return bad_sequence("TLS is already in use");
}
Reply auth_required() {
  return {530, {5, 7, 0}, "authentication required"};
}
Reply auth_ok() {
  return {235, {2, 7, 0}, "authentication succeeded"};
}
Reply already_authenticated() {
  return bad_sequence("this session is authenticated already");
}
Reply auth_in_transaction() {
  return bad_sequence("AUTH is not possible inside a transaction");
}
Reply auth_line_too_long() {
  return {500, {5, 5, 6}, "authentication exchange line is too long"};
}
Reply auth_not_base64() {
  return {501, {5, 5, 2}, "cannot base64-decode client response"};
}
Reply auth_transition_needed() {
  return {432, {4, 7, 12}, "a password transition is needed"};
}
Reply auth_mechanism_too_weak() {
  return {534, {5, 7, 9}, "authentication mechanism is too weak"};
}
Reply auth_failed() {
  return {535, {5, 7, 8}, "authentication failed"};
}
Reply auth_cancelled() {
  return {501, {5, 7, 0}, "authentication cancelled"};
}
Reply auth_temporary_failure() {
  return {454, {4, 7, 0}, "temporary authentication failure, try again later"};
}
Reply auth_mechanism_unknown() {
  return {504, {5, 5, 4}, "authentication mechanism not recognized"};
}
Reply auth_needs_encryption() {
  return {538, {5, 7, 11}, "encryption required for this authentication mechanism"};
}
Reply auth_continue(std::string_view base64) {
  return {334, base64};
}
Reply submission_not_available(std::string_view hostname) {
  return Reply(421, {4, 7, 0}, "submission not available")
      .add_line("it needs TLS and authentication, which are not configured on this server")
      .add_line(join(hostname, " closing connection"));
}

namespace {

struct StatusText {
  PublicStatus status;
  std::string_view text;
};

// What may be said of an error by its status alone.
constexpr std::array status_texts = {
    StatusText{{501, {5, 1, 3}}, "bad recipient address syntax"},
    StatusText{{501, {5, 1, 7}}, "bad sender address syntax"},
    StatusText{{553, {5, 6, 7}}, "address in UTF-8 needs SMTPUTF8"},
    StatusText{{554, {5, 4, 6}}, "mail loop"},
};

std::string_view class_text(const PublicStatus& status) noexcept {
  if (status.code < 500) return "temporary failure, try again later";
  return status.enhanced.subject == 6 ? "message content refused" : "refused";
}

/// The texts above, by their status: an error of a parser reads like the reply the session would have chosen itself.
std::array<Reply, 13> const& fixed_replies() {
  static const std::array<Reply, 13> fixed = {
      syntax_error(),        command_line_too_long(), bad_parameters(), parameter_not_recognized(),
      unknown_command(),     insufficient_storage(),  try_later(),      message_refused_for_now(),
      relay_denied(),        unknown_recipient(),     auth_required(),  auth_failed(),
      no_valid_recipients(),
  };
  return fixed;
}

}  // namespace

Reply from_error(const Error& error) {
  const auto& fixed = fixed_replies();
  const auto known = std::ranges::find_if(fixed, [&](const Reply& reply) { return reply.status() == error.status; });
  if (known != fixed.end()) return *known;
  const auto* const text = std::ranges::find(status_texts, error.status, &StatusText::status);
  // A status that is no reply at all would be our own mistake; the peer hears of trouble here and no more.
  if (error.status.code < 400 || error.status.code > 599) return try_later();
  return {error.status.code, error.status.enhanced, text != status_texts.end() ? text->text : class_text(error.status)};
}

}  // namespace ringpost::smtp::replies
