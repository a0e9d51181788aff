// Octets of a log and of RocksDB from a disk that lies: decoding must refuse or understand, and what it understands
// encodes to the same octets.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/crc32c.h"
#include "queue/log_replay.h"
#include "queue/message_record.h"
#include "queue/record.h"

namespace {

using namespace ringpost;
using namespace ringpost::queue;

template <class Decoded, class Encode>
void check(std::string_view octets, const Decoded& decoded, Encode encode) {
  if (decoded) RINGPOST_ASSERT(encode(*decoded) == octets);
}

// What the envelope of an older schema lacks: the wishes, none of them.
constexpr std::size_t wishes_octets = 4;

// What an older schema has written, `is_old`, is written as ours.
template <class Decode, class Encode>
void check_versions(std::string_view octets, Decode decode, Encode encode, bool is_old) {
  const auto decoded = decode(octets);
  if (!decoded) return;
  const std::string again = encode(*decoded);
  RINGPOST_ASSERT(again == octets || is_old || again.size() == octets.size() + wishes_octets);
  const auto ours = decode(again);
  RINGPOST_ASSERT(ours && encode(*ours) == again);
}

void check_payload(std::string_view octets) {
  check_versions(octets, decode_message, encode_message, octets.starts_with('\x01'));
  check_versions(octets, decode_record, encode_record, octets.starts_with("\x01\x01"));  // its own, the message's
  check_versions(octets, decode_outcome, encode_outcome, octets.starts_with('\x01'));
  check(octets, decode_attempt_begun(octets), encode_attempt_begun);
  check(octets, decode_cancelled(octets), encode_cancelled);
  const auto accept = decode_accept({3, RecordType::accept, octets, {9, 4096}, {9, 5000}});
  if (!accept) return;
  for (const Extent& extent : accept->body) RINGPOST_ASSERT(extent.segment != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_payload(octets);

  if (const auto header = decode_segment_header(octets)) {
    RINGPOST_ASSERT(decode_segment_header(encode_segment_header(*header)).has_value());
  }
  for (const std::uint64_t generation : {0, 1}) {
    const auto record = decode_record_at(octets, generation);
    if (!record) continue;
    RINGPOST_ASSERT(record_header_octets + record->payload.size() <= size &&
                    record->octets % record_alignment_octets == 0);
  }
  // The fuzzer cannot guess a checksum, so a record is made of its octets: it must come back, and not if it was cut.
  std::string whole(record_header_octets, '\0');
  encode_record_header(RecordType::accept, static_cast<std::uint32_t>(size), crc32c(octets), 5, whole.data());
  whole += octets;
  const auto record = decode_record_at(whole, 5);
  RINGPOST_ASSERT(record && record->payload == octets);
  RINGPOST_ASSERT(!decode_record_at(std::string_view(whole).substr(0, whole.size() - 1), 5));
  return 0;
}
