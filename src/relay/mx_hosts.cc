#include "relay/mx_hosts.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "base/random.h"
#include "base/text.h"
#include "io/scope.h"

namespace ringpost::relay {

using dns::Answer;
using dns::RecordType;
using io::Cancel;
using io::Deadline;
using io::SocketAddress;
using io::Task;

namespace {

constexpr std::uint16_t smtp_port = 25;
constexpr PublicStatus lookup_failed{451, {4, 4, 3}};
constexpr PublicStatus no_such_domain{550, {5, 1, 2}};
constexpr PublicStatus no_address{550, {5, 4, 4}};
constexpr PublicStatus loop{554, {5, 4, 6}};
constexpr PublicStatus takes_no_mail{556, {5, 1, 10}};

// "[192.0.2.1]", "[IPv6:2001:db8::1]".
std::string_view inside_literal(std::string_view literal) noexcept {
  if (literal.starts_with('[')) literal.remove_prefix(1);
  if (literal.ends_with(']')) literal.remove_suffix(1);
  return istarts_with(literal, "ipv6:") ? literal.substr(5) : literal;
}

void add_addresses(std::vector<SocketAddress>& to, const Answer& answer, std::uint16_t port) {
  for (const std::string& record : answer.records) {
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (record.size() == sizeof v4.sin_addr) {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, record.data(), sizeof v4.sin_addr);
      to.push_back(SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&v4), sizeof v4));
    } else if (record.size() == sizeof v6.sin6_addr) {
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&v6.sin6_addr, record.data(), sizeof v6.sin6_addr);
      to.push_back(SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&v6), sizeof v6));
    }
  }
}

/// Turn and turn about, IPv6 first: where one of the two families does not work, the second try is of the other.
std::vector<SocketAddress> alternate(const std::vector<SocketAddress>& v6, const std::vector<SocketAddress>& v4) {
  std::vector<SocketAddress> all;
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()) && all.size() < Resolver::addresses_max; ++i) {
    if (i < v6.size()) all.push_back(v6[i]);
    if (i < v4.size()) all.push_back(v4[i]);
  }
  return all;
}

/// Its name is an address, of which the DNS knows nothing.
bool is_numeric(const MxHost& host) {
  return host.addresses.size() == 1 && host.addresses.front().host() == host.name;
}

}  // namespace

Result<std::vector<dns::MailExchanger>> order_hosts(std::vector<dns::MailExchanger> exchangers,
                                                    std::string_view hostname) {
  if (exchangers.size() == 1 && exchangers.front().host.empty()) {
    return fail(ErrorKind::refused, "the domain takes no mail (null MX)", takes_no_mail);
  }
  std::erase_if(exchangers, [](const dns::MailExchanger& each) { return each.host.empty(); });
  std::mt19937 dice(static_cast<std::mt19937::result_type>(random_u64()));
  std::ranges::shuffle(exchangers, dice);
  std::ranges::stable_sort(exchangers, {}, &dns::MailExchanger::preference);
  const auto ours = std::ranges::find(exchangers, hostname, &dns::MailExchanger::host);
  if (ours != exchangers.end()) {
    const std::uint16_t limit = ours->preference;
    std::erase_if(exchangers, [limit](const dns::MailExchanger& each) { return each.preference >= limit; });
    if (exchangers.empty()) return fail(ErrorKind::refused, "the best mail host is this one: mail loops back", loop);
  }
  std::vector<dns::MailExchanger> hosts;
  for (dns::MailExchanger& each : exchangers) {
    if (hosts.size() == Resolver::hosts_max) break;
    if (std::ranges::find(hosts, each.host, &dns::MailExchanger::host) == hosts.end()) hosts.push_back(std::move(each));
  }
  return hosts;
}

