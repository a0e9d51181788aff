#include "queue/record.h"

#include <bit>
#include <cstring>

#include "base/crc32c.h"

namespace ringpost::queue {

namespace {

constexpr std::string_view segment_magic = "RPSPOOL1";
constexpr std::size_t segment_crc_offset = 32;

template <class Integer>
void store(char* at, Integer value) noexcept {
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  std::memcpy(at, &value, sizeof value);
}

template <class Integer>
Integer load(const char* at) noexcept {
  Integer value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  return value;
}

bool is_known(std::uint8_t type) noexcept {
  return type >= static_cast<std::uint8_t>(RecordType::chunk) &&
         type <= static_cast<std::uint8_t>(RecordType::cancelled);
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string octets(segment_header_octets, '\0');
  std::memcpy(octets.data(), segment_magic.data(), segment_magic.size());
  store<std::uint16_t>(octets.data() + 8, header.log);
  store<std::uint64_t>(octets.data() + 16, header.sequence);
  store<std::uint64_t>(octets.data() + 24, header.generation);
  store<std::uint32_t>(octets.data() + segment_crc_offset,
                       crc32c(std::string_view(octets).substr(0, segment_crc_offset)));
  return octets;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view octets) noexcept {
  if (octets.size() < segment_header_octets || !octets.starts_with(segment_magic)) return std::nullopt;
  if (load<std::uint32_t>(octets.data() + segment_crc_offset) != crc32c(octets.substr(0, segment_crc_offset))) {
    return std::nullopt;
  }
  SegmentHeader header;
  header.log = load<std::uint16_t>(octets.data() + 8);
  header.sequence = load<std::uint64_t>(octets.data() + 16);
  header.generation = load<std::uint64_t>(octets.data() + 24);
  if (header.sequence == 0) return std::nullopt;
  return header;
}

void encode_record_header(RecordType type, std::uint32_t length, std::uint32_t payload_crc, std::uint64_t generation,
                          char* out) noexcept {
  store(out + 4, length);
  store(out + 8, generation);
  store(out + 16, std::uint64_t{static_cast<std::uint8_t>(type)});  // the type, then seven zeros
  store(out, crc32c(std::string_view(out + 4, record_header_octets - 4), payload_crc));
}

std::optional<Record> decode_record_at(std::string_view octets, std::uint64_t generation) noexcept {
  if (octets.size() < record_header_octets) return std::nullopt;
  const std::uint32_t length = load<std::uint32_t>(octets.data() + 4);
  if (length > octets.size() - record_header_octets || load<std::uint64_t>(octets.data() + 8) != generation) {
    return std::nullopt;
  }
  const std::uint64_t type = load<std::uint64_t>(octets.data() + 16);
  if (type > 0xff || !is_known(static_cast<std::uint8_t>(type))) return std::nullopt;
  const std::string_view payload = octets.substr(record_header_octets, length);
  const std::uint32_t crc = crc32c(octets.substr(4, record_header_octets - 4), crc32c(payload));
  if (crc != load<std::uint32_t>(octets.data())) return std::nullopt;
  return Record{static_cast<RecordType>(type), payload, static_cast<std::uint32_t>(record_octets(length))};
}

}  // namespace ringpost::queue
