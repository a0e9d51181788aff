// CRC-32C (Castagnoli), the checksum of spool records and of bodies; by the processor's instruction where there is one.
// Source: RFC 3720 appendix B.4 (test values).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringpost {

/// Continues `seed`, the value of everything before: crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(std::string_view octets, std::uint32_t seed = 0) noexcept;

}  // namespace ringpost
