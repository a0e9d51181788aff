#include "relay/connector.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/random.h"
#include "mail/address.h"
#include "relay/host_policies.h"
#include "telemetry/log.h"

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::SocketAddress;
using io::Task;
using Kind = NextHop::Kind;

namespace {

constexpr PublicStatus no_answer{451, {4, 4, 1}};
constexpr PublicStatus no_way_out{451, {4, 4, 0}};  // nobody else says so
constexpr std::chrono::seconds parting_wait{1};  // for the answer to QUIT of one that refused us: the next host waits

smtp::Waits waits_of(const Waits& waits) noexcept {
  return {waits.greeting,   waits.command,          waits.data_initiation,
          waits.data_block, waits.data_termination, waits.tls_handshake};
}

/// It may be out of reach for everybody; what fails later may fail by what this destination asks.
bool gave_no_answer(const Error& error) noexcept {
  return error.status == no_answer;
}

bool is_full(const Error& error) noexcept {
  return error.status == Connector::hosts_are_full;
}

// What trying next hops, hosts and addresses in turn has come to: the first success, or the last one's words. Where
// REQUIRETLS is wanted, one that may come round keeps the door open: what others have shown for good is not the last
// word then. One that is full works, and its place will come free.
class Search {
 public:
  using Opened = Result<std::unique_ptr<OutboundConnection>>;
  Search(std::string what_if_none, mail::TlsWish wish)
      : opened_(fail(ErrorKind::not_found, std::move(what_if_none), no_answer)), wish_(wish) {}
  /// Returns whether to try the next.
  bool take(Opened now) {
    if (!now && is_full(now.error())) full_ = now.error();
    const bool keep = tried_ && wish_ == mail::TlsWish::required && is_of_class(opened_, 4) && is_of_class(now, 5);
    tried_ = true;
    if (!keep) opened_ = std::move(now);
    return !opened_ && opened_.error().kind != ErrorKind::cancelled;
  }
  bool met_a_full_one() const noexcept { return full_.has_value(); }
  Opened result() {
    const bool is_word_of_all = opened_ || opened_.error().kind == ErrorKind::cancelled || !full_;
    return is_word_of_all ? std::move(opened_) : Opened(std::unexpected(std::move(*full_)));
  }

 private:
  static bool is_of_class(const Opened& opened, std::uint8_t klass) {
    return !opened && opened.error().status.enhanced.klass == klass;
  }
  Opened opened_;
  std::optional<Error> full_;
  const mail::TlsWish wish_;
  bool tried_ = false;
};

Error unusable(std::string_view remote, Error error) {
  error.reason = std::string(remote) + ": " + error.reason;
  error.status = no_answer;
  return error;
}

void report_connection(const OutboundConnection& connection, const std::optional<EgressProxy>& proxy) {
  telemetry::Event event(telemetry::EventKind::connect);
  event.field("remote", connection.remote);
  if (connection.source.address.length() != 0) event.field("source", connection.source.address.host());
  if (proxy) event.field("proxy", proxy->url());
  event.emit();
}

Encryption encryption_for(const Delivery& delivery, const Peer& peer, bool has_failed) noexcept {
  if (peer.implicit_tls) return Encryption::implicit;
  if (demands_tls(delivery.tls) || !peer.demanded_by.empty()) return Encryption::demanded;
  if (delivery.tls == TlsMode::off || peer.local || has_failed) return Encryption::none;
  return Encryption::where_offered;
}

}  // namespace

std::string remote_name(const std::string& host, const SocketAddress& address) {
  return host + "[" + address.host() + "]:" + std::to_string(address.port());
}

bool is_our_way_out(const Error& error) noexcept {
  return error.status == no_way_out;
}

Task<Connector::Opened> Connector::open(const Delivery& delivery, std::string site, Cancel cancel) {
  auto opened = co_await open_any(delivery, site, Hearing::listen, cancel);
  const bool otherwise = !opened && opened.error().kind != ErrorKind::cancelled && !is_full(opened.error()) &&
                         delivery.wish == mail::TlsWish::optional && leaves_a_say(delivery.tls);
  if (otherwise) opened = co_await open_any(delivery, site, Hearing::ignore, cancel);
  co_return std::move(opened);
}

