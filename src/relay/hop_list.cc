#include "relay/hop_list.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace ringpost::relay {

namespace {

constexpr std::uint64_t weight_max = 1000;
constexpr std::uint64_t rank_max = 32;

/// Cuts " NAME=..." off the end of `text`; nullopt: there is none.
std::optional<std::string_view> take_last(std::string_view& text, std::string_view name) noexcept {
  const auto blank = text.rfind(' ');
  if (blank == std::string_view::npos || !text.substr(blank + 1).starts_with(name)) return std::nullopt;
  const std::string_view value = text.substr(blank + 1 + name.size());
  text = text.substr(0, blank);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return value;
}

Result<std::uint32_t> number(std::string_view what, std::string_view digits, std::uint64_t max) {
  const auto value = parse_unsigned(digits);
  if (value && *value >= 1 && *value <= max) return static_cast<std::uint32_t>(*value);
  return fail(ErrorKind::invalid,
              std::string(what) + printable(digits, 40) + ": expected a number from 1 to " + std::to_string(max));
}

/// Moves one of [first, last), by weight, to `first`.
void draw(std::vector<const Hop*>::iterator first, std::vector<const Hop*>::iterator last, std::uint64_t dice) {
  std::uint64_t sum = 0;
  for (auto each = first; each != last; ++each) sum += (*each)->weight;
  dice %= sum;
  auto chosen = first;
  for (; dice >= (*chosen)->weight; ++chosen) dice -= (*chosen)->weight;
  std::iter_swap(first, chosen);
}

}  // namespace

Result<ListedHop> parse_listed_hop(std::string_view text) {
  ListedHop hop;
  std::string_view rest = text;
  const auto rank = take_last(rest, "rank=");
  const auto weight = take_last(rest, "weight=");
  auto next_hop = parse_next_hop(rest);
  if (!next_hop) return propagate(next_hop);
  hop.text = rest;
  hop.next_hop = std::move(*next_hop);
  if (!weight && !rank) return hop;
  using Kind = NextHop::Kind;
  const Kind kind = hop.next_hop.kind;
  if (kind == Kind::mx || kind == Kind::maildir || kind == Kind::discard) {
    return fail(ErrorKind::invalid, "'" + printable(rest) + "' has no weight: only hosts that are named share load");
  }
  if (!weight) return fail(ErrorKind::invalid, "'" + printable(text) + "': a rank needs a weight before it");
  const auto weighs = number("weight=", *weight, weight_max);
  if (!weighs) return std::unexpected(weighs.error());
  hop.weight = *weighs;
  hop.rank = 1;
  if (!rank) return hop;
  const auto ranks = number("rank=", *rank, rank_max);
  if (!ranks) return std::unexpected(ranks.error());
  hop.rank = *ranks;
  return hop;
}

Result<void> check_ranks(const std::vector<ListedHop>& hops) {
  const auto is_lower = [](const ListedHop& hop, const ListedHop& next) {
    return next.weight != 0 && hop.weight != 0 && next.rank < hop.rank;
  };
  const auto wrong = std::ranges::adjacent_find(hops, is_lower);
  if (wrong == hops.end()) return {};
  return fail(ErrorKind::invalid, std::next(wrong)->text +
                                      " has a lower rank than the one before it: next hops stand "
                                      "in the order of their ranks");
}

void HopFailures::note(const std::string& hop, MonotonicTime now) {
  if (until_.size() >= hops_max) std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
  if (until_.size() < hops_max) until_.insert_or_assign(hop, now + remembered);
}

bool HopFailures::recent(const std::string& hop, MonotonicTime now) const {
  const auto known = until_.find(hop);
  return known != until_.end() && now < known->second;
}

std::vector<const Hop*> hops_to_try(const std::vector<Hop>& hops, const std::function<bool(const Hop&)>& is_down,
                                    const std::function<std::uint64_t()>& dice) {
  std::vector<const Hop*> order;
  order.reserve(hops.size());
  for (const Hop& hop : hops) order.push_back(&hop);
  for (auto first = order.begin(); first != order.end();) {
    auto last = std::next(first);
    while (last != order.end() && (*first)->shares_with(**last)) ++last;
    if (std::distance(first, last) > 1) {
      const auto down = std::partition(first, last, [&](const Hop* hop) { return !is_down(*hop); });
      for (auto each = first; each != down; ++each) draw(each, down, dice());
      for (auto each = down; each != last; ++each) draw(each, last, dice());
    }
    first = last;
  }
  return order;
}

}  // namespace ringpost::relay
