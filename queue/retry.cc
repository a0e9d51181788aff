#include "queue/retry.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace ringpost::queue {

WallTime release_time(const mail::Envelope& envelope) noexcept {
  return std::max(envelope.received, envelope.not_before);
}

bool is_past_deadline(const mail::Envelope& envelope, WallTime now) noexcept {
  return envelope.deliver_by.mode == mail::DeliverBy::Mode::give_back && now >= envelope.deliver_by.deadline;
}

WallTime expiry(const Options& options, const mail::Envelope& envelope) noexcept {
  const Duration age = envelope.reverse_path.is_null() ? options.bounce_max_age : options.max_age;
  const WallTime limit = release_time(envelope) + age;
  const bool given_back = envelope.deliver_by.mode == mail::DeliverBy::Mode::give_back;
  return given_back ? std::min(limit, envelope.deliver_by.deadline) : limit;
}

std::optional<WallTime> next_attempt(const Options& options, const mail::Envelope& envelope,
                                     std::uint32_t attempts_before, WallTime now) noexcept {
  const WallTime limit = expiry(options, envelope);
  if (now >= limit) return std::nullopt;
  const double growth = std::pow(options.retry.factor, std::min<std::uint32_t>(attempts_before, 1000));
  const double first_ns = static_cast<double>(options.retry.first.count());
  const double max_ns = static_cast<double>(options.retry.max.count());
  const double delay_ns = std::min(first_ns * growth, max_ns) * jitter(1 - retry_jitter, 1 + retry_jitter);
  return std::min(now + Duration(static_cast<std::int64_t>(delay_ns)), limit);
}

}  // namespace ringpost::queue
