#include "relay/connection_fitness.h"

#include <algorithm>

#include "tls/certificate.h"

namespace ringpost::relay {

namespace {

bool same_sources(const std::vector<SourceAddress>& a, const std::vector<SourceAddress>& b) {
  return std::ranges::equal(a, b, [](const SourceAddress& x, const SourceAddress& y) {
    return x.address.text() == y.address.text() && x.hostname == y.hostname;
  });
}

/// A better host that is not known to be out of reach would have been taken.
bool is_best(const Standing& connection, const HostNeeds& host, const Needs& needs) {
  return std::ranges::none_of(needs, [&](const HostNeeds& other) {
    return other.preference < host.preference && !other.closed &&
           std::ranges::find(connection.passed_over, other.host) == connection.passed_over.end();
  });
}

bool is_verified_for(const Standing& connection, std::string_view name) {
  return connection.encrypted && connection.proof == "pkix" && !name.empty() && connection.server_name == name;
}

/// RFC 7672 3.1.1: names do not matter where the key itself is announced; 3.2.2: where an authority is, the certificate
/// must stand for a name of this domain's, and it was looked at for the names of another one.
bool is_as_announced(const Standing& connection, const HostNeeds& host) {
  if (!connection.encrypted || connection.server_name != host.server_name) return false;
  if (connection.dane.associations != host.dane.associations) return false;
  if (connection.proof == "dane-ee") return true;
  if (connection.proof != "dane-ta") return false;
  return std::ranges::any_of(host.dane.names, [&](const std::string& name) {
    return std::ranges::any_of(connection.certificate_names,
                               [&](const std::string& pattern) { return tls::name_matches(pattern, name); });
  });
}

}  // namespace

Way Way::of(const Delivery& delivery) {
  return {delivery.tls, delivery.wish, delivery.tls_options, delivery.auth, delivery.sources, delivery.proxy};
}

bool Way::is_of(const Delivery& delivery) const {
  return tls == delivery.tls && wish == delivery.wish && tls_options == delivery.tls_options && auth == delivery.auth &&
         proxy == delivery.proxy && same_sources(sources, delivery.sources);
}

void Standing::learn(const tls::ConnectionInfo* tls) {
  encrypted = tls != nullptr;
  if (!encrypted) return;
  proof = tls->peer_verified ? tls->peer_proof : std::string();
  certificate_names = tls->peer_dns_names;
}

bool fits(const Standing& connection, std::string_view destination, const Delivery& delivery, const Needs& needs) {
  const bool own = connection.opened_for == destination;
  if (needs.empty() || connection.host.empty()) return own;
  if (!own && !connection.way.is_of(delivery)) return false;
  const auto host = std::ranges::find(needs, connection.host, &HostNeeds::host);
  if (host == needs.end() || host->closed || !is_best(connection, *host, needs)) return false;
  if (!own && host->closed_on_trial) return false;
  if (host->encrypted && !connection.encrypted) return false;
  if (!host->dane.empty() && !is_as_announced(connection, *host)) return false;
  const bool verified = host->verified || (!own && host->on_trial);
  return !verified || is_verified_for(connection, host->server_name);
}

}  // namespace ringpost::relay
