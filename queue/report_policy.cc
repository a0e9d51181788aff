#include "queue/report_policy.h"

#include "queue/retry.h"
#include "queue/verp.h"

namespace ringpost::queue {
namespace {

using mail::Notify;

// BY=...;N: the sender has said when it wants to hear of a delay (RFC 2852).
bool names_time_of_delay(const mail::Envelope& envelope) noexcept {
  return envelope.deliver_by.mode == mail::DeliverBy::Mode::notify;
}

bool is_verified(const mail::Origin& origin) noexcept {
  return origin.trusted || !origin.login.empty();
}

// RFC 3461 4.1: without NOTIFY the sender hears of failures, and of delays where we see fit. A stranger's address may
// be forged, and whoever bears it would be the wrong one to bother with what is not even an end.
bool is_wanted(const mail::Envelope& envelope, std::uint32_t recipient, ReportKind kind) noexcept {
  const std::uint8_t notify = envelope.recipients[recipient].notify.bits;
  switch (kind) {
    case ReportKind::success:
      return (notify & Notify::success) != 0;
    case ReportKind::delay:
      if (notify != Notify::unspecified) return (notify & Notify::delay) != 0;
      return is_verified(envelope.origin) || names_time_of_delay(envelope);
    default:
      return notify == Notify::unspecified || (notify & Notify::failure) != 0;
  }
}

std::string_view why_no_double_bounce(const Options& options, const mail::Envelope& envelope) noexcept {
  if (options.double_bounce == DoubleBounce::drop) return "double bounce: the message has no sender to tell";
  // The postmaster's mailbox is what fails: nobody is left.
  if (envelope.origin.listener == double_bounce_origin) return "double bounce: the postmaster cannot be told either";
  return {};
}

}  // namespace

ReportKind failure_kind(const mail::Envelope& envelope) noexcept {
  return envelope.reverse_path.is_null() ? ReportKind::double_bounce : ReportKind::failure;
}

std::string_view why_no_report(const Options& options, const mail::Envelope& envelope, std::uint32_t recipient,
                               ReportKind kind) noexcept {
  if (kind == ReportKind::double_bounce) return why_no_double_bounce(options, envelope);
  if (envelope.reverse_path.is_null()) return "the message has no sender to tell";
  if (kind == ReportKind::delay && envelope.recipients[recipient].delay_told)
    return "the sender has heard of the delay";
  const bool tells_delays = options.delay_notice_after != Duration::zero() || names_time_of_delay(envelope);
  if (kind == ReportKind::delay && !tells_delays) return "delays are not reported";
  if (!is_wanted(envelope, recipient, kind)) return "no bounce is wanted for this recipient";
  if (!options.bounce_unverified && !is_verified(envelope.origin)) return "backscatter: the sender was never verified";
  return {};
}

std::string_view why_no_relay_report(const Options& options, const mail::Envelope& envelope,
                                     std::uint32_t recipient) noexcept {
  if (envelope.reverse_path.is_null()) return "the message has no sender to tell";
  if ((envelope.recipients[recipient].notify.bits & Notify::never) != 0) return "no report is wanted";
  if (!options.bounce_unverified && !is_verified(envelope.origin)) return "backscatter: the sender was never verified";
  return {};
}

mail::Address report_address(const Options& options, const mail::Envelope& envelope, std::uint32_t recipient,
                             ReportKind kind) {
  if (kind != ReportKind::double_bounce) return reverse_path_for(options, envelope, recipient);
  const auto configured = mail::parse_address(options.double_bounce_to, false, false);
  return configured ? *configured : mail::Address{"postmaster", options.hostname};
}

WallTime delay_notice_at(const Options& options, const mail::Envelope& envelope) noexcept {
  if (names_time_of_delay(envelope)) return envelope.deliver_by.deadline;
  return release_time(envelope) + options.delay_notice_after;
}

}  // namespace ringpost::queue
