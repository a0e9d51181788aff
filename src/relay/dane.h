// What DNSSEC says of the certificates of a mail host. Asked only about hosts whose name and addresses are validated:
// else whoever forges those answers would announce his own certificate.
//
// Standards: RFC 7672 2.2 (where the records are), 3.1 (what is usable), RFC 7671 9 (which digest counts).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "dns/resolver.h"
#include "dns/tlsa.h"
#include "io/cancel.h"
#include "io/deadline.h"
#include "io/task.h"
#include "tls/dane.h"

namespace ringpost::relay {

struct Dane {
  static constexpr std::size_t associations_max = 32;  // of one host; more are ignored

  enum class Kind : std::uint8_t {
    none,      // nothing is announced, or not by DNSSEC
    unusable,  // something is, but nothing that we know: TLS is a must, whoever the peer is
    usable,    // TLS is a must, and its certificate as announced
    unknown,   // no answer, or a forged one: the host may not be used, because somebody may hide its records
  };
  Kind kind = Kind::none;
  std::vector<tls::DaneAssociation> associations;  // sorted; empty but for `usable`
  std::string base;                                // the host that they stand for: the name to ask for and to verify
  std::string problem;                             // of `unknown`

  bool demands_tls() const noexcept { return kind == Kind::usable || kind == Kind::unusable; }
};

/// `host` is a validated name, `canonical` where its CNAMEs lead (empty: it has none). Cancelled counts as `unknown`.
io::Task<Dane> look_up_dane(dns::Resolver& dns, std::string host, std::string canonical, std::uint16_t port,
                            io::Deadline deadline, io::Cancel cancel);

/// What of the records a host can be verified with, sorted, at most Dane::associations_max.
std::vector<tls::DaneAssociation> usable_associations(const std::vector<std::string>& records);

}  // namespace ringpost::relay
