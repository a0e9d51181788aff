#include "config/sections.h"

#include <algorithm>

#include "base/text.h"
#include "mail/address.h"
#include "relay/next_hop.h"

namespace ringpost::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string no_check(std::string_view) {
  return {};
}

std::string check_absolute_path(std::string_view text) {
  return text.starts_with('/') ? "" : "'" + printable(text) + "' is not absolute";
}

std::string check_address(std::string_view text) {
  const auto address = parse_socket_address(text);
  return address ? "" : address.error().reason;
}

std::string check_deliver(std::string_view text) {
  if (text == "mx") return "a final destination cannot be looked up by MX";
  return check_next_hop(text);
}

std::string check_recipients(std::string_view text) {
  if (text == "*" || (text.starts_with("file:") && text.size() > 5)) return {};
  if (text.starts_with("ldap:") || text.starts_with("postgres:"))
    return "such tables are not available in this version";
  return "'" + printable(text) + "'";
}

std::string check_user(std::string_view text) {
  const bool fine = std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
  return fine && text.size() <= 32 ? "" : "'" + printable(text) + "' is not a user name";
}

std::string check_optional_address(std::string_view text) {
  return text.empty() ? std::string() : check_address(text);
}

std::string check_mailbox(std::string_view text) {
  return mail::parse_address(text, false, false) ? "" : "'" + printable(text, 80) + "' is not one";
}

std::string check_optional_mailbox(std::string_view text) {
  return text.empty() ? std::string() : check_mailbox(text);
}

std::string check_fingerprint(std::string_view text) {
  const bool fine = std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  return fine && text.size() == 64 ? "" : "'" + printable(text, 80) + "' is not one, in lower case";
}

}  // namespace

std::string check_domain(std::string_view text) {
  return mail::valid_domain(text, false) ? "" : "'" + printable(text) + "' is not a domain name";
}

std::string check_next_hop(std::string_view text) {
  const auto hop = relay::parse_next_hop(text);
  return hop ? "" : hop.error().reason;
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
  const auto invalid = [text] { return fail(ErrorKind::invalid, "'" + printable(text, 80) + "' is not address:port"); };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid();
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto ip = policy::parse_ip(host);
  const auto port = parse_unsigned(text.substr(colon + 1));
  if (!ip || !port || *port > 65535 || brackets != (host.find(':') != std::string_view::npos)) return invalid();
  return SocketAddress{*ip, static_cast<std::uint16_t>(*port)};
}

policy::RelayOptions default_relay_access() {
  policy::RelayOptions options;
  for (const char* network : {"127.0.0.0/8", "::1/128"})
    options.trusted_networks.push_back(policy::parse_network(network).value());
  return options;
}

server::ListenerOptions default_listener(server::Role role) {
  server::ListenerOptions listener;
  listener.role = role;
  listener.tls = role == server::Role::submissions ? server::TlsMode::implicit : server::TlsMode::starttls;
  listener.auth = role == server::Role::mx ? server::AuthMode::off : server::AuthMode::required;
  return listener;
}

const Section<Configuration>& top_section() {
  using C = Configuration;
  static const Section<C> section{
      "",
      false,
      "The server as a whole.",
      {row("hostname", &C::hostname,
           lower_case_type("domain name", "our domain name, like \"mx1.example.com\"", check_domain),
           "our name in the banner, in EHLO and in Received fields", "required"),
       row("data_dir", &C::data_dir, text_type("absolute path", "an absolute path", check_absolute_path),
           "where the queue lies: `spool/` and `db/` below it"),
       row("workers", &C::workers, count_type(0, 256),
           "reactor threads; 0: one for each CPU the process may use, by its affinity and its container's quota, if "
           "`memory_max` is enough for so many"),
       row("user", &C::user, text_type("user name", "a user name, or \"\" to stay who we are", check_user),
           "who the process becomes after binding, when it is started as root")}};
  return section;
}

