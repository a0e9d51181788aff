// What a domain says of its mail hosts by MTA-STS: in the DNS that it has a policy, and by HTTPS which. Octets in,
// values out; whoever wrote them is not trusted.
//
// Standards: RFC 8461 3.1 (the TXT record), 3.2 (the policy), 4.1 (which hosts it means).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::relay {

struct StsPolicy {
  static constexpr std::size_t octets_max = 64 * 1024;        // of its text
  static constexpr std::chrono::seconds age_max{31'557'600};  // a longer max_age counts as this

  enum class Mode : std::uint8_t { none, testing, enforce };
  Mode mode = Mode::none;
  std::vector<std::string> hosts;  // "mx.example.org", "*.example.org" (one label); lower case
  std::chrono::seconds max_age{};

  /// `host` in lower case, without the final dot.
  bool allows(std::string_view host) const noexcept;
  bool operator==(const StsPolicy&) const = default;
};

/// The id in the TXT records of _mta-sts.DOMAIN, given as RDATA. nullopt: there is no policy: no such record, more than
/// one, or a broken one.
std::optional<std::string> parse_sts_records(const std::vector<std::string>& records);

/// nullopt: broken.
std::optional<StsPolicy> parse_sts_policy(std::string_view text);

}  // namespace ringpost::relay
