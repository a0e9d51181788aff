// When a deferred recipient is tried again: first * factor^attempts, capped, with jitter, so that what failed together
// does not come back together. The last attempt is made when the message's time is up.
// Standards: RFC 2852 (BY=), RFC 5321 4.5.4.1 (give up after 4 to 5 days), RFC 3463 (4.4.7 delivery time expired).
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "mail/envelope.h"
#include "queue/options.h"

namespace ringpost::queue {

inline constexpr double retry_jitter = 0.15;

/// When it may leave at the earliest: its life begins there (RFC 4865).
WallTime release_time(const mail::Envelope& envelope) noexcept;
/// It was to be delivered by a time, or given back, and that time is over (RFC 2852).
bool is_past_deadline(const mail::Envelope& envelope, WallTime now) noexcept;
/// The moment after which an undelivered message is failed; bounces (null reverse-path) have less time, and what is to
/// be given back at its deadline has until then.
WallTime expiry(const Options& options, const mail::Envelope& envelope) noexcept;
/// `attempts_before` counts those before the one that just failed. nullopt: its time is up.
std::optional<WallTime> next_attempt(const Options& options, const mail::Envelope& envelope,
                                     std::uint32_t attempts_before, WallTime now) noexcept;

}  // namespace ringpost::queue
