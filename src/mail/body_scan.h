// Gathers the facts about a body while its octets pass by on their way to the queue, as they will be stored. DATA and
// BDAT end in this one place, so that a fact means the same whichever way a message came.
//
// A line here ends with CRLF and nothing else. Only `dot_at_line_start` is more careful: it is set also by a dot behind
// a bare CR or LF (which BDAT may bring), because a false alarm costs delivery one scan and a miss would let a peer
// with other ideas about line endings see the end of the data in the middle of a message.
//
// Standards: RFC 5321 2.3.8, 4.5.2; RFC 6152 (8-bit); RFC 3030 3 (binary).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <string_view>

#include "mail/envelope.h"
#include "mail/header_scan.h"
#include "mail/octet_masks.h"

namespace ringpost::mail {

class BodyScan {
 public:
  /// Before the first octet: whether to keep the fields that say who the message is from.
  void collect_originators(bool wanted) noexcept { header_.collect_originators(wanted); }
  /// The next octets, in pieces of any size.
  void feed(std::string_view octets);
  /// The same for a caller who looks for something in the octets on their way, so that both share one look at them:
  /// `until(masks, count)` is asked for each block of `count` octets and returns how many of them to feed. Ends when it
  /// returns 0, or the octets end. Returns how many were fed.
  template <class Until>
  std::size_t feed_until(std::string_view octets, Until& until);
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
    std::uint64_t start = 0;   // of the current line
    bool after_cr = false;     // the last octet was a CR
    bool after_either = true;  // the last octet was a CR or LF, or there was none
    bool after_crlf = true;    // an empty body needs no line end
  };
  template <class Look, class Until>
  std::size_t feed_with(std::string_view octets, Until& until) noexcept;
#if defined(__SSE2__)
  /// Everything it calls is inlined, because only then it may use the same instructions.
  template <class Until>
  [[gnu::flatten, gnu::target("avx2,bmi")]] std::size_t feed_with_avx2(std::string_view octets, Until& until) noexcept {
    return feed_with<Avx2Look>(octets, until);
  }
#endif
  static void take_block(const OctetMasks& masks, unsigned octets, BodyFacts& facts, Lines& lines) noexcept;
  static void end_line(std::uint64_t end, BodyFacts& facts, const Lines& lines) noexcept {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto octets = static_cast<std::uint32_t>(std::min(end - lines.start, most));
    facts.line_octets_max = std::max(facts.line_octets_max, octets);
  }

  BodyFacts facts_;
  Lines lines_;
  HeaderScan header_;
};

inline void BodyScan::take_block(const OctetMasks& masks, unsigned octets, BodyFacts& facts, Lines& lines) noexcept {
  const std::uint64_t inside = ~0ULL >> (mask_block_octets - octets);
  const std::uint64_t after_cr = masks.cr << 1 | static_cast<std::uint64_t>(lines.after_cr);
  const std::uint64_t after_either = (masks.cr | masks.lf) << 1 | static_cast<std::uint64_t>(lines.after_either);
  const std::uint64_t crlf = masks.lf & after_cr;

  facts.nul |= masks.any_nul;
  facts.eight_bit |= masks.any_high;
  facts.dot_at_line_start |= (masks.dot & after_either) != 0;
  facts.bare_cr_or_lf |= ((masks.lf ^ after_cr) & inside) != 0;  // an LF without its CR, or no LF behind a CR
  for (std::uint64_t left = crlf; left != 0; left &= left - 1) {
    const std::uint64_t lf = facts.octets + static_cast<unsigned>(std::countr_zero(left));
    end_line(lf - 1, facts, lines);
    lines.start = lf + 1;
  }

  const unsigned last = octets - 1;
  lines.after_cr = (masks.cr >> last & 1) != 0;
  lines.after_either = ((masks.cr | masks.lf) >> last & 1) != 0;
  lines.after_crlf = (crlf >> last & 1) != 0;
  facts.octets += octets;
}

template <class Look, class Until>
std::size_t BodyScan::feed_with(std::string_view octets, Until& until) noexcept {
  BodyFacts facts = facts_;  // copies, so that the loop may keep them in registers
  Lines lines = lines_;
  std::size_t fed = 0;
  while (fed < octets.size()) {
    const char* block = octets.data() + fed;
    const auto count = static_cast<unsigned>(std::min<std::size_t>(mask_block_octets, octets.size() - fed));
    const OctetMasks masks = count == mask_block_octets ? Look::at(block) : octet_masks_short<Look>(block, count);
    const unsigned wanted = until(masks, count);
    if (wanted == 0) break;
    take_block(wanted == count ? masks : octet_masks_short<Look>(block, wanted), wanted, facts, lines);
    fed += wanted;
  }
  facts_ = facts;
  lines_ = lines;
  return fed;
}

template <class Until>
std::size_t BodyScan::feed_until(std::string_view octets, Until& until) {
#if defined(__SSE2__)
  const std::size_t fed = Avx2Look::possible() ? feed_with_avx2(octets, until) : feed_with<BaseLook>(octets, until);
#else
  const std::size_t fed = feed_with<BaseLook>(octets, until);
#endif
  if (!header_.ended()) header_.feed(octets.substr(0, fed));
  return fed;
}

}  // namespace ringpost::mail
