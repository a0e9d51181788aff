// The grammar of a spool log, octet by octet (all integers little-endian):
//
//   segment  = header record*
//   header   = magic "RPSPOOL1" (8)  log (2)  zero (6)  sequence (8)  generation (8)
//              crc32c of the 32 octets before (4)  zero (28)
//   record   = crc32c (4)  length (4)  generation (8)  type (1)  zero (7)  payload (length)  padding to 8 octets
//
// The checksum covers the payload and then the header behind itself, in this order: so the payload is summed up as it
// arrives, before its place is known. `generation` is the segment's: what an earlier life of the file left behind is
// recognised and ends the reading. A record without a valid checksum, and all after it in the segment, was never
// acknowledged. A record never straddles segments; the padding is whatever lies there. A group of records is
// written up to the end of its last page, with zeros, which the next group overwrites.
//
//   chunk          body octets of one upload
//   accept         encode_message(): envelope, prefix, extents of the body. An extent of segment 0 is the payload
//                  of the chunk record directly in front of it (written in one go, before its place was known)
//   attempt_begun  encode_attempt_begun(): message id (16), then recipient indexes
//   attempt_ended  encode_outcome()
//   cancelled      message ids (16 each): their accepts were refused (failed sync) though they may be readable
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::queue {

enum class RecordType : std::uint8_t { chunk = 1, accept = 2, attempt_begun = 3, attempt_ended = 4, cancelled = 5 };

constexpr std::uint32_t segment_header_octets = 64;
constexpr std::uint32_t record_header_octets = 24;
constexpr std::uint32_t record_alignment_octets = 8;

struct SegmentHeader {
  std::uint16_t log = 0;
  std::uint64_t sequence = 0;
  std::uint64_t generation = 0;
};

std::string encode_segment_header(const SegmentHeader& header);
/// nullopt: not a segment of ours, or torn.
std::optional<SegmentHeader> decode_segment_header(std::string_view octets) noexcept;

/// Header of a record whose payload has `length` octets with CRC-32C `payload_crc`.
void encode_record_header(RecordType type, std::uint32_t length, std::uint32_t payload_crc, std::uint64_t generation,
                          char* out_record_header_octets) noexcept;
constexpr std::uint64_t record_octets(std::uint64_t payload_octets) noexcept {
  const std::uint64_t whole = record_header_octets + payload_octets;
  return (whole + record_alignment_octets - 1) / record_alignment_octets * record_alignment_octets;
}

struct Record {
  RecordType type = RecordType::chunk;
  std::string_view payload;
  std::uint32_t octets = 0;  // with header and padding
};
/// The record at the start of `octets` if it is whole, of this generation and its checksum holds; else nullopt, which
/// is the end of the log.
std::optional<Record> decode_record_at(std::string_view octets, std::uint64_t generation) noexcept;

}  // namespace ringpost::queue
