#include "queue/record.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"

namespace ringpost::queue {
namespace {

std::string record_of(RecordType type, std::string_view payload, std::uint64_t generation) {
  std::string octets(record_header_octets, '\0');
  encode_record_header(type, static_cast<std::uint32_t>(payload.size()), crc32c(payload), generation, octets.data());
  octets.append(payload);
  octets.resize(record_octets(payload.size()));
  return octets;
}

TEST(Record, WhatWasEncodedIsDecoded) {
  const std::string octets = record_of(RecordType::accept, "hello", 7) + "behind it";
  const auto record = decode_record_at(octets, 7);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->type, RecordType::accept);
  EXPECT_EQ(record->payload, "hello");
  EXPECT_EQ(record->octets, 32U);
}

TEST(Record, AnEmptyPayloadIsARecord) {
  const std::string octets = record_of(RecordType::cancelled, "", 1);
  const auto record = decode_record_at(octets, 1);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->octets, record_header_octets);
}

TEST(Record, AnotherGenerationIsNotRead) {
  EXPECT_FALSE(decode_record_at(record_of(RecordType::chunk, "old octets", 7), 8).has_value());
}

TEST(Record, AnyChangedBitButThePaddingIsNoticed) {
  const std::string payload = "payload of eleven";
  const std::string octets = record_of(RecordType::chunk, payload, 3);
  for (std::size_t i = 0; i < record_header_octets + payload.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = octets;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(decode_record_at(changed, 3).has_value()) << "octet " << i << " bit " << bit;
    }
  }
}

TEST(Record, ACutRecordIsNotRead) {
  const std::string octets = record_of(RecordType::chunk, "12345678", 3);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    EXPECT_FALSE(decode_record_at(std::string_view(octets).substr(0, n), 3).has_value()) << n;
  }
}

TEST(Record, ZerosAreNoRecord) {
  EXPECT_FALSE(decode_record_at(std::string(4096, '\0'), 0).has_value());
  EXPECT_FALSE(decode_record_at(std::string(4096, '\0'), 1).has_value());
}

TEST(SegmentHeader, WhatWasEncodedIsDecoded) {
  const std::string octets = encode_segment_header({.log = 3, .sequence = 9, .generation = 77});
  EXPECT_EQ(octets.size(), segment_header_octets);
  const auto header = decode_segment_header(octets);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->log, 3);
  EXPECT_EQ(header->sequence, 9U);
  EXPECT_EQ(header->generation, 77U);
}

TEST(SegmentHeader, AnyChangedOctetThatCountsIsNoticed) {
  const std::string octets = encode_segment_header({.log = 3, .sequence = 9, .generation = 77});
  for (std::size_t i = 0; i < 36; ++i) {
    std::string changed = octets;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(decode_segment_header(changed).has_value()) << i;
  }
}

}  // namespace
}  // namespace ringpost::queue