const Section<server::ListenerOptions>& listener_section() {
  using L = server::ListenerOptions;
  static const Section<L> section{
      "listener",
      true,
      "An address on which SMTP is spoken; several may be given. Without any there is one with the defaults.",
      {row("address", &L::address,
           text_type("address and port", "an address like \"[::]:25\" or \"192.0.2.1:25\"", check_address),
           "where to listen; `[::]` takes IPv4 as well; port 0 picks one and logs it"),
       row("role", &L::role,
           enum_type<server::Role>({{"mx", server::Role::mx},
                                    {"submission", server::Role::submission},
                                    {"submissions", server::Role::submissions}}),
           "mail from other servers, submission with STARTTLS (RFC 6409), or submission with TLS from the first octet "
           "(RFC 8314)"),
       row("tls", &L::tls,
           enum_type<server::TlsMode>({{"off", server::TlsMode::off},
                                       {"starttls", server::TlsMode::starttls},
                                       {"implicit", server::TlsMode::implicit}}),
           "`starttls` is offered where `[tls]` has a certificate; `implicit` is TLS from the first octet", "by role"),
       row("auth", &L::auth,
           enum_type<server::AuthMode>({{"off", server::AuthMode::off},
                                        {"optional", server::AuthMode::optional},
                                        {"required", server::AuthMode::required}}),
           "whether clients may or must log in (RFC 4954)", "by role"),
       row("proxy_protocol_from", &L::proxy_protocol_from, networks_type(),
           "networks of load balancers that begin each connection with a PROXY header, v1 or v2"),
       row("priority", &L::priority, priority_type(),
           "of mail that asks for none, and the most that a client gets that may not relay (`MT-PRIORITY`, RFC 6710): "
           "above 0 is served first, below 0 last (docs/scheduler.md)"),
       row("priority_max", &L::priority_max, priority_type(),
           "the most that a client gets that may relay; what asks for more gets this, and is told so (250 2.3.6)"),
       row("handoff_from", &L::handoff_from, networks_type(),
           "networks of the other nodes of this service: they may hand over what they have queued (`XHANDOFF`), with "
           "the client, login and time it came with, which are believed. Clients must not be able to connect from "
           "them")}};
  return section;
}

const Section<policy::RelayOptions>& relay_section() {
  using R = policy::RelayOptions;
  static const Section<R> section{
      "relay",
      false,
      "Who may send to foreign domains.",
      {row("trusted_networks", &R::trusted_networks, networks_type(),
           "clients of these networks may relay without AUTH"),
       row("trusted_certificates", &R::trusted_certificates,
           text_list_type("array of fingerprints", "an array of SHA-256 fingerprints, 64 hexadecimal digits each",
                          check_fingerprint),
           "clients that show one of these certificates may relay without AUTH")}};
  return section;
}

const Section<policy::DomainOptions>& domain_section() {
  using D = policy::DomainOptions;
  static const Section<D> section{
      "domain",
      true,
      "A domain of ours: mail for it is taken from anybody and delivered as given here.",
      {row("name", &D::name, lower_case_type("domain name", "a domain name like \"example.com\"", check_domain),
           "the domain", "required"),
       row("deliver", &D::deliver, text_type("next hop", "a next hop", check_deliver),
           "`maildir:/path/{domain}/{local}`, `lmtp://host:port`, `lmtp+unix:/path`, `smtp://host:port` or `discard:`"),
       row("recipients", &D::recipients, text_type("`*` or `file:PATH`", "\"*\" or \"file:PATH\"", check_recipients),
           "who exists: everybody, or the local parts in a file, one a line; others get 550 5.1.1")}};
  return section;
}

const Section<dns::Options>& dns_section() {
  using D = dns::Options;
  static const Section<D> section{
      "dns",
      false,
      "Whom we ask for MX records and addresses.",
      {row("servers", &D::servers,
           text_list_type("array of addresses and ports", "an array of addresses like \"127.0.0.1:53\"", check_address),
           "resolvers to ask; `[]`: those of /etc/resolv.conf"),
       row("dnssec_trust_anchor", &D::trust_anchor, text_type("path", "the path of a file", no_check),
           "file with the root's key (Debian: /usr/share/dns/root.key, package dns-root-data): answers are validated, "
           "and forged ones are as good as none; wants resolvers that pass signatures on. `\"\"`: nothing is "
           "validated")}};
  return section;
}

