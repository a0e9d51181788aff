// What peers and originals say in a report: no octet of it adds a line, a field or a part, and only who sent with
// SMTPUTF8 gets more than 7 bits in the fields.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mail/xtext.h"
#include "queue/bounce.h"
#include "queue/report_fields.h"

namespace {

using namespace ringpost;

std::string_view take(std::string_view& octets) {
  const std::size_t end = octets.find('\n');
  const std::string_view piece = octets.substr(0, end);
  octets.remove_prefix(end == std::string_view::npos ? octets.size() : end + 1);
  return piece;
}

void check_lines(std::string_view text) {
  for (std::size_t at = 0; (at = text.find_first_of("\r\n", at)) != std::string_view::npos; at += 2)
    RINGPOST_ASSERT(text.substr(at, 2) == "\r\n");
}

std::size_t fields_named(std::string_view fields, std::string_view name) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = fields.find(name, at)) != std::string_view::npos; ++at)
    count += at == 0 || fields[at - 1] == '\n' ? 1 : 0;
  return count;
}

void check_address(std::string_view octets) {
  const std::string encoded = mail::encode_utf8_addr(octets);
  RINGPOST_ASSERT(encoded.empty() || mail::valid_utf8_addr(encoded, false));
  if (octets.empty() || !mail::valid_utf8(octets)) return;
  RINGPOST_ASSERT(mail::decode_utf8_addr(encoded).value() == octets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_address(octets);
  queue::Message message;
  message.envelope.reverse_path = {"a", "example.org"};
  message.envelope.recipients.push_back({{"b", "example.net"}, {}, std::string(take(octets))});
  message.envelope.envelope_id = take(octets);
  mail::DeliveryStatus status{0, mail::Action::failed, {550, {5, 1, 1}}, std::string(take(octets)), ""};
  status.remote = take(octets);
  const std::vector<mail::DeliveryStatus> statuses{status};
  const queue::ReportTexts texts;
  for (const bool smtputf8 : {false, true}) {
    message.envelope.smtputf8 = smtputf8;
    const queue::BounceRequest request{
        message, statuses, octets, false, "mx.example.org", {}, {}, {}, message.envelope.reverse_path, {}, texts};
    check_lines(queue::compose_bounce(request).body);
    const std::string fields = queue::report_fields(request, smtputf8);
    RINGPOST_ASSERT(fields_named(fields, "Action: ") == 1 && fields_named(fields, "Final-Recipient: ") == 1);
    const auto beyond_ascii = [](char c) { return static_cast<unsigned char>(c) > 127; };
    RINGPOST_ASSERT(smtputf8 || std::ranges::none_of(fields, beyond_ascii));
  }
  return 0;
}
