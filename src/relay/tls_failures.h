// The hosts at which opportunistic TLS has failed not long ago: mail goes there in clear text for a while, instead of
// paying with a failed handshake and a second connection each time. One worker's memory, one core; bounded.
#pragma once

#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace ringpost::relay {

class TlsFailures {
 public:
  static constexpr Duration remembered = std::chrono::minutes(10);
  static constexpr std::size_t hosts_max = 10'000;

  /// When there are too many, `remote` is not remembered, and TLS is tried there again next time.
  void note(const std::string& remote, MonotonicTime now) {
    if (until_.size() >= hosts_max) std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
    if (until_.size() < hosts_max) until_.insert_or_assign(remote, now + remembered);
  }
  bool recent(const std::string& remote, MonotonicTime now) const {
    const auto known = until_.find(remote);
    return known != until_.end() && now < known->second;
  }

 private:
  std::unordered_map<std::string, MonotonicTime> until_;
};

}  // namespace ringpost::relay