const Section<queue::Options>& queue_section() {
  using Q = queue::Options;
  const auto in_retry = [](auto queue::RetryOptions::* member) {
    return [member](Q& q) -> auto& { return q.retry.*member; };
  };
  static const Section<Q> section{
      "queue",
      false,
      "How safe mail is kept and how long it is tried.",
      {row("durability", &Q::durability,
           enum_type<queue::Durability>(
               {{"synced", queue::Durability::synced}, {"written", queue::Durability::written}}),
           "`synced`: 250 after fdatasync; `written`: after write(2), which survives a crash of the process but not of "
           "the machine"),
       row<Q, Duration>("retry.first", in_retry(&queue::RetryOptions::first), duration_type(seconds(1), hours(24)),
                        "wait after the first failure; smaller values annoy greylisting peers"),
       row<Q, double>("retry.factor", in_retry(&queue::RetryOptions::factor), factor_type(1, 10),
                      "each further wait is longer by this factor"),
       row<Q, Duration>("retry.max", in_retry(&queue::RetryOptions::max), duration_type(seconds(1), hours(24 * 7)),
                        "the longest wait"),
       row("max_age", &Q::max_age, duration_type(seconds(1), hours(24 * 365)), "a message older than this is returned"),
       row("bounce_max_age", &Q::bounce_max_age, duration_type(seconds(1), hours(24 * 365)),
           "the same for messages with the null sender"),
       row("delay_notice_after", &Q::delay_notice_after, duration_type(Duration::zero(), hours(24 * 365)),
           "a sender who asked for it, or who logged in or came from a trusted network, hears once of a message that "
           "is "
           "not delivered by then; `0s`: never"),
       row("return_octets_max", &Q::return_octets_max, size_type(0, 2ULL << 20),
           "a sender who asked for the whole message (RET=FULL) gets it back with a bounce up to this size, else its "
           "header"),
       row("bounce_unverified", &Q::bounce_unverified, bool_type(),
           "`false`: no bounce and no report to a sender who neither logged in nor came from a trusted network, as the "
           "address may be forged; the log has it"),
       row("double_bounce", &Q::double_bounce,
           enum_type<queue::DoubleBounce>(
               {{"drop", queue::DoubleBounce::drop}, {"postmaster", queue::DoubleBounce::postmaster}}),
           "what becomes of a message with the null sender that cannot be delivered: dropped and logged, or the "
           "postmaster is told"),
       row("double_bounce_to", &Q::double_bounce_to,
           text_type("mailbox", "a mailbox like \"postmaster@example.com\"", check_optional_mailbox),
           "who that is; `\"\"`: postmaster at our hostname"),
       row("verp_senders", &Q::verp_senders,
           text_list_type("array of mailboxes", "an array of mailboxes like \"news@lists.example.com\"", check_mailbox),
           "mail from these goes to one recipient at a time, with the recipient in the sender's address: "
           "`news+ann=example.org@lists.example.com`"),
       row("report_templates", &Q::report_templates, text_type("path", "the path of a folder", no_check),
           "folder with the words of bounces and other reports: failure.txt, delay.txt, success.txt, double_bounce.txt "
           "(docs/reports.md); what is not there, and `\"\"`: our own words"),
       row("in_flow_delay", &Q::in_flow_delay, duration_type(Duration::zero(), seconds(1)),
           "a client waits this long with its next message while delivery is a little behind; `0s`: never"),
       row("min_free_disk", &Q::min_free_disk, size_type(0, 1ULL << 50),
           "with less than this free, new mail is answered with 452 4.3.1")}};
  return section;
}

