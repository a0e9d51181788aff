#include "relay/dane.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ringpost::relay {

using dns::Answer;
using dns::RecordType;
using io::Cancel;
using io::Deadline;
using io::Task;
using tls::DaneAssociation;

namespace {

// Nothing: no records of this name.
Task<std::optional<Dane>> ask(dns::Resolver& dns, std::string base, std::uint16_t port, Deadline deadline,
                              Cancel cancel) {
  const std::string name = "_" + std::to_string(port) + "._tcp." + base;
  auto answer = co_await dns.look_up(name, RecordType::tlsa, deadline, cancel);
  Dane dane;
  if (!answer) {
    // No name in the DNS is as long: there is nothing to hide.
    if (answer.error().kind == ErrorKind::invalid) co_return std::nullopt;
    dane.kind = Dane::Kind::unknown;
    dane.problem = "its TLSA records: " + answer.error().reason;
    co_return std::move(dane);
  }
  if (answer->kind != Answer::Kind::records || !answer->secure) co_return std::nullopt;
  dane.associations = usable_associations(answer->records);
  dane.kind = dane.associations.empty() ? Dane::Kind::unusable : Dane::Kind::usable;
  dane.base = std::move(base);
  co_return std::move(dane);
}

}  // namespace

std::vector<DaneAssociation> usable_associations(const std::vector<std::string>& records) {
  std::vector<DaneAssociation> usable;
  for (const std::string& record : records) {
    auto tlsa = dns::parse_tlsa(record);
    if (!tlsa || !tlsa->usable()) continue;
    usable.push_back({.usage = static_cast<DaneAssociation::Usage>(tlsa->usage),
                      .selector = static_cast<DaneAssociation::Selector>(tlsa->selector),
                      .matching = static_cast<DaneAssociation::Matching>(tlsa->matching),
                      .data = std::move(tlsa->data)});
  }
  std::ranges::sort(usable);
  const auto repeated = std::ranges::unique(usable);
  usable.erase(repeated.begin(), repeated.end());
  // Of the digests of one kind only the strongest counts: whoever breaks the weaker one gains nothing.
  const auto outdone = [&](const DaneAssociation& weak) {
    return weak.matching == DaneAssociation::Matching::sha256 &&
           std::ranges::any_of(usable, [&](const DaneAssociation& strong) {
             return strong.matching == DaneAssociation::Matching::sha512 && strong.usage == weak.usage &&
                    strong.selector == weak.selector;
           });
  };
  std::vector<DaneAssociation> kept;
  for (const DaneAssociation& each : usable) {
    if (kept.size() < Dane::associations_max && !outdone(each)) kept.push_back(each);
  }
  return kept;
}

Task<Dane> look_up_dane(dns::Resolver& dns, std::string host, std::string canonical, std::uint16_t port,
                        Deadline deadline, Cancel cancel) {
  if (!canonical.empty()) {
    auto found = co_await ask(dns, std::move(canonical), port, deadline, cancel);
    if (found) co_return std::move(*found);
  }
  auto found = co_await ask(dns, std::move(host), port, deadline, cancel);
  if (found) co_return std::move(*found);
  co_return Dane{};
}

}  // namespace ringpost::relay
