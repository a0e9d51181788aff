// Patterns of domains as [[route]] has them, "example.net", "*.example.net" (its subdomains only) and "*", and what is
// left for one of them behind those that come first. All text in lower case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringpost::mail {

bool matches_domain(std::string_view pattern, std::string_view domain) noexcept;
/// Whether a domain can match both. May say yes of "example.net" beside "*.example.net", which share none.
bool may_overlap(std::string_view pattern, std::string_view other) noexcept;

/// The domains of one pattern but those of `others`. Compares as its pattern does: the name that an operator knows.
struct DomainScope {
  static constexpr std::size_t others_max = 10'000;

  std::string pattern;
  std::vector<std::string> others{};  // patterns, ascending

  bool contains(std::string_view domain) const;
  bool operator==(const DomainScope& other) const noexcept { return pattern == other.pattern; }
};

}  // namespace ringpost::mail
