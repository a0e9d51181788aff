// An entry of [[route]] next_hop, and the order in which the hops of a list are tried:
//
//   smtp://a                   on its own: the next one is tried when it fails
//   smtp://a weight=3          shares the connections with its neighbours in the list that have a weight and the same
//   smtp://b weight=1          rank, here three of four; when it fails, they take its share
//   smtp://c weight=1 rank=2   another rank: tried when all of those fail
//
// Weights are chosen by for each connection, at random, so that workers need not agree and connections that lie idle go
// to different hosts. A host that could not be used a moment ago comes last in its rank: whoever is down must not cost
// each connection a timeout.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "relay/next_hop.h"

namespace ringpost::relay {

struct Hop {
  NextHop next_hop;
  std::string mx_domain;     // lower case; only with Kind::mx
  std::uint32_t weight = 0;  // 0: shares with nobody
  std::uint32_t rank = 0;
  bool operator==(const Hop&) const = default;
  bool shares_with(const Hop& neighbour) const noexcept {
    return weight != 0 && neighbour.weight != 0 && rank == neighbour.rank;
  }
};

struct ListedHop {
  std::string text;  // of the next hop alone
  NextHop next_hop;
  std::uint32_t weight = 0, rank = 0;
  bool operator==(const ListedHop&) const = default;
};

/// Errors: invalid: no next hop, a weight that is not from 1 to 1000 or a rank not from 1 to 32, or one for what the
/// operator does not name ("mx") or what stands alone.
Result<ListedHop> parse_listed_hop(std::string_view text);
/// Errors: invalid: a rank comes behind a higher one, so that its hops would not share. For hops that parse.
Result<void> check_ranks(const std::vector<ListedHop>& hops);

/// The hops that failed not long ago. One worker's memory, one core; bounded.
class HopFailures {
 public:
  static constexpr Duration remembered = std::chrono::seconds(30);
  static constexpr std::size_t hops_max = 10'000;

  /// When there are too many, it is not remembered, and tried again in its turn.
  void note(const std::string& hop, MonotonicTime now);
  void forget(const std::string& hop) { until_.erase(hop); }
  bool recent(const std::string& hop, MonotonicTime now) const;

 private:
  std::unordered_map<std::string, MonotonicTime> until_;
};

/// Every hop once. `is_down`: tried last in its rank. `dice` gives any numbers.
std::vector<const Hop*> hops_to_try(const std::vector<Hop>& hops, const std::function<bool(const Hop&)>& is_down,
                                    const std::function<std::uint64_t()>& dice);

}  // namespace ringpost::relay
