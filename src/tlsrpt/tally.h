// How the sessions of a day went: for each domain and policy how many went well and how many did not, and the failures
// that are alike counted together. Bounded: a hostile domain can fill its own part and no more.
//
// Plain value, one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "tlsrpt/session.h"

namespace ringpost::tlsrpt {

struct PolicyTally {
  static constexpr std::size_t details_max = 100;  // failures beyond are counted with others of their kind

  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::map<Failure, std::uint64_t> details;  // their sum is `failures`

  void add(const Failure& failure, std::uint64_t count);
  /// For one more failure that is unlike the others; the sums of whole kinds do not count.
  bool has_room() const;
  bool operator==(const PolicyTally&) const = default;
};

using DomainTally = std::map<Policy, PolicyTally>;

class Tally {
 public:
  static constexpr std::size_t domains_max = 10'000;  // what is noted of more is dropped
  static constexpr std::size_t policies_max = 16;     // of one domain; the same

  /// The session's texts are cut to what a report may hold.
  void add(Session session);
  void add(const std::string& domain, Policy policy, const PolicyTally& more);
  void add(const Tally& other);

  bool empty() const noexcept { return domains_.empty(); }
  const std::map<std::string, DomainTally>& domains() const noexcept { return domains_; }
  void forget(const std::string& domain) { domains_.erase(domain); }
  bool operator==(const Tally&) const = default;

 private:
  PolicyTally* place_for(const std::string& domain, Policy policy);

  std::map<std::string, DomainTally> domains_;
};

}  // namespace ringpost::tlsrpt
