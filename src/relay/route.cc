#include "relay/route.h"

#include <algorithm>

#include "base/text.h"

namespace ringpost::relay {

namespace {

constexpr std::string_view mx_prefix = "mx:";
constexpr std::size_t hops_max = 32;  // of one route

bool is_network(NextHop::Kind kind) noexcept {
  return kind != NextHop::Kind::maildir && kind != NextHop::Kind::discard;
}

Result<Hop> parse_hop(std::string_view text) {
  Hop hop;
  if (text.starts_with(mx_prefix)) {
    hop.mx_domain = to_lower(text.substr(mx_prefix.size()));
    if (!mail::valid_domain(hop.mx_domain, true) && !mail::valid_address_literal(hop.mx_domain)) {
      return fail(ErrorKind::invalid, "not a domain to look up: " + printable(hop.mx_domain), {550, {5, 1, 2}});
    }
    return hop;
  }
  auto next_hop = parse_next_hop(text);
  if (!next_hop) return propagate(next_hop);
  hop.next_hop = std::move(*next_hop);
  return hop;
}

Result<std::vector<Hop>> parse_hops(std::string_view key) {
  std::vector<Hop> hops;
  for (std::string_view rest = key;;) {
    const auto comma = rest.find(',');
    auto hop = parse_hop(rest.substr(0, comma));
    if (!hop) return propagate(hop);
    hops.push_back(std::move(*hop));
    if (comma == std::string_view::npos) break;
    if (hops.size() == hops_max) return fail(ErrorKind::invalid, "more than 32 next hops");
    rest.remove_prefix(comma + 1);
  }
  const bool all_network = std::ranges::all_of(hops, [](const Hop& h) { return is_network(h.next_hop.kind); });
  if (hops.size() > 1 && !all_network) {
    return fail(ErrorKind::invalid, "maildir: and discard: cannot be part of a list: " + printable(key));
  }
  return hops;
}

std::string key_of(const std::vector<std::string>& next_hops, std::string_view domain) {
  std::string key;
  for (const std::string& next_hop : next_hops) {
    if (!key.empty()) key += ',';
    key += next_hop;
    if (next_hop == "mx") (key += ':') += domain;
  }
  return key;
}

constexpr std::string_view required_suffix = ",tls=required";
constexpr std::string_view verified_suffix = ",tls=verified";
constexpr std::string_view dane_suffix = ",tls=dane";

std::string_view suffix_of(TlsMode mode) noexcept {
  switch (mode) {
    case TlsMode::required:
      return required_suffix;
    case TlsMode::verified:
      return verified_suffix;
    case TlsMode::dane:
      return dane_suffix;
    case TlsMode::off:
    case TlsMode::opportunistic:
      break;
  }
  return "";
}

// Cuts the demand off `key`; off: it makes none.
TlsMode take_demand(std::string_view& key) noexcept {
  for (const TlsMode mode : {TlsMode::required, TlsMode::verified, TlsMode::dane}) {
    if (!key.ends_with(suffix_of(mode))) continue;
    key.remove_suffix(suffix_of(mode).size());
    return mode;
  }
  return TlsMode::off;
}

// Cuts the sender's wish off `key`.
mail::TlsWish take_wish(std::string_view& key) noexcept {
  for (const mail::TlsWish wish : {mail::TlsWish::required, mail::TlsWish::optional}) {
    if (!key.ends_with(mail::destination_suffix(wish))) continue;
    key.remove_suffix(mail::destination_suffix(wish).size());
    return wish;
  }
  return mail::TlsWish::as_configured;
}

// Any hop of the list: a store that the operator has named is the end of the way, whatever is said on it.
bool leads_to_smtp(std::string_view key) noexcept {
  for (const std::string_view scheme : {"mx", "smtp:", "smtps:"}) {
    if (key.starts_with(scheme) || key.find("," + std::string(scheme)) != std::string_view::npos) return true;
  }
  return false;
}

std::string with_wish(std::string key, mail::TlsWish wish) {
  if (wish != mail::TlsWish::as_configured && leads_to_smtp(key)) key += mail::destination_suffix(wish);
  return key;
}

}  // namespace

bool RouteTable::agree(const Route& a, const Route& b) {
  const RouteOptions& one = a.options;
  const RouteOptions& other = b.options;
  return a.listed == b.listed && a.proxy == b.proxy && one.tls == other.tls && one.tls_options == other.tls_options &&
         one.auth == other.auth;
}

Result<void> RouteTable::add(const RouteOptions& options, const std::vector<SourceOptions>& sources) {
  if (options.next_hops.empty()) return fail(ErrorKind::invalid, "a route needs a next hop");
  Route route{options, {}, {}, {}, {}, {}};
  if (!options.egress_proxy.empty()) {
    auto proxy = parse_egress_proxy(options.egress_proxy);
    if (!proxy) return propagate(proxy);
    proxy->user = options.egress_proxy_user;
    proxy->password_file = options.egress_proxy_password_file;
    route.proxy = std::move(*proxy);
  }
  for (std::string& text : route.options.next_hops) {
    auto hop = parse_listed_hop(text);
    if (!hop) return propagate(hop);
    text = hop->text;
    route.listed.push_back(std::move(*hop));
  }
  if (auto ranks = check_ranks(route.listed); !ranks) return ranks;
  for (const std::string& text : options.source_addresses) {
    auto source = parse_source_address(text);
    if (!source) return propagate(source);
    complete(*source, sources);
    route.sources.push_back(std::move(*source));
  }
  route.options.domain = to_lower(options.domain);
  // Parsed with a domain that stands for any, so that a mistake shows at start and not with the first message.
  const auto hops = parse_hops(key_of(route.options.next_hops, "example.org"));
  if (!hops) return std::unexpected(hops.error());
  if (std::ranges::find(route.options.next_hops, "mx") == route.options.next_hops.end()) {
    route.hops = key_of(route.options.next_hops, "");
    route.key = route.hops + std::string(suffix_of(options.effective_tls()));
    const auto same = std::ranges::find(routes_, route.key, &Route::key);
    if (same != routes_.end() && !agree(*same, route)) {
      return fail(
          ErrorKind::invalid,
          "two routes to " + printable(route.hops) +
              " differ in tls, auth, weights or egress_proxy: mail of one would leave under the rules of the other");
    }
  }
  routes_.push_back(std::move(route));
  return {};
}

Result<RouteTable> RouteTable::create(const std::vector<RouteOptions>& routes,
                                      const std::vector<policy::DomainOptions>& domains,
                                      const std::vector<SourceOptions>& sources) {
  RouteTable table;
  for (const RouteOptions& options : routes) {
    auto added = table.add(options, sources);
    if (!added) return propagate(added);
  }
  for (const policy::DomainOptions& domain : domains) {
    std::string key = key_of({domain.deliver}, domain.name);
    const auto hops = parse_hops(key);
    if (!hops) return std::unexpected(hops.error());
    table.deliver_.insert_or_assign(to_lower(domain.name), std::move(key));
  }
  return table;
}

const RouteTable::Route* RouteTable::find(std::string_view domain) const noexcept {
  const auto route = std::ranges::find_if(
      routes_, [domain](const Route& r) { return mail::matches_domain(r.options.domain, domain); });
  return route == routes_.end() ? nullptr : &*route;
}

std::string RouteTable::key_for(const mail::Address& recipient, mail::TlsWish wish) const {
  return with_wish(key_as_configured(recipient), wish);
}

std::string RouteTable::key_as_configured(const mail::Address& recipient) const {
  if (const auto local = deliver_.find(recipient.domain); local != deliver_.end()) return local->second;
  const Route* route = find(recipient.domain);
  if (route == nullptr) return std::string(mx_prefix) + recipient.domain;
  if (!route->key.empty()) return route->key;
  return key_of(route->options.next_hops, recipient.domain) + std::string(suffix_of(route->options.effective_tls()));
}

Result<mail::DomainScope> RouteTable::scope_of(std::string_view domain) const {
  mail::DomainScope scope{to_lower(domain)};
  const auto route = std::ranges::find(routes_, scope.pattern, [](const Route& r) { return r.options.domain; });
  if (route == routes_.end()) return fail(ErrorKind::not_found, "no [[route]] has domain = " + printable(domain));
  for (auto earlier = routes_.begin(); earlier != route; ++earlier)
    if (mail::may_overlap(scope.pattern, earlier->options.domain)) scope.others.push_back(earlier->options.domain);
  for (const auto& [local, key] : deliver_)
    if (mail::matches_domain(scope.pattern, local)) scope.others.push_back(local);
  if (scope.others.size() > mail::DomainScope::others_max)
    return fail(ErrorKind::invalid, "more than " + std::to_string(mail::DomainScope::others_max) +
                                        " domains go another way than " + printable(domain));
  std::ranges::sort(scope.others);
  return scope;
}

const RouteTable::Route* RouteTable::find_by_key(std::string_view key, std::string_view hops_text,
                                                 const std::vector<Hop>& hops) const noexcept {
  const auto mx = std::ranges::find_if(hops, [](const Hop& hop) { return hop.next_hop.kind == NextHop::Kind::mx; });
  if (mx != hops.end()) {
    const Route* route = find(mx->mx_domain);
    return route != nullptr && key_of(route->options.next_hops, mx->mx_domain) == hops_text ? route : nullptr;
  }
  auto route = std::ranges::find(routes_, key, &Route::key);
  // Its route may ask for less or more TLS by now; the other settings are still those of its next hops.
  if (route == routes_.end()) route = std::ranges::find(routes_, hops_text, &Route::hops);
  return route == routes_.end() ? nullptr : &*route;
}

Result<std::string> RouteTable::key_to(std::string_view next_hops, mail::TlsWish wish) const {
  std::vector<std::string> texts;
  for (std::string_view rest = next_hops;;) {
    const auto comma = rest.find(',');
    texts.emplace_back(trim(rest.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (std::ranges::find(texts, "mx") != texts.end()) {
    return fail(ErrorKind::invalid, "say whose MX, as in mx:example.org");
  }
  auto hops = parse_hops(key_of(texts, ""));
  if (!hops) return propagate(hops);
  const auto same = std::ranges::find_if(routes_, [&](const Route& route) {
    const auto others = parse_hops(route.hops);
    return !route.key.empty() && others && *others == *hops;
  });
  if (same != routes_.end()) return with_wish(same->key, wish);
  std::string key;
  for (const Hop& hop : *hops) {
    if (!key.empty()) key += ',';
    key += hop.mx_domain.empty() ? hop.next_hop.text() : std::string(mx_prefix) + hop.mx_domain;
  }
  // Whose MX it is may have a route that wants more.
  const Route* route = hops->size() == 1 && !hops->front().mx_domain.empty() ? find(hops->front().mx_domain) : nullptr;
  if (route != nullptr) key += suffix_of(route->options.effective_tls());
  return with_wish(std::move(key), wish);
}

Result<Delivery> RouteTable::plan_for(std::string_view key) const {
  const mail::TlsWish wish = take_wish(key);
  std::string_view hops_text = key;
  const TlsMode demanded = take_demand(hops_text);
  auto hops = parse_hops(hops_text);
  if (!hops) return propagate(hops);
  const Route* route = find_by_key(key, hops_text, *hops);
  RouteOptions options = route != nullptr ? route->options : RouteOptions{};
  for (std::size_t i = 0; route != nullptr && i < hops->size() && i < route->listed.size(); ++i) {
    (*hops)[i].weight = route->listed[i].weight;
    (*hops)[i].rank = route->listed[i].rank;
  }
  return Delivery{.hops = std::move(*hops),
                  .connections_max = std::max(options.connections_max, 1U),
                  .connections_per_host_max = options.connections_per_host_max,
                  .messages_per_connection_max = std::max(options.messages_per_connection_max, 1U),
                  .connection_age_max = options.connection_age_max,
                  .recipients_max = std::max(options.recipients_max, 1U),
                  .rate = options.rate,
                  .connection_rate = options.connection_rate,
                  .sources = route != nullptr ? route->sources : std::vector<SourceAddress>{},
                  .proxy = route != nullptr ? route->proxy : std::nullopt,
                  .tls = std::max(demanded, options.effective_tls()),
                  .wish = wish,
                  .mta_sts = options.mta_sts,
                  .tls_options = std::move(options.tls_options),
                  .auth = std::move(options.auth)};
}

}  // namespace ringpost::relay
