// The keys that seal session tickets: one set for the process, shared by all contexts and threads and handed on across
// reloads. A key seals for an hour and opens for another; then whatever it sealed is lost to anyone, which is what
// bounds the harm of a key that leaks (RFC 5077 5.5, RFC 9325 3.4).
//
// Sealed with AES-256-GCM. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"

namespace ringpost::tls {

class TicketKeys {
 public:
  static constexpr Duration sealing_time = std::chrono::hours(1);
  static constexpr std::size_t name_octets = 16, nonce_octets = 12, tag_octets = 16;

  struct Seal {
    std::array<std::uint8_t, name_octets> name;
    std::array<std::uint8_t, nonce_octets> nonce;
    std::array<std::uint8_t, tag_octets> tag;
  };
  enum class Opened { yes, yes_renew, no };

  explicit TicketKeys(MonotonicTime now = monotonic_now());
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// Encrypts in place. `bound_to` must be the same when it is opened. nullopt: the library failed.
  std::optional<Seal> seal(std::span<std::uint8_t> ticket, std::string_view bound_to, MonotonicTime now);
  /// Decrypts in place; yes_renew: with a key that will not open it much longer.
  Opened open(std::span<std::uint8_t> ticket, const Seal& seal, std::string_view bound_to, MonotonicTime now);

 private:
  struct Key {
    std::array<std::uint8_t, name_octets> name{};
    std::array<std::uint8_t, 32> secret{};
    MonotonicTime born{};
  };
  void rotate_if_due(MonotonicTime now);

  std::mutex mutex_;  // protects what follows
  Key current_, previous_;
  bool has_previous_ = false;
};

}  // namespace ringpost::tls
