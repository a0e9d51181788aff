#include "config/route_check.h"

#include <algorithm>

#include "relay/egress_proxy.h"
#include "relay/hop_list.h"
#include "relay/source_address.h"

namespace ringpost::config {

namespace {

using relay::NextHop;
using relay::RouteOptions;
using relay::TlsMode;

constexpr std::size_t next_hops_max = 32;

class RouteCheck {
 public:
  RouteCheck(const RouteOptions& route, const Node& table, Report& report)
      : route_(route), table_(table), report_(report) {
    for (const std::string& text : route.next_hops)
      if (auto hop = relay::parse_listed_hop(text)) hops_.push_back(std::move(*hop));  // others were complained of
  }

  void next_hops() {
    const auto can_be_away = [](const std::string& hop) { return !hop.starts_with("maildir:") && hop != "discard:"; };
    if (route_.next_hops.size() > next_hops_max) wrong("next_hop", "more than " + std::to_string(next_hops_max));
    if (route_.next_hops.size() > 1 && !std::ranges::all_of(route_.next_hops, can_be_away))
      wrong("next_hop", "maildir: and discard: stand alone, nothing fails over from them");
    if (const auto ranks = relay::check_ranks(hops_); !ranks) wrong("next_hop", ranks.error().reason);
  }

  void tls() {
    if (route_.tls_options.certificate.empty() != route_.tls_options.key.empty())
      wrong(route_.tls_options.key.empty() ? "tls_certificate" : "tls_key",
            "tls_certificate and tls_key are given together or not at all");
    if (route_.tls == TlsMode::off && any([](const NextHop& hop) { return hop.kind == NextHop::Kind::smtps; }))
      wrong("tls", "smtps:// is TLS from the first octet: not \"off\"");
    if (relay::demands_tls(route_.tls) && any(is_local))
      wrong("tls", "there is no TLS to lmtp+unix:, maildir: and discard:");
    if (route_.tls == TlsMode::dane && any(has_no_name))
      wrong("tls", "DANE is about host names: give next_hop a name instead of an address");
    if (route_.effective_tls() != TlsMode::verified || !any(has_no_name)) return;
    wrong(
        route_.tls == TlsMode::verified ? "tls" : "auth",
        route_.tls == TlsMode::verified
            ? "a certificate is verified for a host name: give next_hop a name instead of an address"
            : "the certificate of whoever gets the login is verified, for a host name: give next_hop a name instead of "
              "an address, or say tls = \"required\"");
  }

  void proxy() {
    if (route_.egress_proxy_user.empty() != route_.egress_proxy_password_file.empty())
      wrong("egress_proxy", "egress_proxy_user and egress_proxy_password_file are given together or not at all");
    const auto proxy = relay::parse_egress_proxy(route_.egress_proxy);
    if (!proxy) {  // there is none, or it was complained of
      if (route_.egress_proxy.empty() && !route_.egress_proxy_user.empty())
        wrong("egress_proxy_user", "there is no egress_proxy to log in to");
      return;
    }
    if (any(is_local)) wrong("egress_proxy", "no proxy leads to lmtp+unix:, maildir: and discard:");
    if (proxy->kind == relay::EgressProxy::Kind::proxy_v2) {
      if (!route_.egress_proxy_user.empty()) wrong("egress_proxy_user", "the PROXY protocol has no login");
      if (route_.source_addresses.empty())
        wrong("egress_proxy", "the header names the address to leave from: source_addresses is required");
      return;
    }
    std::size_t v4 = 0, v6 = 0;
    for (const std::string& text : route_.source_addresses) {
      const auto source = relay::parse_source_address(text);
      if (source) ++(source->address.family() == AF_INET6 ? v6 : v4);
    }
    if (v4 > 1 || v6 > 1)
      wrong("source_addresses",
            "SOCKS5 cannot choose one: expected the address that the proxy has, at most one of "
            "each family");
  }

  void auth() {
    const sasl::ClientOptions& auth = route_.auth;
    if (auth == sasl::ClientOptions{}) return;
    if (auth.user.empty()) return wrong("auth", "user is required");
    if (any([](const NextHop& hop) { return hop.kind == NextHop::Kind::mx; }))
      wrong("auth", "a login is for hosts that next_hop names, not for whom the DNS names (\"mx\")");
    if (any(is_local)) wrong("auth", "there is no AUTH to lmtp+unix:, maildir: and discard:");
    if (auth.mechanism == "XOAUTH2" || auth.mechanism == "OAUTHBEARER") {
      if (auth.token_endpoint.empty() || auth.refresh_token_file.empty())
        wrong("auth", auth.mechanism + " needs token_endpoint and refresh_token_file");
    } else if (auth.password_file.empty()) {
      wrong("auth", "password_file is required");
    }
  }

 private:
  static bool is_local(const NextHop& hop) {
    using Kind = NextHop::Kind;
    return hop.kind == Kind::lmtp_unix || hop.kind == Kind::maildir || hop.kind == Kind::discard;
  }
  static bool has_no_name(const NextHop& hop) { return !hop.host.empty() && !hop.has_host_name(); }
  template <class Predicate>
  bool any(Predicate predicate) const {
    return std::ranges::any_of(hops_, predicate, &relay::ListedHop::next_hop);
  }
  void wrong(std::string_view key, const std::string& what) {
    report_.add(place_of(table_, key), "[[route]] " + std::string(key) + ": " + what);
  }

  const RouteOptions& route_;
  const Node& table_;
  Report& report_;
  std::vector<relay::ListedHop> hops_;
};

}  // namespace

void check_route(const RouteOptions& route, const Node& table, Report& report) {
  RouteCheck check(route, table, report);
  check.next_hops();
  check.tls();
  check.proxy();
  check.auth();
}

}  // namespace ringpost::config
