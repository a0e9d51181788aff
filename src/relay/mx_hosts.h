// From a next hop's name to addresses to connect to. The Resolver is what relay asks; SystemResolver answers it through
// the system's getaddrinfo() on the helper threads and knows no MX records: the domain itself is its only MX host, the
// implicit MX of RFC 5321 5.1. A domain whose mail is taken by other hosts is reached through a [[route]] that names
// them.
//
// Standards: RFC 5321 5.1 (implicit MX), 4.1.3 (address literals).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/cancel.h"
#include "io/deadline.h"
#include "io/offload.h"
#include "io/socket_address.h"
#include "io/task.h"

namespace ringpost::relay {

/// A host to try, with its addresses in the order to try them.
struct MxHost {
  std::string name;
  std::vector<io::SocketAddress> addresses;
};

class Resolver {
 public:
  static constexpr std::size_t addresses_max = 16;  // of one host; more are ignored

  virtual ~Resolver() = default;
  /// The hosts that take mail for `domain` (or for an address literal), best first, on port 25.
  /// Errors: unavailable and not_found, both 451 4.4.3; cancelled.
  virtual io::Task<Result<std::vector<MxHost>>> mx_hosts(std::string domain, io::Deadline deadline,
                                                         io::Cancel cancel) = 0;
  /// One host by name or numeric address.
  virtual io::Task<Result<MxHost>> host(std::string name, std::uint16_t port, io::Deadline deadline,
                                        io::Cancel cancel) = 0;
};

class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(io::OffloadPool& helpers) noexcept : helpers_(helpers) {}

  /// A look-up in progress cannot be taken back: deadline and cancel are heard before and after it.
  io::Task<Result<std::vector<MxHost>>> mx_hosts(std::string domain, io::Deadline deadline, io::Cancel cancel) override;
  io::Task<Result<MxHost>> host(std::string name, std::uint16_t port, io::Deadline deadline,
                                io::Cancel cancel) override;

 private:
  io::OffloadPool& helpers_;  // outlives every reactor
};

}  // namespace ringpost::relay