Task<Connector::Opened> Connector::open_any(const Delivery& delivery, std::string site, Hearing hearing,
                                            Cancel cancel) {
  Search search("no next hop", delivery.wish);
  const auto is_down = [this](const Hop& hop) { return hop_failures_.recent(hop.next_hop.text(), monotonic_now()); };
  const auto hops = hops_to_try(delivery.hops, is_down, random_u64);
  for (const Hop* hop : hops) {
    auto opened = co_await open_hop(delivery, *hop, site, hearing, cancel);
    const bool tells = opened || (opened.error().kind != ErrorKind::cancelled && !is_full(opened.error()) &&
                                  !is_our_way_out(opened.error()));
    if (hop->weight != 0 && tells && opened) hop_failures_.forget(hop->next_hop.text());
    if (hop->weight != 0 && tells && !opened) hop_failures_.note(hop->next_hop.text(), monotonic_now());
    // One that is full works: the next is for when it does not.
    if (!search.take(std::move(opened)) || search.met_a_full_one()) break;
  }
  co_return search.result();
}

Task<Connector::Opened> Connector::open_one(const Delivery& delivery, std::string host, SocketAddress address,
                                            bool implicit_tls, Cancel cancel) {
  Peer peer;
  peer.remote = remote_name(host, address);
  peer.host = std::move(host);
  peer.port = address.port();
  peer.implicit_tls = implicit_tls;
  peer.vouched = true;
  co_return co_await open_address(delivery, peer, address, cancel);
}

Task<Result<FoundSite>> Connector::find_site(const Delivery& delivery, Cancel cancel) {
  const Hop& first = delivery.hops.front();
  FoundSite site;
  site.name = first.next_hop.text();
  if (first.next_hop.kind != Kind::mx) co_return std::move(site);
  auto hosts = co_await resolver_.mx_hosts(first.mx_domain, Deadline::after(options_.waits.connect), cancel);
  if (!hosts) co_return propagate(hosts);
  auto origin = co_await origin_of(delivery, first, Hearing::listen, cancel);
  if (!origin) co_return propagate(origin);
  std::vector<std::string> names;
  for (const MxHost& host : *hosts) {
    names.push_back(host.name);
    site.needs.push_back(needs_at(host, delivery, origin->domain, origin->policy));
  }
  std::ranges::sort(names);
  site.name = "mx-hosts:";
  for (const std::string& name : names) (site.name += name) += ',';
  co_return std::move(site);
}

Task<Result<Connector::Origin>> Connector::origin_of(const Delivery& delivery, const Hop& hop, Hearing hearing,
                                                     Cancel cancel) {
  Origin origin{hop.mx_domain, nullptr, {}};
  const bool may_have_policy = delivery.mta_sts && hearing == Hearing::listen;
  if (may_have_policy && !options_.data_dir.empty() && mail::valid_domain(hop.mx_domain, false)) {
    auto policy = co_await sts_.find(hop.mx_domain, delivery.tls_options.ca_file, cancel);
    if (!policy) co_return propagate(policy);
    origin.policy = std::move(*policy);
    origin.problem = sts_.problem_of(hop.mx_domain);
  }
  co_return std::move(origin);
}

Task<Connector::Opened> Connector::open_hop(const Delivery& delivery, const Hop& hop, std::string site, Hearing hearing,
                                            Cancel cancel) {
  const NextHop& next = hop.next_hop;
  Peer peer;
  peer.site = std::move(site);
  if (next.kind == Kind::lmtp || next.kind == Kind::lmtp_unix) peer.dialect = smtp::Dialect::lmtp;
  if (next.kind == Kind::lmtp_unix) {
    auto address = SocketAddress::unix_path(next.path);
    if (!address) co_return propagate(address);
    peer.remote = "unix:" + next.path;
    peer.local = true;
    co_return co_await open_address(delivery, peer, *address, cancel);
  }
  peer.requiretls = delivery.wish == mail::TlsWish::required && peer.dialect == smtp::Dialect::smtp;
  if (peer.requiretls && delivery.tls == TlsMode::off && next.kind != Kind::smtps) {
    co_return fail(ErrorKind::refused, "the sender asks for REQUIRETLS, and the route has TLS switched off",
                   encryption_needed);
  }
  const Deadline look_up_until = Deadline::after(options_.waits.connect);
  if (next.kind != Kind::mx) {
    auto host = co_await resolver_.host(next.host, next.port, look_up_until, cancel);
    if (!host) co_return propagate(host);
    peer.implicit_tls = next.kind == Kind::smtps;
    if (hearing == Hearing::ignore) host->dane = Dane();
    Origin named;  // a temporary would be destroyed twice here (GCC 12)
    co_return co_await open_host(delivery, std::move(*host), std::move(peer), std::move(named), cancel);
  }
  co_return co_await open_mx(delivery, hop, std::move(peer), hearing, cancel);
}

