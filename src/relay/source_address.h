// The addresses a route sends from: each with the name we give in EHLO there, and a weight; what [[source]] says of an
// address holds on all routes that have it.
// Standards: RFC 5321 4.1.4 (the name in EHLO is the host's).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/socket_address.h"
#include "relay/options.h"
#include "relay/warm_up_plan.h"

namespace ringpost::relay {

struct SourceAddress {
  io::SocketAddress address;  // port 0
  std::string hostname;       // for EHLO; empty: the server's
  std::uint32_t weight = 1;
  bool has_own_weight = false;                  // the route gives it
  std::shared_ptr<const WarmUpPlan> warm_up{};  // empty: it is warm
};

/// "192.0.2.1", "192.0.2.1 out1.example.com", "2001:db8::1 out1.example.com 3". Errors: invalid.
Result<SourceAddress> parse_source_address(std::string_view text);

/// What [[source]] says of `source`, where the route does not say it itself. `all` have been checked.
void complete(SourceAddress& source, const std::vector<SourceOptions>& all);

/// One of those in `destination`'s address family that `may_send` (empty: all), by weight and `dice` (any number);
/// nullptr: there is none.
const SourceAddress* choose_source(const std::vector<SourceAddress>& sources, const io::SocketAddress& destination,
                                   std::uint64_t dice, const std::function<bool(const SourceAddress&)>& may_send = {});

}  // namespace ringpost::relay
