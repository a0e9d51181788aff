// Records from a disk that lies: decoding must refuse or understand, and what it understands encodes to the same
// octets, or, where an earlier schema wrote them, to ours.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mail/codec.h"
#include "mail/trace.h"

namespace {

using namespace ringpost;

template <class Decode>
void check(std::string_view octets, Decode decode) {
  std::string_view rest = octets;
  const auto value = decode(rest);
  if (!value) {
    RINGPOST_ASSERT(rest.size() == octets.size());
    return;
  }
  std::string again;
  mail::encode(again, *value);
  const std::size_t read = octets.size() - rest.size();
  // What the envelope of an older schema lacks: the wishes, none of them.
  constexpr std::size_t wishes_octets = 4;
  RINGPOST_ASSERT(again == octets.substr(0, read) || again.size() == read + wishes_octets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check(octets, [](std::string_view& in) { return mail::decode_envelope(in); });
  check(octets, [](std::string_view& in) { return mail::decode_body_facts(in); });
  check(octets, [](std::string_view& in) { return mail::decode_delivery_status(in); });

  mail::Envelope envelope;
  envelope.origin.client_address = "192.0.2.1";
  envelope.origin.helo = octets;
  const std::string field = mail::received_field(envelope, "mx.example.com", {}, {octets, octets, octets});
  RINGPOST_ASSERT(field.ends_with("\r\n"));
  for (std::size_t at = 0; (at = field.find_first_of("\r\n", at)) != std::string::npos; at += 2) {
    RINGPOST_ASSERT(field.compare(at, 2, "\r\n") == 0 && (at + 2 == field.size() || field[at + 2] == ' '));
  }
  return 0;
}
