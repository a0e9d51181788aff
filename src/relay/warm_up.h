// What the source addresses that are being warmed up have sent today, to each site: all workers count here, and only
// messages from such addresses do. Any thread. A message is counted before it is sent, so the workers together never
// send too many, and given back where nobody took it.
//
// The counts are kept as a file (text(), restore()), written from time to time by whoever is no reactor: what the last
// minute before a crash has sent may be sent once more. Pairs of source and site are known by a 64-bit digest of
// their names. Of more than pairs_max on one day the rest is not counted, and not held back.
//
// The file: "ringpost-warm-up 1 DAY" and a line "DIGEST COUNT" for each pair.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "relay/source_address.h"

namespace ringpost::relay {

class WarmUp {
 public:
  static constexpr std::size_t pairs_max = 200'000;
  static constexpr std::size_t file_octets_max = 64 + pairs_max * 32;

  /// One message of `source` to `site`. False: it has sent there what it may today.
  bool take(const SourceAddress& source, const std::string& site, WallTime now);
  void give_back(const SourceAddress& source, const std::string& site, WallTime now);
  bool may_send(const SourceAddress& source, const std::string& site, WallTime now) const;
  bool any_may_send(const std::vector<SourceAddress>& sources, const std::string& site, WallTime now) const;

  bool is_empty() const;
  /// What stands in the file; no reactor: it looks at every pair.
  std::string text() const;
  /// Counts of another day than `now`'s are over, and those of a file that is broken are none: false.
  bool restore(std::string_view file, WallTime now);

 private:
  // In parts, so that whoever writes the file holds up nobody for long.
  static constexpr std::size_t parts_count = 16;
  struct Part {
    mutable std::mutex mutex;  // protects the others
    std::int64_t day = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> sent;
    void begin(std::int64_t today);
  };
  Part& part_of(std::uint64_t digest) noexcept { return parts_[digest % parts_count]; }
  const Part& part_of(std::uint64_t digest) const noexcept { return parts_[digest % parts_count]; }

  std::array<Part, parts_count> parts_;
};

/// Why none of `sources` may send to a site now, one line: "warm-up: source 192.0.2.1 has sent its 50 messages to this
/// site today".
std::string warm_up_reason(const std::vector<SourceAddress>& sources, WallTime now);

}  // namespace ringpost::relay
