// Every key of the configuration file. Private to config.
#pragma once

#include "config/configuration.h"
#include "config/section.h"

namespace ringpost::config {

const Section<Configuration>& top_section();
const Section<server::ListenerOptions>& listener_section();
const Section<policy::RelayOptions>& relay_section();
const Section<policy::DomainOptions>& domain_section();
const Section<relay::RouteOptions>& route_section();
const Section<relay::SourceOptions>& source_section();
const Section<relay::ReplyRule>& reply_rule_section();
const Section<relay::Waits>& delivery_section();
const Section<relay::HandOffOptions>& handoff_section();
const Section<tlsrpt::Options>& tls_report_section();
const Section<dns::Options>& dns_section();
const Section<queue::Options>& queue_section();
const Section<server::Options>& limits_section();
const Section<telemetry::LogOptions>& log_section();
const Section<admin::Options>& admin_section();
const Section<sandbox::Options>& security_section();
const Section<tls::ServerOptions>& tls_section();
const Section<Configuration>& auth_section();
const Section<sasl::TokenIssuer>& token_issuer_section();
const Section<policy::SenderOptions>& sender_section();
const Section<account::LdapOptions>& ldap_section();
const Section<account::PostgresOptions>& postgres_section();

/// Checks that several sections share: why `text` is not acceptable, or nothing.
std::string check_domain(std::string_view text);
std::string check_next_hop(std::string_view text);

/// What [relay] says where the file says nothing: this machine.
policy::RelayOptions default_relay_access();
/// A listener of `role` with the modes that go with it.
server::ListenerOptions default_listener(server::Role role);

/// "[::]:25" or "192.0.2.1:25", and nothing else.
struct SocketAddress {
  policy::IpAddress ip;
  std::uint16_t port = 0;
};
Result<SocketAddress> parse_socket_address(std::string_view text);

}  // namespace ringpost::config
