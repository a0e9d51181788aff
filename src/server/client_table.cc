#include "server/client_table.h"

#include <algorithm>

#include "base/assert.h"

namespace ringpost::server {

std::string ClientTable::key(const policy::IpAddress& client) {
  const std::size_t significant = client.is_v4() ? 16 : 8;
  return std::string(reinterpret_cast<const char*>(client.octets.data()), significant);
}

MemoryLevel memory_level(std::uint64_t used, std::uint64_t budget) noexcept {
  const std::uint64_t twentieth = budget / 20;
  if (used >= 19 * twentieth) return MemoryLevel::no_messages;
  return used >= 17 * twentieth ? MemoryLevel::no_sessions : MemoryLevel::enough;
}

Admission ClientTable::enter(const policy::IpAddress& client, const Limits& limits) {
  if (memory() != MemoryLevel::enough) return Admission::memory_short;
  const std::lock_guard lock(mutex_);
  if (sessions_ >= limits.sessions_max) return Admission::server_full;
  Client& entry = clients_[key(client)];
  if (entry.sessions >= limits.sessions_per_client_max) return Admission::client_full;
  ++entry.sessions;
  ++sessions_;
  return Admission::admitted;
}

void ClientTable::leave(const policy::IpAddress& client) noexcept {
  const std::lock_guard lock(mutex_);
  const auto entry = clients_.find(key(client));
  RINGPOST_ASSERT(entry != clients_.end() && entry->second.sessions > 0);
  --sessions_;
  --entry->second.sessions;
  if (entry->second.sessions == 0 && entry->second.full_at == MonotonicTime{}) clients_.erase(entry);
}

Duration ClientTable::count_message(const policy::IpAddress& client, std::uint32_t per_minute, MonotonicTime now) {
  if (per_minute == 0) return Duration::zero();
  const Duration each = std::chrono::duration_cast<Duration>(std::chrono::minutes(1)) / per_minute;
  const std::lock_guard lock(mutex_);
  forget_idle(now);
  Client& entry = clients_[key(client)];
  const MonotonicTime full_at = std::max(entry.full_at, now) + each;
  if (full_at - now > std::chrono::minutes(1)) return full_at - now - std::chrono::minutes(1);
  entry.full_at = full_at;
  return Duration::zero();
}

void ClientTable::forget_idle(MonotonicTime now) {
  // Amortised: the table is swept only when it has doubled since the last sweep.
  if (clients_.size() < forget_at_) return;
  std::erase_if(clients_,
                [now](const auto& entry) { return entry.second.sessions == 0 && entry.second.full_at <= now; });
  forget_at_ = std::max<std::size_t>(1024, clients_.size() * 2);
}

std::uint32_t ClientTable::sessions() const {
  const std::lock_guard lock(mutex_);
  return sessions_;
}

}  // namespace ringpost::server
