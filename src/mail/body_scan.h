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

namespace ringpost::mail {

class BodyScan {
 public:
  /// Before the first octet: whether to keep the fields that say who the message is from.
  void collect_originators(bool wanted) noexcept { header_.collect_originators(wanted); }
  /// The next octets, in pieces of any size.
  void feed(std::string_view octets);
  struct PlainRun {
    std::size_t octets = 0;      // how many were fed
    bool at_line_start = false;  // they end with CRLF; or there are none, and it was so before
  };
  /// The same for DATA, as far as octets are stored as they are: up to a dot behind a CRLF, a bare LF, or a CR that no
  /// LF is known to follow. `at_line_start`: a CRLF is in front of them. The octet in front of them is no CR.
  PlainRun feed_plain(std::string_view octets, bool at_line_start);
  /// Octets that belong to the size but are not looked at: those dropped behind a limit.
  void count_only(std::uint64_t octets) noexcept { facts_.octets += octets; }
  /// Completes the facts; once, after the last octet.
  void finish();

  const BodyFacts& facts() const noexcept { return facts_; }
  const OriginatorFields& originators() const noexcept { return header_.originators(); }
  /// The header says "TLS-Required: No". Complete when the facts are.
  bool tls_not_required() const noexcept { return header_.has_tls_not_required(); }

 private:
  struct Lines {
    std::uint64_t start = 0;    // of the current line
    std::uint64_t longest = 0;  // octets of the longest line that has ended
  };
  /// What the last octet was: 1 or 0.
  struct Last {
    std::uint64_t cr = 0;
    std::uint64_t either = 1;  // a CR or LF, or there was none
    std::uint64_t crlf = 1;    // the end of one; an empty body needs no line end
  };
  struct Loops;  // over the octets, one for each way to look at them

  BodyFacts facts_;
  Lines lines_;
  Last last_;
  HeaderScan header_;
};

}  // namespace ringpost::mail
