#include "mail/body_scan.h"

namespace ringpost::mail {

void BodyScan::feed(std::string_view octets) {
  constexpr auto all = [](const OctetMasks&, unsigned count) noexcept { return count; };
  feed_until(octets, all);
}

void BodyScan::finish() {
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
