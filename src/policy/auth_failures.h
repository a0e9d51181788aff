// Counts failed logins, so that guessing gets slow and then stops: by the client's network (IPv4 address, IPv6 /64) and
// by login with network, never by login alone, because then anybody could lock anybody out. One for the process; its
// mutex is taken once for an AUTH. Bounded: the oldest entries go.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "policy/network.h"

namespace ringpost::policy {

struct AuthFailureLimits {
  std::uint32_t failures_max = 10;              // [limits] auth_failures_max; 0: no limit
  Duration window = std::chrono::minutes(10);   // failures older than this are forgotten
  Duration penalty = std::chrono::minutes(10);  // how long a client that reached the limit is refused
  Duration delay = std::chrono::seconds(1);     // before the reply to a failure; doubles up to delay_max
  Duration delay_max = std::chrono::seconds(8);
};

struct AuthStanding {
  Duration blocked_for{};  // zero: may try
  std::uint32_t failures = 0;
};

class AuthFailures {
 public:
  static std::unique_ptr<AuthFailures> create(const AuthFailureLimits& limits);
  virtual ~AuthFailures() = default;

  /// What was counted stays counted, and blocks that have begun go on as they began.
  virtual void set_limits(const AuthFailureLimits& limits) = 0;

  /// `login` may be empty: not known yet.
  virtual AuthStanding standing(const IpAddress& client, std::string_view login, MonotonicTime now) = 0;
  /// How long to wait before the reply.
  virtual Duration failed(const IpAddress& client, std::string_view login, MonotonicTime now) = 0;
  /// Forgets the failures of this login from this network; those of the network as a whole stay.
  virtual void succeeded(const IpAddress& client, std::string_view login, MonotonicTime now) = 0;
};

}  // namespace ringpost::policy
