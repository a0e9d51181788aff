// The message that tells a sender what became of theirs (a delivery status notification): a multipart/report with words
// for people, the facts for programs, and the original or its header. Octets in, octets out; who gets one is decided in
// report_policy.h. Whatever a peer or the original says is made harmless here.
//
// Standards: RFC 3462 (multipart/report), RFC 3464 (message/delivery-status), RFC 3461 6 (null reverse-path, ENVID,
// ORCPT, RET), RFC 6533 (internationalised reports), RFC 3834 5 (Auto-Submitted), RFC 8689 5 (of mail
// that requires TLS only the header is returned, and it requires TLS itself), RFC 5322.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "mail/delivery_status.h"
#include "mail/envelope.h"
#include "queue/message_record.h"
#include "queue/report_policy.h"
#include "queue/report_text.h"

namespace ringpost::queue {

inline constexpr std::size_t bounce_header_octets_max = 64 * 1024;

struct BounceRequest {
  const Message& original;
  const std::vector<mail::DeliveryStatus>& statuses;  // at least one, all of what `kind` says
  std::string_view quoted;                            // the original: its header, or all of it where `whole`
  bool whole = false;                                 // only where returns_whole()
  std::string_view hostname;
  MessageId id;  // of the bounce
  WallTime now;
  ReportKind kind = ReportKind::failure;
  mail::Address to;      // report_address()
  WallTime retry_until;  // of a delay
  const ReportTexts& texts;
};

struct Bounce {
  mail::Envelope envelope;  // from the null reverse-path to `to`
  mail::BodyFacts facts;
  std::string body;  // with its header
};

/// RFC 3461 4.3: the sender wants all of it back. Not what is too large, and not what could not be quoted as lines.
bool returns_whole(const Options& options, const Message& original, ReportKind kind) noexcept;

Bounce compose_bounce(const BounceRequest& request);

}  // namespace ringpost::queue
