#include "mail/body_scan.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "mail/octet_masks.h"

namespace ringpost::mail {

struct BodyScan::Loops {
  /// `ends` are the LFs of the line ends in a block with `before` octets in front. Few blocks have more than one, so
  /// the first is taken without a branch: whether there is one changes from block to block, as no processor foresees.
  static void end_lines(std::uint64_t ends, std::uint64_t before, Lines& lines) noexcept {
    const std::uint64_t some = std::uint64_t{0} - static_cast<std::uint64_t>(ends != 0);
    const std::uint64_t next = before + static_cast<unsigned>(std::countr_zero(ends)) + 1;
    lines.longest = std::max(lines.longest, (next - 2 - lines.start) & some);
    lines.start ^= (lines.start ^ next) & some;
    for (std::uint64_t left = ends & (ends - 1); left != 0; left &= left - 1) {
      const std::uint64_t end = before + static_cast<unsigned>(std::countr_zero(left)) + 1;
      lines.longest = std::max(lines.longest, end - 2 - lines.start);
      lines.start = end;
    }
  }

  template <class Look>
  static void take(BodyScan& scan, Look& look, const char* block, unsigned octets) noexcept {
    const unsigned last = octets - 1;
    const std::uint64_t inside = ~0ULL >> (mask_block_octets - octets);
    const OctetMasks masks = Look::at(block);
    const std::uint64_t either = masks.cr | masks.lf;
    const std::uint64_t after_cr = masks.cr << 1 | scan.last_.cr;
    const std::uint64_t crlf = masks.lf & after_cr;
    look.gather(block);
    scan.facts_.dot_at_line_start |= (masks.dot & (either << 1 | scan.last_.either)) != 0;
    scan.facts_.bare_cr_or_lf |= ((masks.lf ^ after_cr) & inside) != 0;  // an LF without its CR, or no LF behind a CR
    end_lines(crlf, scan.facts_.octets, scan.lines_);
    scan.last_ = {masks.cr >> last & 1, either >> last & 1, crlf >> last & 1};
    scan.facts_.octets += octets;
  }

  template <class Look>
  static void take_short(BodyScan& scan, Look& look, const char* block, unsigned octets) noexcept {
    take(scan, look, ShortBlock(block, octets).data(), octets);
  }

  template <class Look>
  static void conclude(BodyScan& scan, const Look& look) noexcept {
    scan.facts_.nul |= look.any_nul();
    scan.facts_.eight_bit |= look.any_high();
  }

  template <class Look>
  static void all(BodyScan& scan, std::string_view octets) noexcept {
    Look look;
    for (; octets.size() >= mask_block_octets; octets.remove_prefix(mask_block_octets)) {
      take(scan, look, octets.data(), mask_block_octets);
    }
    if (!octets.empty()) take_short(scan, look, octets.data(), static_cast<unsigned>(octets.size()));
    conclude(scan, look);
  }

  /// Where in a block the octets cease to be plain.
  struct Events {
    Events(const OctetMasks& masks, std::uint64_t at_line_start) noexcept
        : crlf(masks.lf & masks.cr << 1),
          all((masks.dot & (crlf << 1 | at_line_start)) | (masks.lf ^ crlf) | (masks.cr & ~(masks.lf >> 1))) {}
    std::uint64_t crlf, all;
  };

  /// Blocks that are plain from end to end have no bare CR or LF, no dot at the start of a line, and no CR at their
  /// end: the loop over them, which nearly all octets of all mail pass, looks for nothing else but the ends of lines.
  template <class Look>
  static PlainRun plain(BodyScan& scan, std::string_view octets, bool at_line_start) noexcept {
    Look look;
    std::uint64_t line_start = at_line_start ? 1 : 0;
    std::size_t fed = 0;
    for (;;) {
      fed += plain_blocks(scan, look, octets.substr(fed), line_start);
      const unsigned some = plain_part(scan, look, octets.substr(fed), line_start);
      if (some == 0) break;
      fed += some;  // and perhaps on: a CR at the end of a block may have its LF in the next one
    }
    conclude(scan, look);
    return {fed, line_start != 0};
  }

