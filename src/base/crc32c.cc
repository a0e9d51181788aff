#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace ringpost {

#if defined(__SSE4_2__) || defined(__ARM_FEATURE_CRC32)

namespace {

inline std::uint32_t step8(std::uint32_t crc, std::uint64_t word) noexcept {
#if defined(__SSE4_2__)
  return static_cast<std::uint32_t>(_mm_crc32_u64(crc, word));
#else
  return __crc32cd(crc, word);
#endif
}

inline std::uint32_t step1(std::uint32_t crc, unsigned char octet) noexcept {
#if defined(__SSE4_2__)
  return _mm_crc32_u8(crc, octet);
#else
  return __crc32cb(crc, octet);
#endif
}

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  const char* p = octets.data();
  std::size_t n = octets.size();
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    crc = step8(crc, word);
  }
  for (; n > 0; ++p, --n) crc = step1(crc, static_cast<unsigned char>(*p));
  return ~crc;
}

#else

namespace {

constexpr std::array<std::uint32_t, 256> make_table() noexcept {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}
constexpr auto table = make_table();

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  for (const char c : octets) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

#endif

}  // namespace ringpost
