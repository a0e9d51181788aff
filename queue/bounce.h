// The message that tells a sender that delivery failed: a multipart/report with words for people, the facts for
// programs, and the header of the original. Octets in, octets out; who gets one is decided elsewhere (attempt.cc).
//
// Standards: RFC 3462 (multipart/report), RFC 3464 (message/delivery-status), RFC 3461 6 (null reverse-path, ENVID,
// ORCPT), RFC 6533 (internationalised reports), RFC 3834 5 (Auto-Submitted), RFC 5322.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "mail/delivery_status.h"
#include "mail/envelope.h"
#include "queue/message_record.h"

namespace ringpost::queue {

inline constexpr std::size_t bounce_header_octets_max = 64 * 1024;

struct BounceRequest {
  const Message& original;
  const std::vector<mail::DeliveryStatus>& failed;  // at least one
  std::string_view original_header;                 // at most bounce_header_octets_max of it
  std::string_view hostname;
  MessageId id;  // of the bounce
  WallTime now;
};

struct Bounce {
  mail::Envelope envelope;  // from the null reverse-path to the original's
  mail::BodyFacts facts;
  std::string body;  // with its header
};

Bounce compose_bounce(const BounceRequest& request);

}  // namespace ringpost::queue
