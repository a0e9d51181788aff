// What the MarkReaper does to recipients that stand elsewhere, or later, than an operator wants (a reroute, a retry),
// and how the schedulers take part: before a recipient is moved its worker is asked whether somebody has it, and when
// RocksDB shows the change the windows are told to look. Private to queue/; on the indexer's thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "queue/keys.h"
#include "queue/shard_impl.h"

namespace ringpost::queue {

struct Relocation {
  MessageId id;
  std::uint16_t lane = 0;
  std::uint32_t recipient = 0;
  std::string to;
};

/// Those that neither a lease nor an outcome on its way to RocksDB has: with the mark in force nobody takes them until
/// they have moved. Of a worker that does not answer within `wait_max`, none.
std::vector<Relocation> free_of_leases(Shared& shared, std::vector<Relocation> wanted, Duration wait_max);

/// Where something is due now, by lane and destination: the first position.
class NewlyDue {
 public:
  /// From here on a next hop that was thought to be down is tried once more.
  void begin() noexcept { announced_.clear(); }
  void add(std::uint16_t lane, const std::string& destination, const DuePosition& position);
  /// Tells the workers, which look there at once; the first time after begin() also where a next hop was thought to be
  /// down. Empty afterwards.
  void announce(Shared& shared);
  bool empty() const noexcept { return first_.empty(); }

 private:
  using Place = std::pair<std::uint16_t, std::string>;
  std::map<Place, DuePosition> first_;
  std::set<Place> announced_;
};

}  // namespace ringpost::queue