const Section<server::Options>& limits_section() {
  using O = server::Options;
  const auto limit = [](auto server::Limits::* member) { return [member](O& o) -> auto& { return o.limits.*member; }; };
  using L = server::Limits;
  using F = policy::AuthFailureLimits;
  const auto auth_failure = [](auto F::* member) {
    return [member](O& o) -> auto& { return o.limits.auth_failures.*member; };
  };
  static const Section<O> section{
      "limits",
      false,
      "What RFC 5321 4.5.3 asks at least, and what protects the server.",
      {row<O, std::uint64_t>("message_size_max", limit(&L::message_size_max), size_type(1ULL << 10, 4ULL << 30),
                             "announced as SIZE; larger messages get 552 5.3.4; RFC 5321 asks for 64KiB at least"),
       row<O, std::uint64_t>(
           "memory_max", limit(&L::memory_max), size_or_auto_type(64ULL << 20, 1ULL << 50),
           "memory of the whole process (docs/memory.md): buffers, windows and caches follow from it, and near it new "
           "sessions get 421 4.3.2 and messages 452 4.3.1. `auto`: three quarters of the container's limit, or half of "
           "the machine's memory. 86MiB and 10MiB for each worker is the least"),
       row<O, std::uint32_t>("recipients_max", limit(&L::recipients_max), count_type(1, 100'000),
                             "recipients of a message; more get 452 4.5.3; RFC 5321 asks for 100 at least"),
       row<O, std::uint32_t>(
           "sessions_max", limit(&L::sessions_max), count_type(1, 1'000'000),
           "sessions open at a time; more get 421 4.3.2; fewer where `memory_max` is not enough for so many"),
       row<O, std::uint32_t>("sessions_per_client_max", limit(&L::sessions_per_client_max), count_type(1, 1'000'000),
                             "of these, from one address"),
       row<O, std::uint32_t>("messages_per_minute_per_client", limit(&L::messages_per_minute_per_client),
                             count_type(0, 10'000'000), "0: no limit"),
       row<O, std::uint32_t>("errors_max", limit(&L::errors_max), count_type(1, 10'000),
                             "refused commands before the session is closed"),
       row<O, std::uint32_t>(
           "text_line_octets_max", limit(&L::text_line_octets_max), count_type(998, 10'000'000),
           "longest line of a message without its CRLF; a longer one gets 550 5.6.0; BINARYMIME is free of it"),
       row<O, std::uint32_t>("hops_max", limit(&L::hops_max), count_type(1, 1000),
                             "Received fields before a message counts as looping"),
       row<O, Duration>("command_timeout", limit(&L::command_timeout), duration_type(seconds(1), hours(24)),
                        "wait for a command"),
       row<O, Duration>("data_timeout", limit(&L::data_timeout), duration_type(seconds(1), hours(24)),
                        "wait for progress in DATA and BDAT"),
       row<O, Duration>("future_release_max", limit(&L::future_release_max),
                        duration_type(Duration::zero(), hours(24 * 365)),
                        "how far ahead a client that logged in may have its mail held (`FUTURERELEASE`, RFC 4865: "
                        "`HOLDFOR=`, `HOLDUNTIL=`); 0s: it is not offered"),
       row<O, Duration>("tls_handshake_timeout", limit(&L::tls_handshake_timeout), duration_type(seconds(1), hours(1)),
                        "wait for a TLS handshake to end"),
       row<O, std::uint32_t>(
           "auth_failures_max", auth_failure(&F::failures_max), count_type(0, 1'000'000),
           "failed logins from one client network, or for one login from it, before it is refused with "
           "421 4.7.0; 0: no limit"),
       row<O, Duration>("auth_failures_window", auth_failure(&F::window), duration_type(seconds(1), hours(24 * 7)),
                        "how long a failed login counts"),
       row<O, Duration>("auth_failures_penalty", auth_failure(&F::penalty), duration_type(seconds(1), hours(24 * 7)),
                        "how long a client is refused then"),
       row<O, Duration>("auth_failure_delay", auth_failure(&F::delay), duration_type(Duration::zero(), seconds(60)),
                        "wait before the reply to a failed login; doubles with each, up to eight seconds"),
       row("bare_line_ending", &O::bare_line_ending,
           enum_type<server::BareLineEnding>(
               {{"refuse", server::BareLineEnding::refuse}, {"normalize", server::BareLineEnding::normalize}}),
           "a CR or LF that stands alone in DATA: refuse the message, or make it CRLF; it never ends the message")}};
  return section;
}

const Section<telemetry::LogOptions>& log_section() {
  using L = telemetry::LogOptions;
  using telemetry::LogFormat;
  using telemetry::LogLevel;
  static const Section<L> section{
      "log",
      false,
      "The log, on standard error; docs/log.md lists its events.",
      {row("format", &L::format, enum_type<LogFormat>({{"json", LogFormat::json}, {"text", LogFormat::text}}),
           "one JSON object a line, or text"),
       row("level", &L::level,
           enum_type<LogLevel>({{"debug", LogLevel::debug},
                                {"info", LogLevel::info},
                                {"warning", LogLevel::warning},
                                {"error", LogLevel::error}}),
           "the least that is logged")}};
  return section;
}

const Section<admin::Options>& admin_section() {
  using A = admin::Options;
  static const Section<A> section{
      "admin",
      false,
      "HTTP for operators and tools: metrics, health, the queue.",
      {row("address", &A::address,
           text_type("address and port", "an address like \"127.0.0.1:8025\", or \"\" for none",
                     check_optional_address),
           "where to listen; `\"\"` switches it off; port 0 picks one and logs it"),
       row("token_file", &A::token_file, text_type("path", "the path of a file", no_check),
           "file with the bearer token; required when the address is not a loopback address")}};
  return section;
}

const Section<sandbox::Options>& security_section() {
  using O = sandbox::Options;
  using sandbox::Mode;
  const auto paths = text_list_type("array of absolute paths", "an array of absolute paths", check_absolute_path);
  static const Section<O> section{
      "security",
      false,
      "What the process may still do after its start, so that a bug is worth little to whoever finds it "
      "(docs/hardening.md).",
      {row("sandbox", &O::mode, enum_type<Mode>({{"enforce", Mode::enforce}, {"log", Mode::log}, {"off", Mode::off}}),
           "`enforce`: only the paths that this configuration names (Landlock) and the system calls of a mail server "
           "(seccomp), as far as the kernel can; `log`: system calls are noted and done, paths are free; `off`: "
           "neither"),
       row("read_paths", &O::read_paths, paths, "more to read, for what a library opens by a configuration of its own"),
       row("write_paths", &O::write_paths, paths,
           "more to read and write; a directory that will hold mailboxes after a reload")}};
  return section;
}

}  // namespace ringpost::config
