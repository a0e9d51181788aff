// Gathers the facts about a body while its octets pass by on their way to the queue, as they will be stored. DATA and
// BDAT end in this one place, so that a fact means the same whichever way a message came.
//
// A line here ends with CRLF and nothing else. Only `dot_at_line_start` is more careful: it is set also by a dot behind
// a bare CR or LF (which BDAT may bring), because a false alarm costs delivery one scan and a miss would let a peer
// with other ideas about line endings see the end of the data in the middle of a message.
//
// Standards: RFC 5321 2.3.8, 4.5.2; RFC 6152 (8-bit); RFC 3030 3 (binary).
#pragma once

#include <cstdint>
#include <string_view>

#include "mail/envelope.h"
#include "mail/header_scan.h"
#include "mail/octet_masks.h"

namespace ringpost::mail {

class BodyScan {
 public:
  /// The next octets, in pieces of any size.
  void feed(std::string_view octets) noexcept;
  /// Octets that belong to the size but are not looked at: those dropped behind a limit.
  void count_only(std::uint64_t octets) noexcept { facts_.octets += octets; }
  /// Completes the facts; once, after the last octet.
  void finish() noexcept;

  const BodyFacts& facts() const noexcept { return facts_; }

 private:
  struct Lines {
    std::uint64_t start = 0;   // of the current line
    bool after_cr = false;     // the last octet was a CR
    bool after_either = true;  // the last octet was a CR or LF, or there was none
    bool after_crlf = true;    // an empty body needs no line end
  };
  static void take_block(const OctetMasks& masks, unsigned octets, BodyFacts& facts, Lines& lines) noexcept;
  static void end_line(std::uint64_t end, BodyFacts& facts, const Lines& lines) noexcept;

  BodyFacts facts_;
  Lines lines_;
  HeaderScan header_;
};

}  // namespace ringpost::mail
