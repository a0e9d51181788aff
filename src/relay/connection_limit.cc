#include "relay/connection_limit.h"

#include "base/assert.h"

namespace ringpost::relay {

namespace {

constexpr std::size_t remembered_keys_max = 4096;  // beyond it, keys that nobody waits for any more are swept out

}  // namespace

std::optional<ConnectionLimit::Place> ConnectionLimit::try_open(const std::string& key, std::uint32_t max,
                                                                std::uint32_t held, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  if (counts_.size() > remembered_keys_max) {
    std::erase_if(counts_,
                  [now](const auto& entry) { return entry.second.open == 0 && now >= entry.second.starving_until; });
  }
  Count& count = counts_[key];
  if (count.open >= max) {
    if (held == 0) count.starving_until = now + remembered;
    return std::nullopt;
  }
  if (held > 0 && now < count.starving_until) return std::nullopt;
  if (held == 0) count.starving_until = MonotonicTime::min();
  ++count.open;
  return Place(*this, key);
}

bool ConnectionLimit::others_wait(const std::string& key, MonotonicTime now) const {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  return known != counts_.end() && now < known->second.starving_until;
}

std::uint32_t ConnectionLimit::open(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  return known == counts_.end() ? 0 : known->second.open;
}

void ConnectionLimit::give_back(const std::string& key) noexcept {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(key);
  RINGPOST_ASSERT(known != counts_.end() && known->second.open > 0);
  // A worker that waits is remembered past the last connection: the place is for it, not for whoever closed.
  if (--known->second.open == 0 && monotonic_now() >= known->second.starving_until) counts_.erase(known);
}

}  // namespace ringpost::relay
