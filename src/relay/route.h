// Where a recipient's mail goes: a destination key for an address, and back from the key to next hops and limits.
//
// The key says by itself where the mail goes, because mail that is queued outlives the configuration it came in under:
// the next hops of the route, joined by commas in the order they are tried, with the domain where MX is to be asked
// ("smtp://a:25,smtp://b:25", "mx:example.org", "maildir:/var/mail/{domain}/{local}"), and last, where the route asks
// for it, "tls=required", "tls=verified" or "tls=dane": what was promised when the mail came is kept whatever
// the configuration says later, and two routes to the same next hop never share connections that only one of them would
// trust. Behind that stands what the sender wants of TLS: ",requiretls" or ",tls-optional", where an SMTP server comes
// next. The rest, weights among them, is looked up in the route that has these next hops; where there is none any more
// they are tried in the order of the key.
//
// Immutable after create(); shared by all workers.
//
// Standards: RFC 8689 (REQUIRETLS, TLS-Required).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "mail/address.h"
#include "mail/domain_scope.h"
#include "mail/envelope.h"
#include "policy/relay_access.h"
#include "relay/egress_proxy.h"
#include "relay/hop_list.h"
#include "relay/next_hop.h"
#include "relay/options.h"
#include "relay/source_address.h"

namespace ringpost::relay {

/// How the mail of one destination is delivered.
struct Delivery {
  std::vector<Hop> hops;  // at least one; Maildir and discard stand alone
  std::uint32_t connections_max = 20;
  std::uint32_t connections_per_host_max = 0;  // 0: no limit
  std::uint32_t messages_per_connection_max = 100;
  Duration connection_age_max = std::chrono::minutes(5);
  std::uint32_t recipients_max = 100;
  Rate rate;                             // of messages
  Rate connection_rate;                  // of new connections
  std::vector<SourceAddress> sources;    // to send from; empty: any
  std::optional<EgressProxy> proxy;      // to connect through; empty: none
  TlsMode tls = TlsMode::opportunistic;  // the stricter one of the key and the route
  mail::TlsWish wish = mail::TlsWish::as_configured;
  bool mta_sts = true;
  tls::ClientOptions tls_options;
  sasl::ClientOptions auth;  // without a user: none

  NextHop::Kind kind() const noexcept { return hops.front().next_hop.kind; }
  bool warms_up() const noexcept {
    return std::ranges::any_of(sources, [](const SourceAddress& source) { return source.warm_up != nullptr; });
  }
  bool is_network() const noexcept { return kind() != NextHop::Kind::maildir && kind() != NextHop::Kind::discard; }
};

class RouteTable {
 public:
  /// Errors: invalid, when a next hop does not parse, a list mixes what cannot fail over to one another, or two routes
  /// to the same next hops do not agree on weights, proxy, TLS and AUTH.
  static Result<RouteTable> create(const std::vector<RouteOptions>& routes,
                                   const std::vector<policy::DomainOptions>& domains,
                                   const std::vector<SourceOptions>& sources = {});

  /// Pure, quick, any thread.
  std::string key_for(const mail::Address& recipient, mail::TlsWish wish = mail::TlsWish::as_configured) const;
  /// The key of next hops that an operator names, "smtp://a, smtp://b": that of the route which has them, or one of
  /// their own. Errors: invalid.
  Result<std::string> key_to(std::string_view next_hops, mail::TlsWish wish = mail::TlsWish::as_configured) const;
  /// The domains whose mail takes the route with this `domain`: others take an earlier one, or are local. Errors: not
  /// found; invalid, when there are more of those than a scope can hold.
  Result<mail::DomainScope> scope_of(std::string_view domain) const;
  /// Errors: invalid, for a key that no configuration of ours has made.
  Result<Delivery> plan_for(std::string_view key) const;

 private:
  struct Route {
    RouteOptions options;           // its next hops without their weights
    std::vector<ListedHop> listed;  // the same with them
    std::vector<SourceAddress> sources;
    std::optional<EgressProxy> proxy;
    std::string key;   // empty where it holds "mx", which needs the domain
    std::string hops;  // the key without its demand for TLS
  };
  std::string key_as_configured(const mail::Address& recipient) const;
  static bool agree(const Route& a, const Route& b);
  const Route* find(std::string_view domain) const noexcept;
  const Route* find_by_key(std::string_view key, std::string_view hops_text,
                           const std::vector<Hop>& hops) const noexcept;
  Result<void> add(const RouteOptions& options, const std::vector<SourceOptions>& sources);

  std::vector<Route> routes_;
  std::unordered_map<std::string, std::string> deliver_;  // local domain, key
};

}  // namespace ringpost::relay
