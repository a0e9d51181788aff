// The header's facts are those of the reference, however the octets are cut (octet 0 says how).
#include "mail/header_scan.h"
#include "tests/fuzz/require.h"
#include "tests/unit/smtp/data_reference.h"

using namespace ringpost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + 1U;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  mail::HeaderScan scan;
  for (std::size_t at = 0; at < body.size(); at += step) scan.feed(body.substr(at, step));
  scan.finish();
  mail::HeaderScan whole;
  whole.feed(body);
  whole.finish();

  mail::BodyFacts expected;
  reference::read_header(body, expected);
  const bool same = scan.octets() == expected.header_octets && scan.received_fields() == expected.received_fields &&
                    scan.has_date() == expected.has_date && scan.has_from() == expected.has_from &&
                    scan.has_message_id() == expected.has_message_id &&
                    scan.has_tls_not_required() == whole.has_tls_not_required();
  require(same);
  return 0;
}
