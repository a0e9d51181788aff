#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/sections.h"
#include "relay/egress_proxy.h"
#include "relay/hop_list.h"
#include "relay/socks5.h"
#include "relay/source_address.h"

namespace ringpost::config {

namespace {

std::string check_route_domain(std::string_view text) {
  if (text == "*") return {};
  return check_domain(text.starts_with("*.") ? text.substr(2) : text);
}

std::string check_client_mechanism(std::string_view text) {
  static constexpr std::array<std::string_view, 8> known{"",      "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5",
                                                         "PLAIN", "LOGIN",         "XOAUTH2",     "OAUTHBEARER"};
  return std::ranges::find(known, text) != known.end() ? "" : "'" + printable(text, 40) + "'";
}

std::string check_token_endpoint(std::string_view text) {
  if (text.empty() || text.starts_with("https://")) return {};
  // A token in clear text goes no further than this machine.
  for (const std::string_view here : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    if (!text.starts_with(here)) continue;
    const std::string_view rest = text.substr(here.size());
    if (rest.empty() || rest.starts_with(':') || rest.starts_with('/')) return {};
  }
  return "'" + printable(text, 80) + "'";
}

std::string check_listed_hop(std::string_view text) {
  const auto hop = relay::parse_listed_hop(text);
  return hop ? "" : hop.error().reason;
}

std::string check_source(std::string_view text) {
  const auto source = relay::parse_source_address(text);
  return source ? "" : source.error().reason;
}

std::string check_egress_proxy(std::string_view text) {
  if (text.empty()) return {};
  const auto proxy = relay::parse_egress_proxy(text);
  return proxy ? "" : proxy.error().reason;
}

std::string check_proxy_user(std::string_view text) {
  return text.size() <= relay::socks5_login_octets_max ? "" : "more than 255 octets";
}

using R = relay::RouteOptions;

std::vector<Row<R>> pacing_rows() {
  return {
      row("connections_max", &R::connections_max, count_type(1, 10'000),
          "connections to one site (its next hops, or the hosts that its MX records name) at a time"),
      row("connections_per_host_max", &R::connections_per_host_max, count_type(0, 10'000),
          "the same to one address of a host, whatever sites and routes it is for; `0`: no limit of its own"),
      row("messages_per_connection_max", &R::messages_per_connection_max, count_type(1, 1'000'000),
          "messages before a connection is closed"),
      row("connection_age_max", &R::connection_age_max, duration_type(std::chrono::seconds(1), std::chrono::hours(24)),
          "how old a connection becomes that has work; one without work is closed after 10 seconds"),
      row("recipients_max", &R::recipients_max, count_type(1, 50'000), "recipients of one transaction"),
      row("rate", &R::rate, rate_type(), "messages to one site in a time; `\"\"`: no limit"),
      row("connection_rate", &R::connection_rate, rate_type(), "the same of new connections"),
      row("source_addresses", &R::source_addresses,
          text_list_type("array of addresses", "an array of texts like \"192.0.2.1 out1.example.com 2\"", check_source),
          "addresses to send from, each with the name for EHLO (our hostname unless given) and a weight (1) behind "
          "it; "
          "of those in the address family of the next hop one is chosen for each connection")};
}

std::vector<Row<R>> proxy_rows() {
  const auto path = text_type("path", "the path of a file", [](std::string_view) { return std::string(); });
  return {row("egress_proxy", &R::egress_proxy,
              text_type("proxy", "\"socks5://host:port\", \"proxy://host:port\" or \"\"", check_egress_proxy),
              "what connections to next hops go through: `socks5://host:port` (RFC 1928; port 1080), or "
              "`proxy://host:port`, which is told address and target by a header of the PROXY protocol, version 2 "
              "(HAProxy). It is given addresses, never names; `\"\"`: none"),
          row("egress_proxy_user", &R::egress_proxy_user,
              text_type("text", "a string of at most 255 octets", check_proxy_user),
              "who we are at a SOCKS5 proxy (RFC 1929); `\"\"`: no login"),
          row("egress_proxy_password_file", &R::egress_proxy_password_file, path,
              "file with the password, read for each connection")};
}

std::vector<Row<R>> auth_rows() {
  using A = sasl::ClientOptions;
  const auto in_auth = [](auto sasl::ClientOptions::* member) {
    return [member](R& r) -> auto& { return r.auth.*member; };
  };
  const auto any = [](std::string_view) { return std::string(); };
  const auto path = text_type("path", "the path of a file", any);
  const auto text = text_type("text", "a string", any);
  return {
      row<R, std::string>("auth.user", in_auth(&A::user), text,
                          "who we are at the next hop (RFC 4954); `\"\"`: no AUTH. Secrets are read from their files "
                          "at each login"),
      row<R, std::string>("auth.password_file", in_auth(&A::password_file), path, "file with the password"),
      row<R, std::string>(
          "auth.mechanism", in_auth(&A::mechanism),
          text_type("SASL mechanism",
                    "one of \"SCRAM-SHA-256\", \"SCRAM-SHA-1\", \"CRAM-MD5\", \"PLAIN\", \"LOGIN\", "
                    "\"XOAUTH2\", \"OAUTHBEARER\", or \"\"",
                    check_client_mechanism),
          "`\"\"`: the strongest that is offered of SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN. With "
          "`tls = \"off\"` only those that do not show the password"),
      row<R, std::string>(
          "auth.token_endpoint", in_auth(&A::token_endpoint),
          text_type("URL", "a URL that begins with https:// (http:// towards this machine)", check_token_endpoint),
          "for XOAUTH2 and OAUTHBEARER: where the refresh token is exchanged for an access token "
          "(RFC 6749 6)"),
      row<R, std::string>("auth.client_id", in_auth(&A::client_id), text, "who we are at the token endpoint"),
      row<R, std::string>("auth.client_secret_file", in_auth(&A::client_secret_file), path,
                          "file with the secret that goes with it, where there is one"),
      row<R, std::string>("auth.refresh_token_file", in_auth(&A::refresh_token_file), path,
                          "file with the refresh token")};
}

std::vector<Row<R>> joined(std::vector<Row<R>> rows, std::initializer_list<std::vector<Row<R>>> others) {
  for (const auto& each : others) rows.insert(rows.end(), each.begin(), each.end());
  return rows;
}

std::vector<Row<R>> tls_rows() {
  using relay::TlsMode;
  using T = tls::ClientOptions;
  const auto in_tls = [](auto tls::ClientOptions::* member) {
    return [member](R& r) -> auto& { return r.tls_options.*member; };
  };
  const auto path = text_type("path", "the path of a file", [](std::string_view) { return std::string(); });
  return {row("tls", &R::tls,
              enum_type<TlsMode>({{"off", TlsMode::off},
                                  {"opportunistic", TlsMode::opportunistic},
                                  {"required", TlsMode::required},
                                  {"verified", TlsMode::verified},
                                  {"dane", TlsMode::dane}}),
              "`off`; `opportunistic`: where it is offered, in clear text where it fails; `required`: or the mail "
              "waits; `verified`: and the certificate must be good for the name of the next hop; `dane`: and it must "
              "be as its TLSA records announce (RFC 7672). With `dnssec_trust_anchor`, TLSA records hold for "
              "`opportunistic` and `required` too, wherever a host has them. With `auth`, `opportunistic` counts as "
              "`verified`. Mail that came under `required`, `verified` or `dane` stays under it when this changes"),
          row("mta_sts", &R::mta_sts, bool_type(),
              "with next hop `mx` and `opportunistic` or `required`: a domain's MTA-STS policy (RFC 8461) is asked for "
              "and obeyed; its web server's certificate must be of an authority in `tls_ca_file`, too"),
          row<R, std::string>("tls_ca_file", in_tls(&T::ca_file), path,
                              "PEM file of the authorities whose certificates are good"),
          row<R, std::string>("tls_certificate", in_tls(&T::certificate), path,
                              "PEM file of our certificate, leaf first, shown where the next hop asks for one"),
          row<R, std::string>("tls_key", in_tls(&T::key), path, "PEM file of its key")};
}

}  // namespace

const Section<relay::RouteOptions>& route_section() {
  static const Section<R> section{
      "route", true,
      "Where mail for foreign domains goes. The first match wins; without one, the MX hosts of the domain.",
      joined(
          {row("domain", &R::domain,
               lower_case_type("pattern", "\"example.net\", \"*.example.net\" or \"*\"", check_route_domain),
               "`example.net`, `*.example.net` (its subdomains only) or `*`"),
           row("next_hop", &R::next_hops,
               text_or_list_type("next hop or array of next hops", "a next hop or an array of them", check_listed_hop),
               "`mx`, `smtp://host:port` (MX not looked up), `smtps://host:port` (TLS from the first octet), "
               "`lmtp://host:port`, `lmtp+unix:/path`, `maildir:` or `discard:`; of several, the next is tried "
               "where one fails. Neighbours that have a weight share the connections by it "
               "(`\"smtp://a weight=3\", \"smtp://b weight=1\"`), and take over where one fails; behind the weight, "
               "`rank=2` begins another group that is tried when the first fails")},
          {pacing_rows(), proxy_rows(), tls_rows(), auth_rows()})};
  return section;
}

}  // namespace ringpost::config
