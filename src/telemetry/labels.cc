#include <algorithm>

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
constexpr Names<DeliveryResult> delivery_results{"delivered", "deferred", "failed", "expired", "handed_off"};
constexpr Names<Direction> directions{"in", "out"};
constexpr Names<TlsVersion> tls_versions{"TLSv1.2", "TLSv1.3", "none"};
constexpr Names<TlsResult> tls_results{"ok", "failed"};
constexpr Names<AuthMechanism> auth_mechanisms{"SCRAM-SHA-256-PLUS",
                                               "SCRAM-SHA-256",
                                               "SCRAM-SHA-1-PLUS",
                                               "SCRAM-SHA-1",
                                               "PLAIN",
                                               "LOGIN",
                                               "CRAM-MD5",
                                               "DIGEST-MD5",
                                               "NTLM",
                                               "EXTERNAL",
                                               "GSSAPI",
                                               "OAUTHBEARER",
                                               "XOAUTH2",
                                               "SRP",
                                               "other"};
constexpr Names<AuthResult> auth_results{"ok", "failed", "unavailable", "aborted"};

static_assert(!listeners.back().empty() && !session_results.back().empty() && !reject_reasons.back().empty() &&
              !delivery_results.back().empty() && !directions.back().empty() && !tls_versions.back().empty() &&
              !tls_results.back().empty() && !auth_mechanisms.back().empty() && !auth_results.back().empty());

template <class Label>
Label named(const Names<Label>& names, std::string_view name) noexcept {
  const auto at = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  return static_cast<Label>(std::min(at, names.size() - 1));  // the last one stands for any other
}

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
std::string_view label_name(Direction label) noexcept {
  return directions[static_cast<std::size_t>(label)];
}
std::string_view label_name(TlsVersion label) noexcept {
  return tls_versions[static_cast<std::size_t>(label)];
}
std::string_view label_name(TlsResult label) noexcept {
  return tls_results[static_cast<std::size_t>(label)];
}
std::string_view label_name(AuthMechanism label) noexcept {
  return auth_mechanisms[static_cast<std::size_t>(label)];
}
std::string_view label_name(AuthResult label) noexcept {
  return auth_results[static_cast<std::size_t>(label)];
}

TlsVersion tls_version(std::string_view name) noexcept {
  return named<TlsVersion>(tls_versions, name);
}
AuthMechanism auth_mechanism(std::string_view name) noexcept {
  return named<AuthMechanism>(auth_mechanisms, name);
}

}  // namespace ringpost::telemetry
