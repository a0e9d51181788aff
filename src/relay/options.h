// What the outbound side is told. Filled by config/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "relay/reply_rules.h"
#include "sasl/client.h"
#include "smtp/limits.h"
#include "tls/options.h"

namespace ringpost::relay {

/// In order of strictness.
enum class TlsMode : std::uint8_t {
  off,            // never
  opportunistic,  // where offered, and in clear text where that fails
  required,       // or no delivery; whoever the peer is
  verified,       // the same, and its certificate must be good for the next hop's name
  dane,           // the same, and its certificate must be as its TLSA records announce
};

/// No delivery without TLS.
constexpr bool demands_tls(TlsMode mode) noexcept {
  return mode == TlsMode::required || mode == TlsMode::verified || mode == TlsMode::dane;
}

/// One [[route]]: first match wins; without one, MX.
struct RouteOptions {
  std::string domain = "*";  // "example.net", "*.example.net" (subdomains only), "*"
  std::vector<std::string> next_hops{
      "mx"};                           // next_hop.h, perhaps with a weight and a rank (hop_list.h); fails over in order
  std::uint32_t connections_max = 20;  // per site, all workers together
  std::uint32_t connections_per_host_max = 0;  // to one address, all workers and routes together; 0: no limit
  std::uint32_t messages_per_connection_max = 100;
  Duration connection_age_max = std::chrono::minutes(5);  // older ones get nothing more to do
  std::uint32_t recipients_max = 100;                     // per transaction out
  Rate rate;                                              // messages to one site, all workers together
  Rate connection_rate;                                   // the same of new connections
  std::vector<std::string> source_addresses;              // source_address.h; empty: any
  std::string egress_proxy;                               // egress_proxy.h; empty: none
  std::string egress_proxy_user;                          // RFC 1929; empty: no login
  std::string egress_proxy_password_file;                 // read for each connection
  TlsMode tls = TlsMode::opportunistic;
  bool mta_sts = true;  // with "mx": the policies of domains are asked for and obeyed
  tls::ClientOptions tls_options;
  sasl::ClientOptions auth;  // without a user: none

  bool has_auth() const noexcept { return !auth.user.empty(); }
  /// What is really asked for: a password is told only to a peer that has proved who it is, unless the operator has
  /// said otherwise.
  TlsMode effective_tls() const noexcept {
    return has_auth() && tls == TlsMode::opportunistic ? TlsMode::verified : tls;
  }
};

/// [[source]]: what holds for an address wherever mail leaves from it.
struct SourceOptions {
  std::string address;                 // as in RouteOptions::source_addresses, without anything behind it
  std::string hostname;                // EHLO, where the route gives none
  std::uint32_t weight = 1;            // where the route gives none
  std::string warm_up_start;           // a date, YYYY-MM-DD (UTC); empty: it is warm
  std::vector<std::uint32_t> warm_up;  // messages to each site on that day, the next, ...; then without a limit
};

/// [handoff]: to whom what is queued goes when this node leaves.
struct HandOffOptions {
  std::vector<std::string> siblings;  // smtp://host[:port], smtps://host[:port]; a name may stand for many nodes
  std::uint32_t connections_max = 4;  // of each worker
  Duration give_up_after = std::chrono::seconds(30);  // when no sibling has taken or refused anything for this long
  TlsMode tls = TlsMode::opportunistic;
  tls::ClientOptions tls_options;
};

/// [delivery]: how long a next hop may keep us waiting. Each is what RFC 5321 4.5.3.2 asks for, where it asks.
struct Waits {
  Duration connect = smtp::limits::connect_wait;
  Duration tls_handshake = smtp::limits::tls_handshake_wait;
  Duration greeting = smtp::limits::greeting_wait;
  Duration command = smtp::limits::mail_wait;  // EHLO, MAIL, RCPT
  Duration data_initiation = smtp::limits::data_initiation_wait;
  Duration data_block = smtp::limits::data_block_wait;
  Duration data_termination = smtp::limits::data_termination_wait;
};

struct Options {
  std::string hostname;  // EHLO
  std::string data_dir;  // where MTA-STS policies are kept; empty: nowhere, and none is asked for
  std::vector<RouteOptions> routes;
  std::vector<SourceOptions> sources;
  std::vector<ReplyRule> reply_rules;  // before the standard ones
  HandOffOptions handoff;
  Waits waits;
  Duration idle_connection_max = std::chrono::seconds(10);  // a connection with nothing to send is kept this long
};

}  // namespace ringpost::relay