Task<Connector::Opened> Connector::open_mx(const Delivery& delivery, const Hop& hop, Peer peer, Hearing hearing,
                                           Cancel cancel) {
  const Deadline look_up_until = Deadline::after(options_.waits.connect);
  auto hosts = co_await resolver_.mx_hosts(hop.mx_domain, look_up_until, cancel);
  if (!hosts) co_return propagate(hosts);
  auto origin = co_await origin_of(delivery, hop, hearing, cancel);
  if (!origin) co_return propagate(origin);
  Search search(hop.mx_domain + " has no mail host", delivery.wish);
  std::vector<std::string> silent;
  std::uint16_t preference = 0;
  std::size_t left = addresses_tried_max;
  for (MxHost& host : *hosts) {
    if (host.addresses.size() > left) host.addresses.resize(left);
    if (left == 0) break;
    left -= host.addresses.size();
    // A worse host is for when the better ones are down.
    if (search.met_a_full_one() && host.preference != preference) break;
    preference = host.preference;
    const std::string name = host.name;
    peer.identity = identity_at(host, hop.mx_domain);
    if (hearing == Hearing::ignore) host.dane = Dane();
    auto opened = co_await open_host(delivery, std::move(host), peer, *origin, cancel);
    if (!opened && gave_no_answer(opened.error())) silent.push_back(name);
    // What was opened against the domain's wishes is for nobody else.
    if (opened && hearing == Hearing::listen) {
      (*opened)->standing.host = name;
      (*opened)->standing.passed_over = std::move(silent);
    }
    if (!search.take(std::move(opened))) break;
  }
  auto result = search.result();
  if (!result && (left == 0 || hosts->size() == Resolver::hosts_max))
    result.error().reason += "; of a domain, no more than " + std::to_string(Resolver::hosts_max) + " hosts and " +
                             std::to_string(addresses_tried_max) + " addresses are tried";
  co_return std::move(result);
}

Task<Connector::Opened> Connector::open_host(const Delivery& delivery, MxHost host, Peer peer, Origin origin,
                                             Cancel cancel) {
  Search search(host.name + " has no address", delivery.wish);
  if (observer_ != nullptr) {
    peer.noted = session_to_note(delivery, host, origin.domain, origin.policy.get(), origin.problem);
  }
  auto allowed = ask_policies(peer, delivery, host, origin.domain, origin.policy);
  if (!allowed) {
    if (observer_ != nullptr) note_refusal(*observer_, peer);
    co_return std::unexpected(allowed.error());
  }
  for (const SocketAddress& address : host.addresses) {
    peer.port = address.port();
    peer.remote = remote_name(host.name, address);
    auto opened = co_await open_address(delivery, peer, address, cancel);
    if (!search.take(std::move(opened))) break;
  }
  co_return search.result();
}

Task<Connector::Opened> Connector::open_address(const Delivery& delivery, const Peer& peer, SocketAddress address,
                                                Cancel cancel) {
  HostPlaces::Place place;
  if (places_ != nullptr && !peer.local) {
    auto free = places_->take(address.text(), delivery.connections_per_host_max);
    if (!free) {
      co_return fail(ErrorKind::unavailable, peer.remote + " has as many connections as it may", hosts_are_full);
    }
    place = std::move(*free);
  }
  const Encryption encryption = encryption_for(delivery, peer, tls_failures_.recent(peer.remote, monotonic_now()));
  bool tls_failed = false;
  auto opened = co_await open_session(delivery, peer, address, encryption, tls_failed, cancel);
  const bool may_do_without =
      encryption == Encryption::where_offered && tls_failed && !opened && opened.error().kind != ErrorKind::cancelled;
  if (may_do_without) {
    tls_failures_.note(peer.remote, monotonic_now());
    opened = co_await open_session(delivery, peer, address, Encryption::none, tls_failed, cancel);
  }
  if (opened) (*opened)->host_place = std::move(place);
  co_return std::move(opened);
}

