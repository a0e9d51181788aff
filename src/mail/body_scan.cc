#include "mail/body_scan.h"

#include <algorithm>
#include <limits>

namespace ringpost::mail {

inline void BodyScan::end_line(std::uint64_t end, BodyFacts& facts, const Lines& lines) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  const auto octets = static_cast<std::uint32_t>(std::min(end - lines.start, most));
  facts.line_octets_max = std::max(facts.line_octets_max, octets);
}

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

void BodyScan::feed(std::string_view octets) noexcept {
  if (!header_.ended()) header_.feed(octets);
  BodyFacts facts = facts_;  // copies, so that the loop may keep them in registers
  Lines lines = lines_;
  for (; octets.size() >= mask_block_octets; octets.remove_prefix(mask_block_octets)) {
    take_block(octet_masks(octets.data()), mask_block_octets, facts, lines);
  }
  if (!octets.empty()) {
    const auto count = static_cast<unsigned>(octets.size());
    take_block(octet_masks_short(octets.data(), count), count, facts, lines);
  }
  facts_ = facts;
  lines_ = lines;
}

void BodyScan::finish() noexcept {
  header_.finish();
  end_line(facts_.octets, facts_, lines_);
  facts_.bare_cr_or_lf |= lines_.after_cr;
  facts_.ends_with_crlf = lines_.after_crlf;
  facts_.header_octets = header_.octets();
  facts_.received_fields = header_.received_fields();
  facts_.has_date = header_.has_date();
  facts_.has_message_id = header_.has_message_id();
  facts_.has_from = header_.has_from();
}

}  // namespace ringpost::mail