  template <class Look>
  static std::size_t plain_blocks(BodyScan& scan, Look& look, std::string_view octets,
                                  std::uint64_t& line_start) noexcept {
    const std::uint64_t before = scan.facts_.octets;
    std::uint64_t after_crlf = line_start;  // copies, so that the loop may keep them in registers
    Lines lines = scan.lines_;
    std::size_t fed = 0;
    for (; octets.size() - fed >= mask_block_octets; fed += mask_block_octets) {
      const Events events(Look::at(octets.data() + fed), after_crlf);
      if (events.all != 0) break;
      look.gather(octets.data() + fed);
      end_lines(events.crlf, before + fed, lines);
      after_crlf = events.crlf >> (mask_block_octets - 1);
    }
    if (fed == 0) return 0;
    // A line may begin in front of them that DATA does not see as one.
    scan.facts_.dot_at_line_start |= octets[0] == '.' && scan.last_.either != 0;
    scan.lines_ = lines;
    scan.last_ = {0, after_crlf, after_crlf};
    scan.facts_.octets += fed;
    line_start = after_crlf;
    return fed;
  }

  /// Up to an event, or the end of the block or the octets.
  template <class Look>
  static unsigned plain_part(BodyScan& scan, Look& look, std::string_view octets, std::uint64_t& line_start) noexcept {
    const auto count = static_cast<unsigned>(std::min<std::size_t>(mask_block_octets, octets.size()));
    const OctetMasks masks =
        count == mask_block_octets ? Look::at(octets.data()) : Look::at(ShortBlock(octets.data(), count).data());
    const Events events(masks, line_start);
    const unsigned some = std::min(count, static_cast<unsigned>(std::countr_zero(events.all)));
    if (some == 0) return 0;
    take_short(scan, look, octets.data(), some);
    line_start = events.crlf >> (some - 1) & 1;
    return some;
  }

#if defined(__SSE2__)
  // Everything these call is inlined, because only then it may use the same instructions.
  [[gnu::flatten, gnu::target("avx2,bmi")]] static void all_avx2(BodyScan& scan, std::string_view octets) noexcept {
    all<Avx2Look>(scan, octets);
  }
  [[gnu::flatten, gnu::target("avx512bw,bmi")]] static void all_avx512(BodyScan& scan,
                                                                       std::string_view octets) noexcept {
    all<Avx512Look>(scan, octets);
  }
  [[gnu::flatten, gnu::target("avx2,bmi")]] static PlainRun plain_avx2(BodyScan& scan, std::string_view octets,
                                                                       bool at_line_start) noexcept {
    return plain<Avx2Look>(scan, octets, at_line_start);
  }
  [[gnu::flatten, gnu::target("avx512bw,bmi")]] static PlainRun plain_avx512(BodyScan& scan, std::string_view octets,
                                                                             bool at_line_start) noexcept {
    return plain<Avx512Look>(scan, octets, at_line_start);
  }
#endif
};

void BodyScan::feed(std::string_view octets) {
#if defined(__SSE2__)
  const auto loop = Avx512Look::possible() ? Loops::all_avx512
                    : Avx2Look::possible() ? Loops::all_avx2
                                           : Loops::all<BaseLook>;
#else
  const auto loop = Loops::all<BaseLook>;
#endif
  loop(*this, octets);
  if (!header_.ended()) header_.feed(octets);
}

BodyScan::PlainRun BodyScan::feed_plain(std::string_view octets, bool at_line_start) {
#if defined(__SSE2__)
  const auto loop = Avx512Look::possible() ? Loops::plain_avx512
                    : Avx2Look::possible() ? Loops::plain_avx2
                                           : Loops::plain<BaseLook>;
#else
  const auto loop = Loops::plain<BaseLook>;
#endif
  const PlainRun run = loop(*this, octets, at_line_start);
  if (!header_.ended()) header_.feed(octets.substr(0, run.octets));
  return run;
}

void BodyScan::finish() {
  header_.finish();
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t longest = std::max(lines_.longest, facts_.octets - lines_.start);
  facts_.line_octets_max = static_cast<std::uint32_t>(std::min(longest, most));
  facts_.bare_cr_or_lf |= last_.cr != 0;
  facts_.ends_with_crlf = last_.crlf != 0;
  facts_.header_octets = header_.octets();
  facts_.received_fields = header_.received_fields();
  facts_.has_date = header_.has_date();
  facts_.has_message_id = header_.has_message_id();
  facts_.has_from = header_.has_from();
}

}  // namespace ringpost::mail
