#include "relay/mx_hosts.h"

#include <netdb.h>

#include "base/text.h"
#include "telemetry/metrics.h"

namespace ringpost::relay {

using io::Cancel;
using io::Deadline;
using io::SocketAddress;
using io::Task;

namespace {

constexpr std::uint16_t smtp_port = 25;
constexpr PublicStatus lookup_failed{451, {4, 4, 3}};

// Blocking.
Result<std::vector<SocketAddress>> look_up(const std::string& name, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (result != 0) {
    const bool unknown = result == EAI_NONAME || result == EAI_NODATA;
    return fail(unknown ? ErrorKind::not_found : ErrorKind::unavailable,
                "no address for " + printable(name) + ": " + ::gai_strerror(result), lookup_failed);
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr && addresses.size() < Resolver::addresses_max;
       each = each->ai_next) {
    addresses.push_back(SocketAddress::from_raw(each->ai_addr, each->ai_addrlen));
  }
  ::freeaddrinfo(found);
  return addresses;
}

// "[192.0.2.1]", "[IPv6:2001:db8::1]".
std::string_view inside_literal(std::string_view literal) noexcept {
  if (literal.starts_with('[')) literal.remove_prefix(1);
  if (literal.ends_with(']')) literal.remove_suffix(1);
  return istarts_with(literal, "ipv6:") ? literal.substr(5) : literal;
}

}  // namespace

Task<Result<MxHost>> SystemResolver::host(std::string name, std::uint16_t port, Deadline deadline, Cancel cancel) {
  if (auto numeric = SocketAddress::from_host_port(name, port)) co_return MxHost{std::move(name), {*numeric}};
  if (cancel.requested()) co_return fail(ErrorKind::cancelled, "look up " + printable(name));
  const auto started = monotonic_now();
  auto work = [name, port] { return look_up(name, port); };
  auto looked_up = co_await helpers_.run(std::move(work));
  const auto ended = monotonic_now();
  telemetry::counters().dns_seconds.record(ended - started);
  if (!looked_up) co_return propagate(looked_up);
  Result<std::vector<SocketAddress>>& addresses = *looked_up;
  if (!addresses) co_return propagate(addresses);
  if (cancel.requested()) co_return fail(ErrorKind::cancelled, "look up " + printable(name));
  if (ended >= deadline.at) co_return fail(ErrorKind::timed_out, "looking up " + printable(name), lookup_failed);
  co_return MxHost{std::move(name), std::move(*addresses)};
}

Task<Result<std::vector<MxHost>>> SystemResolver::mx_hosts(std::string domain, Deadline deadline, Cancel cancel) {
  if (domain.starts_with('[')) {
    auto address = SocketAddress::from_host_port(inside_literal(domain), smtp_port);
    if (!address) co_return propagate(address);
    std::vector<MxHost> hosts;
    hosts.push_back(MxHost{std::move(domain), {*address}});
    co_return std::move(hosts);
  }
  auto itself = co_await host(std::move(domain), smtp_port, deadline, cancel);
  if (!itself) co_return propagate(itself);
  std::vector<MxHost> hosts;
  hosts.push_back(std::move(*itself));
  co_return std::move(hosts);
}

}  // namespace ringpost::relay
