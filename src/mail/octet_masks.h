// Looks at 64 octets at once: bit i of a mask says something about octet i. What a scan does with the masks is then a
// few operations on integers per 64 octets, and the processor's vector unit is named in this file only. Without SSE2
// the same masks come from 64-bit arithmetic, eight octets at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ringpost::mail {

struct OctetMasks {
  std::uint64_t cr = 0, lf = 0, dot = 0, nul = 0, high = 0;  // high: above 127
};

inline constexpr unsigned mask_block_octets = 64;

namespace detail {

/// One bit for each octet of `word` that is zero; exact (no borrow runs into the neighbour).
constexpr std::uint64_t zero_octets(std::uint64_t word) noexcept {
  constexpr std::uint64_t low_seven = 0x7f7f7f7f7f7f7f7fULL;
  const std::uint64_t tops = ~(((word & low_seven) + low_seven) | word | low_seven);
  return ((tops >> 7) * 0x0102040810204080ULL) >> 56;
}

}  // namespace detail

/// The portable way; the only way where there is no SSE2, and what the tests hold the other one against.
inline OctetMasks octet_masks_portable(const char* octets) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101ULL;
  OctetMasks masks;
  for (unsigned i = 0; i < mask_block_octets; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets + i, 8);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    masks.cr |= detail::zero_octets(word ^ (each * '\r')) << i;
    masks.lf |= detail::zero_octets(word ^ (each * '\n')) << i;
    masks.dot |= detail::zero_octets(word ^ (each * '.')) << i;
    masks.nul |= detail::zero_octets(word) << i;
    masks.high |= (((word & (each << 7)) >> 7) * 0x0102040810204080ULL >> 56) << i;
  }
  return masks;
}

/// `octets` has mask_block_octets of them, at any alignment.
inline OctetMasks octet_masks(const char* octets) noexcept {
#if defined(__SSE2__)
  const auto equal = [](__m128i lane, char c) {
    return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(lane, _mm_set1_epi8(c)))));
  };
  OctetMasks masks;
  for (unsigned i = 0; i < mask_block_octets; i += 16) {
    const __m128i lane = _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets + i));
    masks.cr |= equal(lane, '\r') << i;
    masks.lf |= equal(lane, '\n') << i;
    masks.dot |= equal(lane, '.') << i;
    masks.nul |= equal(lane, '\0') << i;
    masks.high |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(lane))) << i;
  }
  return masks;
#else
  return octet_masks_portable(octets);
#endif
}

/// The same for fewer octets: those behind them appear as spaces, of which no mask speaks.
inline OctetMasks octet_masks_short(const char* octets, unsigned count) noexcept {
  char block[mask_block_octets];
  std::memset(block, ' ', sizeof block);
  std::memcpy(block, octets, count);
  return octet_masks(block);
}

}  // namespace ringpost::mail
