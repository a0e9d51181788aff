// The grammar of a spool log, octet by octet (all integers little-endian):
//
//   segment  = header record*
//   header   = magic "RPSPOOL1" (8)  log (2)  zero (6)  sequence (8)  generation (8)  crc32c of the 32 octets before (4)  zero (28)
//   record   = crc32c (4)  length (4)  generation (8)  type (1)  zero (7)  payload (length)  padding to 8 octets
//
// The checksum covers everything of the record behind itself except the padding. `generation` is the segment's: what an
// earlier life of the file left behind is recognised and ends the reading. A record without a valid checksum, and all
// after it, was never acknowledged. A record never straddles segments.
//
//   chunk          body octets of one upload
//   accept         encode_message(): envelope, prefix, extents of the body
//   attempt_begun  message id (16), then recipient indexes
//   attempt_ended  encode_outcome()
//   cancelled      message id (16): its accept was refused (failed sync) though it may be readable
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

struct RecordHeader {
  std::uint32_t crc = 0;
  std::uint32_t length = 0;
  std::uint64_t generation = 0;
  RecordType type = RecordType::chunk;
};

/// Header for a payload whose CRC-32C is `payload_crc`, so that a payload in slices is read once only.
void encode_record_header(RecordType type, std::uint32_t length, std::uint64_t generation, std::string_view const* payload,
                          std::size_t payload_pieces, char (&out)[record_header_octets]) noexcept;
constexpr std::uint64_t record_octets(std::uint64_t payload_octets) noexcept {
  const std::uint64_t whole = record_header_octets + payload_octets;
  return (whole + record_alignment_octets - 1) / record_alignment_octets * record_alignment_octets;
}

struct Record {
  RecordType type = RecordType::chunk;
  std::string_view payload;
  std::uint32_t octets = 0;  // with header and padding
};
/// The record at the start of `octets` if it is whole, of this generation and its checksum holds; else nullopt, which is the
/// end of the log.
std::optional<Record> decode_record_at(std::string_view octets, std::uint64_t generation) noexcept;

}  // namespace ringpost::queue