Task<DnsResolver::Found> DnsResolver::addresses(std::string name, std::uint16_t port, Deadline deadline,
                                                Cancel cancel) {
  if (auto numeric = SocketAddress::from_host_port(name, port)) {
    co_return MxHost{.name = std::move(name), .addresses = {*numeric}, .secure = true};
  }
  auto v6 = co_await dns_.look_up(name, RecordType::aaaa, deadline, cancel);
  if (!v6 && v6.error().kind == ErrorKind::cancelled) co_return propagate(v6);
  auto v4 = co_await dns_.look_up(name, RecordType::a, deadline, cancel);
  if (!v4 && v4.error().kind == ErrorKind::cancelled) co_return propagate(v4);
  std::vector<SocketAddress> six;
  std::vector<SocketAddress> four;
  if (v6) add_addresses(six, *v6, port);
  if (v4) add_addresses(four, *v4, port);
  MxHost found{.name = name,
               .addresses = alternate(six, four),
               .secure = (!v6 || v6->secure) && (!v4 || v4->secure),
               .canonical = v4 && !v4->canonical.empty() ? v4->canonical
                            : v6                         ? v6->canonical
                                                         : std::string()};
  if (!found.addresses.empty()) co_return std::move(found);
  if (!v4) co_return propagate(v4);
  if (!v6) co_return propagate(v6);
  co_return fail(ErrorKind::not_found, printable(name) + " has no address", no_address);
}

Task<Result<MxHost>> DnsResolver::host(std::string name, std::uint16_t port, Deadline deadline, Cancel cancel) {
  auto found = co_await addresses(std::move(name), port, deadline, cancel);
  if (!found && found.error().kind == ErrorKind::not_found) found.error().status = lookup_failed;
  if (found && found->secure && !is_numeric(*found)) {
    found->dane = co_await look_up_dane(dns_, found->name, found->canonical, port, deadline, cancel);
  }
  if (found) found->secure = true;  // whatever the DNS says of it, the operator has chosen the name
  co_return std::move(found);
}

Task<> DnsResolver::collect(std::string name, bool validated, Found& found, Deadline deadline, Cancel cancel) {
  found = co_await addresses(std::move(name), smtp_port, deadline, cancel);
  if (!found) co_return;
  found->secure = found->secure && validated;
  if (!found->secure || is_numeric(*found)) co_return;
  found->dane = co_await look_up_dane(dns_, found->name, found->canonical, smtp_port, deadline, cancel);
}

Task<Result<std::vector<MxHost>>> DnsResolver::mx_hosts(std::string domain, Deadline deadline, Cancel cancel) {
  std::vector<MxHost> hosts;
  if (domain.starts_with('[')) {
    auto address = SocketAddress::from_host_port(inside_literal(domain), smtp_port);
    if (!address) co_return propagate(address);
    hosts.push_back(MxHost{.name = std::move(domain), .addresses = {*address}, .secure = true});
    co_return std::move(hosts);
  }
  auto answer = co_await dns_.look_up(domain, RecordType::mx, deadline, cancel);
  if (!answer) co_return propagate(answer);
  if (answer->kind == Answer::Kind::no_name) {
    co_return fail(ErrorKind::not_found, "no such domain: " + printable(domain), no_such_domain);
  }
  std::vector<dns::MailExchanger> exchangers{{.host = domain}};  // the implicit MX
  if (answer->kind == Answer::Kind::records) {
    exchangers.clear();
    for (const std::string& record : answer->records) {
      if (auto exchanger = dns::parse_mail_exchanger(record)) exchangers.push_back(std::move(*exchanger));
    }
    auto ordered = order_hosts(std::move(exchangers), hostname_);
    if (!ordered)
      co_return fail(ordered.error().kind, printable(domain) + ": " + ordered.error().reason, ordered.error().status);
    exchangers = std::move(*ordered);
  }
  // All at once: the hosts of one domain wait for the slowest, not for the sum.
  std::vector<Found> found(exchangers.size(),
                           fail(ErrorKind::not_found, printable(domain) + " has no mail host", no_address));
  io::Scope scope(reactor_);
  for (std::size_t i = 0; i < exchangers.size(); ++i)
    scope.spawn(collect(exchangers[i].host, answer->secure, found[i], deadline, cancel));
  co_await scope.join();
  Error why(ErrorKind::not_found, printable(domain) + " has no mail host with an address");
  why.status = no_address;
  for (std::size_t i = 0; i < found.size(); ++i) {
    Found& each = found[i];
    if (each) {
      each->preference = exchangers[i].preference;
      hosts.push_back(std::move(*each));
    } else if (each.error().kind != ErrorKind::not_found) {
      why = std::move(each.error());
    }
  }
  if (hosts.empty()) co_return std::unexpected(std::move(why));
  co_return std::move(hosts);
}

}  // namespace ringpost::relay
