// How many sessions each client address has open, how many there are at all, and how many messages each address has
// sent within the last minute; and whether memory is left for more. One for the process, shared by all workers; its
// mutex is taken when a session begins or ends, and per message only where a rate is configured. IPv6 clients count by
// their /64, which is what one customer gets.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "policy/network.h"
#include "server/options.h"

namespace ringpost::server {

enum class Admission : std::uint8_t { admitted, server_full, client_full, memory_short };

/// How the memory in use stands to the budget, from which follows what is still taken on.
enum class MemoryLevel : std::uint8_t {
  enough,
  no_sessions,  // from 85 percent on: those that are there go on
  no_messages,  // from 95 percent on: what has begun is finished, in the memory that it was promised
};
MemoryLevel memory_level(std::uint64_t used, std::uint64_t budget) noexcept;

class ClientTable {
 public:
  /// An admitted session must leave() with the same address.
  Admission enter(const policy::IpAddress& client, const Limits& limits);
  void leave(const policy::IpAddress& client) noexcept;

  /// Counts a message; zero if it may be sent, else how long the client should wait. `per_minute` 0: no limit.
  Duration count_message(const policy::IpAddress& client, std::uint32_t per_minute, MonotonicTime now);

  std::uint32_t sessions() const;

  /// Set by whoever watches the memory, asked by all workers for each session and message.
  void set_memory(MemoryLevel level) noexcept { memory_.store(level, std::memory_order_relaxed); }
  MemoryLevel memory() const noexcept { return memory_.load(std::memory_order_relaxed); }

 private:
  struct Client {
    std::uint32_t sessions = 0;
    // A bucket that fills with `per_minute` tokens a minute (generic cell rate algorithm: the time at
    // which it would be full again is all the state there is).
    MonotonicTime full_at{};
  };
  static std::string key(const policy::IpAddress& client);
  void forget_idle(MonotonicTime now);

  std::atomic<MemoryLevel> memory_{MemoryLevel::enough};
  mutable std::mutex mutex_;  // protects what follows
  std::uint32_t sessions_ = 0;
  std::unordered_map<std::string, Client> clients_;
  std::size_t forget_at_ = 1024;
};

/// A place in the table for as long as it lives.
class ClientPlace {
 public:
  ClientPlace(ClientTable& table, const policy::IpAddress& client, const Limits& limits)
      : table_(table), client_(client), admission_(table.enter(client, limits)) {}
  ~ClientPlace() {
    if (admission_ == Admission::admitted) table_.leave(client_);
  }
  ClientPlace(const ClientPlace&) = delete;
  ClientPlace& operator=(const ClientPlace&) = delete;
  Admission admission() const noexcept { return admission_; }

 private:
  ClientTable& table_;
  policy::IpAddress client_;
  Admission admission_;
};

}  // namespace ringpost::server
