// What the outbound side is told. Filled by config/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace ringpost::relay {

/// One [[route]]: first match wins; without one, MX.
struct RouteOptions {
  std::string domain = "*";  // "example.net", "*.example.net" (subdomains only), "*"
  std::vector<std::string> next_hops{
      "mx"};  // "mx", smtp://host:port, lmtp://host:port, lmtp+unix:/path, maildir:, discard:; fails over in order
  std::uint32_t connections_max = 20;  // per destination, all workers together
  std::uint32_t messages_per_connection_max = 100;
  std::uint32_t recipients_max = 100;  // per transaction out
};

struct Options {
  std::string hostname;  // EHLO
  std::vector<RouteOptions> routes;
  Duration connect_timeout = std::chrono::seconds(30);
  Duration greeting_timeout = std::chrono::minutes(5);
  Duration command_timeout = std::chrono::minutes(5);  // EHLO, MAIL, RCPT
  Duration data_initiation_timeout = std::chrono::minutes(2);
  Duration data_block_timeout = std::chrono::minutes(3);
  Duration data_termination_timeout = std::chrono::minutes(10);
  Duration idle_connection_max = std::chrono::seconds(10);  // a connection with nothing to send is kept this long
};

}  // namespace ringpost::relay
