// How many sessions each client address has open, how many there are at all, and how many messages each address has
// sent within the last minute. One for the process, shared by all workers; its mutex is taken when a session begins or
// ends, and per message only where a rate is configured. IPv6 clients count by their /64, which is what one customer
// gets.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "policy/network.h"
#include "server/options.h"

namespace ringpost::server {

enum class Admission : std::uint8_t { admitted, server_full, client_full };

class ClientTable {
 public:
  /// An admitted session must leave() with the same address.
  Admission enter(const policy::IpAddress& client, const Limits& limits);
  void leave(const policy::IpAddress& client) noexcept;

  /// Counts a message; zero if it may be sent, else how long the client should wait. `per_minute` 0: no limit.
  Duration count_message(const policy::IpAddress& client, std::uint32_t per_minute, MonotonicTime now);

  std::uint32_t sessions() const;

 private:
  struct Client {
    std::uint32_t sessions = 0;
    // A bucket that fills with `per_minute` tokens a minute (generic cell rate algorithm: the time at
    // which it would be full again is all the state there is).
    MonotonicTime full_at{};
  };
  static std::string key(const policy::IpAddress& client);
  void forget_idle(MonotonicTime now);

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