Task<Result<std::unique_ptr<io::Stream>>> Connector::connect(const Delivery& delivery, const Peer& peer,
                                                             SocketAddress address, SourceAddress source,
                                                             std::string& sending_ip, Cancel cancel) {
  if (!delivery.proxy || peer.local) {
    auto direct = co_await io::Connection::connect(reactor_, address, source.address,
                                                   Deadline::after(options_.waits.connect), cancel);
    if (direct) {
      if (observer_ != nullptr) sending_ip = (*direct)->local().host();
      co_return std::move(*direct);
    }
    if (direct.error().kind == ErrorKind::cancelled) co_return propagate(direct);
    co_return std::unexpected(unusable(peer.remote, std::move(direct.error())));
  }
  EgressConnection way(reactor_, resolver_, helpers_, *delivery.proxy, options_.waits.connect);
  auto stream = co_await way.connect(address, source.address, cancel);
  if (stream || stream.error().kind == ErrorKind::cancelled) co_return std::move(stream);
  Error error = unusable(peer.remote, std::move(stream.error()));
  if (!way.blames_destination()) error.status = no_way_out;
  co_return std::unexpected(std::move(error));
}

Result<SourceAddress> Connector::source_for(const Delivery& delivery, const Peer& peer,
                                            const SocketAddress& address) const {
  if (delivery.sources.empty() || peer.local) return SourceAddress();
  const WallTime now = WallTime::now();
  const auto may_send = [&](const SourceAddress& source) {
    return warm_up_ == nullptr || peer.site.empty() || warm_up_->may_send(source, peer.site, now);
  };
  const SourceAddress* chosen = choose_source(delivery.sources, address, random_u64(), may_send);
  if (chosen != nullptr) return *chosen;
  std::vector<SourceAddress> used_up;
  std::ranges::copy_if(delivery.sources, std::back_inserter(used_up),
                       [&](const SourceAddress& source) { return source.address.family() == address.family(); });
  if (!used_up.empty())
    return fail(ErrorKind::unavailable, peer.remote + ": " + warm_up_reason(used_up, now), no_way_out);
  return std::unexpected(
      unusable(peer.remote, Error(ErrorKind::invalid, "no source address of the route is of its address family")));
}

Task<Connector::Opened> Connector::open_session(const Delivery& delivery, const Peer& peer, SocketAddress address,
                                                Encryption encryption, bool& tls_failed, Cancel cancel) {
  auto source = source_for(delivery, peer, address);
  if (!source) co_return propagate(source);
  std::string sending_ip;
  auto stream = co_await connect(delivery, peer, address, *source, sending_ip, cancel);
  if (!stream) co_return propagate(stream);
  auto connection = std::make_unique<OutboundConnection>(std::move(*stream), waits_of(options_.waits), peer.remote);
  const std::string& hostname = source->hostname.empty() ? options_.hostname : source->hostname;
  connection->source = *source;
  SessionOpening opening(*connection, peer, delivery, hostname, contexts_, helpers_);
  auto done = co_await opening.run(encryption, cancel);
  tls_failed = opening.tls_failed();
  if (observer_ != nullptr) note_session(*observer_, peer, sending_ip, address, opening.tls_outcome());
  if (!done) {
    co_await connection->client.quit(Deadline::after(parting_wait), cancel);
    co_return propagate(done);
  }
  connection->standing.way = Way::of(delivery);
  connection->standing.server_name = peer.host;
  connection->standing.dane = peer.dane;
  connection->standing.learn(connection->client.tls());
  report_connection(*connection, delivery.proxy);
  co_return std::move(connection);
}

}  // namespace ringpost::relay
