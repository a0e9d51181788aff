#include "mail/body_scan.h"

#include <algorithm>
#include <limits>

namespace ringpost::mail {

void BodyScan::feed(std::string_view octets) noexcept {
  if (!header_.ended()) header_.feed(octets);
  for (; octets.size() >= mask_block_octets; octets.remove_prefix(mask_block_octets)) {
    take_block(octet_masks(octets.data()), mask_block_octets);
  }
  if (octets.empty()) return;
  const auto count = static_cast<unsigned>(octets.size());
  take_block(octet_masks_short(octets.data(), count), count);
}

void BodyScan::take_block(const OctetMasks& masks, unsigned octets) noexcept {
  const std::uint64_t inside = ~0ULL >> (mask_block_octets - octets);
  const std::uint64_t after_cr = masks.cr << 1 | static_cast<std::uint64_t>(after_cr_);
  const std::uint64_t after_either = (masks.cr | masks.lf) << 1 | static_cast<std::uint64_t>(at_line_start_);
  const std::uint64_t crlf = masks.lf & after_cr;

  facts_.nul |= masks.any_nul;
  facts_.eight_bit |= masks.any_high;
  facts_.dot_at_line_start |= (masks.dot & after_either) != 0;
  facts_.bare_cr_or_lf |= ((masks.lf ^ after_cr) & inside) != 0;  // an LF without its CR, or no LF behind a CR
  for (std::uint64_t left = crlf; left != 0; left &= left - 1) {
    const std::uint64_t lf = facts_.octets + static_cast<unsigned>(std::countr_zero(left));
    end_line(lf - 1);
    line_start_ = lf + 1;
  }

  const std::uint64_t last = 1ULL << (octets - 1);
  after_cr_ = (masks.cr & last) != 0;
  at_line_start_ = ((masks.cr | masks.lf) & last) != 0;
  ends_with_crlf_ = (crlf & last) != 0;
  facts_.octets += octets;
}

void BodyScan::end_line(std::uint64_t end) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  const auto octets = static_cast<std::uint32_t>(std::min(end - line_start_, most));
  facts_.line_octets_max = std::max(facts_.line_octets_max, octets);
}

void BodyScan::finish() noexcept {
  header_.finish();
  end_line(facts_.octets);
  facts_.bare_cr_or_lf |= after_cr_;
  facts_.ends_with_crlf = ends_with_crlf_;
  facts_.header_octets = header_.octets();
  facts_.received_fields = header_.received_fields();
  facts_.has_date = header_.has_date();
  facts_.has_message_id = header_.has_message_id();
  facts_.has_from = header_.has_from();
}

}  // namespace ringpost::mail
