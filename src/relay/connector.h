// Opens a connection to a destination: tries the next hops in order (those of one rank by weight, hop_list.h), of each
// its hosts, of each its addresses, until one greets us and answers our EHLO or LHLO positively, with TLS and AUTH as
// the route wants them. One that refuses is as good as one that is down: the next is tried, and where all refuse the
// last one's words are the error.
//
// Where a certificate must be good for a name, an MX host's own name is only asked for if DNSSEC vouches for it: an
// answer that anybody may have forged must not choose whom we trust. Else the name is the domain's.
//
// Opportunistic TLS that fails is followed by a second connection in clear text, and so are the next ones for a while.
// Where the route asks for TLS there is no such way, and neither where DNSSEC says that the host has it (DANE): a host
// whose TLSA records cannot be had, or whose certificate is not as they announce, is as good as down. A domain's
// MTA-STS policy is obeyed where DANE says nothing.
//
// Mail with REQUIRETLS goes only to a host that proves to be the one it should be and offers REQUIRETLS. Where all have
// shown that they do not, there is no use in waiting: the error is of class 5. Mail with "TLS-Required: No" that
// cannot go as the domain wants it goes as if the domain had no wishes; what the operator asks for stands.
//
// Standards: RFC 5321 5.1 (order), 3.1 and 4.5.4.1 (hosts that refuse or are down), RFC 7435 (opportunistic security),
// RFC 7672 (DANE), RFC 8461 (MTA-STS), RFC 8689 4.2 (REQUIRETLS, TLS-Required).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/connection.h"
#include "relay/connection_fitness.h"
#include "relay/hop_list.h"
#include "relay/host_places.h"
#include "relay/mx_hosts.h"
#include "relay/options.h"
#include "relay/outbound_connection.h"
#include "relay/route.h"
#include "relay/session_opening.h"
#include "relay/sts_policies.h"
#include "relay/tls_contexts.h"
#include "relay/tls_failures.h"
#include "relay/tls_observation.h"
#include "relay/warm_up.h"

namespace ringpost::relay {

/// As it stands in logs and in OutboundConnection: "host[address]:port".
std::string remote_name(const std::string& host, const io::SocketAddress& address);

/// It was not the site: no source may send there now, or the proxy does not work. Others can be as well as ever.
bool is_our_way_out(const Error& error) noexcept;

/// Who answers for a destination.
struct FoundSite {
  std::string name;  // the same for all with the same MX hosts
  Needs needs;       // empty where MX is not asked
};

class Connector {
 public:
  /// Every host that could be used has as many connections as it may: no word about any of them.
  static constexpr PublicStatus hosts_are_full{451, {4, 4, 5}};
  /// Of all hosts of a domain, each time. A domain may name hundreds that take half a minute each to be silent.
  static constexpr std::size_t addresses_tried_max = 32;

  /// All outlive it. `observer` hears how TLS went with the hosts of domains; null: nobody does. `places`: null:
  /// connections to hosts are not counted. `warm_up`: what sources have sent today; null: nobody counts.
  Connector(io::Reactor& reactor, Resolver& resolver, io::OffloadPool& helpers, const Options& options,
            tlsrpt::Observer* observer = nullptr, HostPlaces* places = nullptr, const WarmUp* warm_up = nullptr)
      : reactor_(reactor),
        resolver_(resolver),
        helpers_(helpers),
        options_(options),
        observer_(observer),
        places_(places),
        warm_up_(warm_up),
        contexts_(reactor, helpers),
        sts_(reactor, resolver, helpers, options.data_dir + "/mta-sts") {}

  /// `delivery` is a network one and outlives the call. Errors: cancelled; else why the last one could not be used,
  /// with the enhanced code to defer with (4.4.1, 4.4.3, and those of SessionOpening), or to give up with (class 5, of
  /// Resolver::mx_hosts, and 5.7.10 and 5.7.30 of REQUIRETLS); or hosts_are_full. Where it is not the site that could
  /// not be used: is_our_way_out(). `site`: as of find_site(), what sources in warm-up count for.
  io::Task<Result<std::unique_ptr<OutboundConnection>>> open(const Delivery& delivery, std::string site,
                                                             io::Cancel cancel);
  io::Task<Result<std::unique_ptr<OutboundConnection>>> open(const Delivery& delivery, io::Cancel cancel) {
    return open(delivery, {}, cancel);
  }
  /// One address of a host that an operator named, and no other. Errors as of open().
  io::Task<Result<std::unique_ptr<OutboundConnection>>> open_one(const Delivery& delivery, std::string host,
                                                                 io::SocketAddress address, bool implicit_tls,
                                                                 io::Cancel cancel);
  /// The hosts that answer for `delivery`, and what it asks of the connections to each. Errors: as of
  /// Resolver::mx_hosts.
  io::Task<Result<FoundSite>> find_site(const Delivery& delivery, io::Cancel cancel);

 private:
  using Opened = Result<std::unique_ptr<OutboundConnection>>;
  /// How a host was found.
  struct Origin {
    std::string domain;                            // whose MX it is; empty: a route names it
    StsPolicies::Policy policy;                    // of that domain; null: none
    std::optional<tlsrpt::FailureKind> problem{};  // then why the one that it announces could not be had
  };
  /// Whether the receiving domain's wishes count.
  enum class Hearing : std::uint8_t { listen, ignore };
  io::Task<Opened> open_any(const Delivery& delivery, std::string site, Hearing hearing, io::Cancel cancel);
  io::Task<Opened> open_hop(const Delivery& delivery, const Hop& hop, std::string site, Hearing hearing,
                            io::Cancel cancel);
  io::Task<Opened> open_mx(const Delivery& delivery, const Hop& hop, Peer peer, Hearing hearing, io::Cancel cancel);
  io::Task<Result<Origin>> origin_of(const Delivery& delivery, const Hop& hop, Hearing hearing, io::Cancel cancel);
  io::Task<Opened> open_host(const Delivery& delivery, MxHost host, Peer peer, Origin origin, io::Cancel cancel);
  io::Task<Opened> open_address(const Delivery& delivery, const Peer& peer, io::SocketAddress address,
                                io::Cancel cancel);
  /// By way of the route's proxy where it has one: then `sending_ip` is not known.
  io::Task<Result<std::unique_ptr<io::Stream>>> connect(const Delivery& delivery, const Peer& peer,
                                                        io::SocketAddress address, SourceAddress source,
                                                        std::string& sending_ip, io::Cancel cancel);
  Result<SourceAddress> source_for(const Delivery& delivery, const Peer& peer, const io::SocketAddress& address) const;
  io::Task<Opened> open_session(const Delivery& delivery, const Peer& peer, io::SocketAddress address,
                                Encryption encryption, bool& tls_failed, io::Cancel cancel);

  io::Reactor& reactor_;
  Resolver& resolver_;
  io::OffloadPool& helpers_;
  const Options& options_;
  tlsrpt::Observer* const observer_;
  HostPlaces* const places_;
  const WarmUp* warm_up_;
  TlsContexts contexts_;
  StsPolicies sts_;
  TlsFailures tls_failures_;
  HopFailures hop_failures_;
};

}  // namespace ringpost::relay
