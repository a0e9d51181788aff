#include "mail/domain_scope.h"

#include <algorithm>

namespace ringpost::mail {
namespace {

std::string_view without_star(std::string_view pattern) noexcept {
  return pattern.starts_with("*.") ? pattern.substr(2) : pattern;
}

}  // namespace

bool matches_domain(std::string_view pattern, std::string_view domain) noexcept {
  if (pattern == "*" || pattern == domain) return true;
  return pattern.starts_with("*.") && domain.size() > pattern.size() - 1 && domain.ends_with(pattern.substr(1));
}

bool may_overlap(std::string_view pattern, std::string_view other) noexcept {
  return matches_domain(pattern, without_star(other)) || matches_domain(other, without_star(pattern)) ||
         pattern == other;
}

bool DomainScope::contains(std::string_view domain) const {
  if (!matches_domain(pattern, domain)) return false;
  const auto listed = [this](std::string_view text) { return std::ranges::binary_search(others, text); };
  if (listed(domain) || listed("*")) return false;
  for (std::size_t dot = domain.find('.'); dot != domain.npos; dot = domain.find('.', dot + 1))
    if (dot > 0 && listed("*" + std::string(domain.substr(dot)))) return false;
  return true;
}

}  // namespace ringpost::mail
