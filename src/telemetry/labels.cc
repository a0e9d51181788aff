#include "telemetry/metrics.h"

namespace ringpost::telemetry {

namespace {

template <class Label>
using Names = std::array<std::string_view, label_count<Label>>;

constexpr Names<Listener> listeners{"mx", "submission", "submissions"};
constexpr Names<SessionResult> session_results{"completed", "lost", "timed_out", "refused", "errors", "shutdown"};
constexpr Names<RejectReason> reject_reasons{
    "relay_denied", "unknown_recipient", "bad_address", "too_many_recipients", "too_large",
    "rate_limit",   "bare_line_ending",  "loop",        "bad_sequence",        "syntax",
    "no_space",     "unavailable",       "storage",     "tls_required",        "auth_required",
    "other"};
constexpr Names<DeliveryResult> delivery_results{"delivered", "deferred", "failed", "expired"};

static_assert(!listeners.back().empty() && !session_results.back().empty() && !reject_reasons.back().empty() &&
              !delivery_results.back().empty());

}  // namespace

std::string_view label_name(Listener label) noexcept {
  return listeners[static_cast<std::size_t>(label)];
}
std::string_view label_name(SessionResult label) noexcept {
  return session_results[static_cast<std::size_t>(label)];
}
std::string_view label_name(RejectReason label) noexcept {
  return reject_reasons[static_cast<std::size_t>(label)];
}
std::string_view label_name(DeliveryResult label) noexcept {
  return delivery_results[static_cast<std::size_t>(label)];
}

}  // namespace ringpost::telemetry
