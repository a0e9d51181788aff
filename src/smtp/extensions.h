// What a server offers in its reply to EHLO: read from a peer's reply, or written into ours. The same value tells
// params.h which ESMTP parameters a client may use; after HELO it is Extensions{}, and none may.
// Keywords we do not know are ignored, as RFC 5321 4.1.1.1 asks.
//
// Standards: RFC 5321 4.1.1.1, RFC 1870 (SIZE), 6152 (8BITMIME), 3030 (CHUNKING, BINARYMIME), 2920 (PIPELINING),
// 2034 (ENHANCEDSTATUSCODES), 3461 (DSN), 6531 (SMTPUTF8), 3207 (STARTTLS), 4954 (AUTH), 9422 (LIMITS), 8689
// (REQUIRETLS), 6710 (MT-PRIORITY), 2852 (DELIVERBY), 4865 (FUTURERELEASE).
// XHANDOFF is ours (handoff.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace ringpost::smtp {

class Reply;

struct Extensions {
  bool pipelining = false;
  bool size = false;           // SIZE was offered
  std::uint64_t size_max = 0;  // its argument; 0: no fixed maximum
  bool eight_bit_mime = false;
  bool binary_mime = false;
  bool chunking = false;
  bool smtputf8 = false;
  bool dsn = false;
  bool enhanced_status_codes = false;
  bool starttls = false;
  bool requiretls = false;
  bool mt_priority = false;
  bool deliver_by = false;
  std::uint32_t deliver_by_min_seconds = 0;  // its argument: the least that BY=...;R may ask; 0: none
  std::uint32_t future_release_seconds = 0;  // FUTURERELEASE: how long a message may be held at most; 0: not offered
  WallTime future_release_until;             // and until when
  std::vector<std::string> auth_mechanisms;  // capitals, in the order offered, at most limits::auth_mechanisms_max
  std::uint32_t mail_max = 0;                // LIMITS; 0: not stated
  std::uint32_t rcpt_max = 0;
  std::uint32_t rcpt_domain_max = 0;
  std::string handoff;  // XHANDOFF: the token of the process that offers it to a sibling; empty: not offered

  bool operator==(const Extensions&) const = default;
  bool offers_auth(std::string_view mechanism) const noexcept;

  /// From a peer's 250 to EHLO: every line but the first. BINARYMIME without CHUNKING cannot be used and is dropped.
  static Extensions from_ehlo_reply(const Reply& reply);
  /// Takes in one keyword line ("SIZE 1000", "AUTH PLAIN LOGIN", also the old "AUTH=PLAIN"); unknown ones change
  /// nothing.
  void add_keyword_line(std::string_view line);
  /// Our own offer, one entry a line, in a fixed order.
  std::vector<std::string> keyword_lines() const;
};

}  // namespace ringpost::smtp
