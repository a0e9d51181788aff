#include "tlsrpt/tally.h"

#include <utility>

#include "base/text.h"

namespace ringpost::tlsrpt {

namespace {

constexpr std::size_t lines_max = 64;  // of a policy, and hosts of it
constexpr std::size_t line_octets_max = 300;
constexpr std::size_t word_octets_max = 255;

void cut(std::vector<std::string>& lines) {
  if (lines.size() > lines_max) lines.resize(lines_max);
  for (std::string& line : lines) line = printable(line, line_octets_max);
}

}  // namespace

bool PolicyTally::has_room() const {
  if (details.size() < details_max) return true;
  std::size_t sums = 0;
  for (std::size_t kind = 0; kind < failure_kind_names.size(); ++kind)
    sums += details.count(Failure{.kind = static_cast<FailureKind>(kind)});
  return details.size() - sums < details_max;
}

void PolicyTally::add(const Failure& failure, std::uint64_t count) {
  failures += count;
  if (const auto known = details.find(failure); known != details.end()) {
    known->second += count;
  } else if (has_room()) {
    details.emplace(failure, count);
  } else {
    details[Failure{.kind = failure.kind}] += count;  // the sum of the rest of its kind
  }
}

PolicyTally* Tally::place_for(const std::string& domain, Policy policy) {
  auto at = domains_.find(domain);
  if (at == domains_.end()) {
    if (domains_.size() >= domains_max) return nullptr;
    at = domains_.emplace(domain, DomainTally{}).first;
  }
  DomainTally& policies = at->second;
  if (const auto known = policies.find(policy); known != policies.end()) return &known->second;
  if (policies.size() >= policies_max) return nullptr;
  return &policies[std::move(policy)];
}

void Tally::add(Session session) {
  cut(session.policy.text);
  cut(session.policy.hosts);
  if (session.failure) {
    Failure& failure = *session.failure;
    for (std::string* word :
         {&failure.sending_ip, &failure.mx_host, &failure.mx_helo, &failure.receiving_ip, &failure.reason})
      *word = printable(*word, word_octets_max);
  }
  PolicyTally* place = place_for(session.domain, std::move(session.policy));
  if (place == nullptr) return;
  if (session.failure) {
    place->add(*session.failure, 1);
  } else {
    ++place->successes;
  }
}

void Tally::add(const std::string& domain, Policy policy, const PolicyTally& more) {
  PolicyTally* place = place_for(domain, std::move(policy));
  if (place == nullptr) return;
  place->successes += more.successes;
  for (const auto& [failure, count] : more.details) place->add(failure, count);
}

void Tally::add(const Tally& other) {
  for (const auto& [domain, policies] : other.domains_)
    for (const auto& [policy, tally] : policies) add(domain, policy, tally);
}

}  // namespace ringpost::tlsrpt
