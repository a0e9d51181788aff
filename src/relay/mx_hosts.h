// From a next hop's name to addresses to connect to. The Resolver is what relay asks; DnsResolver answers it from the
// DNS.
//
// A domain's MX hosts are tried by preference, those of the same preference in random order; without MX records the
// domain is its own host (implicit MX). Where we are among them ourselves, we and whoever stands behind us are left
// out: the mail would come back.
//
// Standards: RFC 5321 5.1 (order, implicit MX, loops), 4.1.3 (address literals); RFC 7505 (null MX).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/mail_exchanger.h"
#include "dns/resolver.h"
#include "io/cancel.h"
#include "io/deadline.h"
#include "io/socket_address.h"
#include "io/task.h"
#include "relay/dane.h"

namespace ringpost::relay {

/// A host to try, with its addresses in the order to try them.
struct MxHost {
  std::string name;
  std::vector<io::SocketAddress> addresses;
  bool secure = false;           // name and addresses are validated by DNSSEC, or the operator's own
  std::uint16_t preference = 0;  // of its MX record, lower is better
  std::string canonical{};       // where CNAMEs led to; empty: there are none
  Dane dane{};                   // asked for where DNSSEC vouches for name and addresses
};

class Resolver {
 public:
  static constexpr std::size_t addresses_max = 16;  // of one host; more are ignored
  static constexpr std::size_t hosts_max = 16;      // of one domain, the best ones; more are ignored

  virtual ~Resolver() = default;
  /// The hosts that take mail for `domain` (or for an address literal), best first, on port 25; at least one.
  /// Errors: unavailable and timed_out (451 4.4.3); cancelled; for good: not_found (550 5.1.2 no such domain, 550 5.4.4
  /// no host with an address), refused (556 5.1.10 null MX, 554 5.4.6 the best host is ourselves).
  virtual io::Task<Result<std::vector<MxHost>>> mx_hosts(std::string domain, io::Deadline deadline,
                                                         io::Cancel cancel) = 0;
  /// One host by name or numeric address. Errors: as above, but not_found is 451 4.4.3: the operator has named it.
  virtual io::Task<Result<MxHost>> host(std::string name, std::uint16_t port, io::Deadline deadline,
                                        io::Cancel cancel) = 0;
  /// Anything else. Errors: those of dns::Resolver.
  virtual io::Task<Result<dns::Answer>> ask(std::string name, dns::RecordType type, io::Deadline deadline,
                                            io::Cancel cancel) = 0;
};

class DnsResolver final : public Resolver {
 public:
  /// `dns` outlives it. `hostname` is ours.
  DnsResolver(io::Reactor& reactor, dns::Resolver& dns, std::string hostname)
      : reactor_(reactor), dns_(dns), hostname_(std::move(hostname)) {}

  io::Task<Result<std::vector<MxHost>>> mx_hosts(std::string domain, io::Deadline deadline, io::Cancel cancel) override;
  io::Task<Result<MxHost>> host(std::string name, std::uint16_t port, io::Deadline deadline,
                                io::Cancel cancel) override;
  io::Task<Result<dns::Answer>> ask(std::string name, dns::RecordType type, io::Deadline deadline,
                                    io::Cancel cancel) override {
    return dns_.look_up(std::move(name), type, deadline, cancel);
  }

 private:
  using Found = Result<MxHost>;
  io::Task<Found> addresses(std::string name, std::uint16_t port, io::Deadline deadline, io::Cancel cancel);
  io::Task<> collect(std::string name, bool validated, Found& found, io::Deadline deadline, io::Cancel cancel);

  io::Reactor& reactor_;
  dns::Resolver& dns_;
  const std::string hostname_;
};

/// In the order to try them: by preference, the equal ones at random, at most Resolver::hosts_max, without `hostname`
/// and what stands behind it. Errors: refused, as of Resolver::mx_hosts.
Result<std::vector<dns::MailExchanger>> order_hosts(std::vector<dns::MailExchanger> exchangers,
                                                    std::string_view hostname);

}  // namespace ringpost::relay
