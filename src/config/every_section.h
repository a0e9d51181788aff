// All tables of the configuration in the order of the reference: what describes, documents and names the keys walks
// over them here. Private to config.
#pragma once

#include "config/sections.h"

namespace ringpost::config {

/// Calls visit(section, an object with the defaults) for each table.
template <class Visitor>
void visit_sections(Visitor&& visit) {
  // Named: GCC 12 fails on temporaries of some of these.
  const Configuration whole;
  const relay::RouteOptions route;
  const relay::SourceOptions source;
  const account::LdapOptions ldap;
  const account::PostgresOptions postgres;
  const sasl::TokenIssuer issuer;
  visit(top_section(), whole);
  visit(listener_section(), default_listener(server::Role::mx));
  visit(tls_section(), whole.tls);
  visit(auth_section(), whole);
  visit(ldap_section(), ldap);
  visit(postgres_section(), postgres);
  visit(token_issuer_section(), issuer);
  visit(relay_section(), default_relay_access());
  visit(sender_section(), whole.sender);
  visit(domain_section(), policy::DomainOptions{});
  visit(route_section(), route);
  visit(source_section(), source);
  visit(reply_rule_section(), relay::ReplyRule{});
  visit(delivery_section(), whole.relay.waits);
  visit(handoff_section(), whole.relay.handoff);
  visit(tls_report_section(), whole.tls_report);
  visit(dns_section(), whole.dns);
  visit(queue_section(), whole.queue);
  visit(limits_section(), whole.server);
  visit(log_section(), whole.log);
  visit(admin_section(), whole.admin);
  visit(security_section(), whole.security);
}

}  // namespace ringpost::config
