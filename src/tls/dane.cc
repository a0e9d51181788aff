#include "tls/dane.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/digest.h"
#include "tls/certificate.h"
#include "tls/certificate_problem.h"
#include "tls/trust.h"

namespace ringpost::tls {

namespace {

using Matching = DaneAssociation::Matching;
using Selector = DaneAssociation::Selector;
using Usage = DaneAssociation::Usage;

constexpr std::size_t whole_anchors_max = 4;  // of one peer; each costs the verification of a chain

bool matches(const DaneAssociation& association, std::string_view certificate) {
  const std::string_view what =
      association.selector == Selector::certificate ? certificate : public_key_of(certificate);
  if (what.empty()) return false;
  switch (association.matching) {
    case Matching::exact:
      return what == association.data;
    case Matching::sha256:
      return crypto::digest(crypto::Digest::sha256, what) == association.data;
    case Matching::sha512:
      return crypto::digest(crypto::Digest::sha512, what) == association.data;
  }
  return false;
}

bool announced(const DaneWish& wish, Usage usage, std::string_view certificate) {
  return std::ranges::any_of(wish.associations, [&](const DaneAssociation& each) {
    return each.usage == usage && matches(each, certificate);
  });
}

/// Empty: an announced authority vouches for the leaf; else why none does.
std::string problem_of_anchors(std::span<const std::string_view> chain, const DaneWish& wish) {
  std::string problem = "no announced authority is in its chain";
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (!announced(wish, Usage::trust_anchor, chain[i])) continue;
    problem = problem_below(chain, i);
    if (problem.empty()) return {};
  }
  // One that the record gives as a whole need not be sent.
  std::vector<std::string_view> longer(chain.begin(), chain.end());
  std::size_t tried = 0;
  for (const DaneAssociation& each : wish.associations) {
    const bool whole =
        each.usage == Usage::trust_anchor && each.selector == Selector::certificate && each.matching == Matching::exact;
    if (!whole || ++tried > whole_anchors_max) continue;
    longer.resize(chain.size());
    longer.emplace_back(each.data);
    problem = problem_below(longer, chain.size());
    if (problem.empty()) return {};
  }
  return problem;
}

}  // namespace

DaneVerdict judge_dane(std::span<const std::string_view> chain, const DaneWish& wish) {
  if (chain.empty()) return {{}, "no certificate"};
  if (announced(wish, Usage::end_entity, chain.front())) return {"dane-ee", {}};
  const bool has_anchors =
      std::ranges::any_of(wish.associations, [](const auto& each) { return each.usage == Usage::trust_anchor; });
  if (!has_anchors) return {{}, "not the one that the TLSA records announce"};
  const auto leaf = read_certificate(chain.front());
  if (!leaf) return {{}, "not a certificate"};
  std::string problem = problem_of_anchors(chain, wish);
  if (!problem.empty()) return {{}, "not as the TLSA records announce: " + problem};
  if (!leaf->for_servers) return {{}, "not made for servers"};
  const bool named = std::ranges::any_of(wish.names, [&](const auto& name) { return stands_for(*leaf, name); });
  if (named) return {"dane-ta", {}};
  return {{}, std::string(problem::other_name) + (wish.names.empty() ? "any" : printable(wish.names.front(), 100))};
}

}  // namespace ringpost::tls
