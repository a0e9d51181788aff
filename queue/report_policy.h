// Who is told what about a message: of each recipient's failure, delay and success, whether a report is made, for whom,
// and when a delay is worth one. Pure; the text is made elsewhere (bounce.cc), and so is the message (bounce_task.cc).
//
// Standards: RFC 3461 4.1 (NOTIFY), 5.2 (what it means for us), 6.2 and RFC 5321 6.1 (never about a null reverse-path).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "mail/envelope.h"
#include "queue/options.h"

namespace ringpost::queue {

enum class ReportKind : std::uint8_t {
  failure,
  delay,
  success,
  double_bounce,  // to the postmaster: a message without a sender, mostly a bounce, could not be delivered
};
inline constexpr std::size_t report_kinds = 4;

/// What Origin::listener says of our own reports.
inline constexpr std::string_view bounce_origin = "bounce";
inline constexpr std::string_view double_bounce_origin = "double bounce";

/// Of a failure: `double_bounce` where nobody sent the message.
ReportKind failure_kind(const mail::Envelope& envelope) noexcept;
/// Why no report of this kind is made for `recipient`; empty: one is.
std::string_view why_no_report(const Options& options, const mail::Envelope& envelope, std::uint32_t recipient,
                               ReportKind kind) noexcept;
/// The same of a report that a host got the message which says nothing of deadlines, or that a trace was asked for
/// (RFC 2852 4.1.4).
std::string_view why_no_relay_report(const Options& options, const mail::Envelope& envelope,
                                     std::uint32_t recipient) noexcept;
/// To whom a report about `recipient` goes.
mail::Address report_address(const Options& options, const mail::Envelope& envelope, std::uint32_t recipient,
                             ReportKind kind);
/// From when on a message that is not delivered is delayed: where the sender gave a time for that, then.
WallTime delay_notice_at(const Options& options, const mail::Envelope& envelope) noexcept;

}  // namespace ringpost::queue
