// Looks at 64 octets at once: bit i of a mask says something about octet i. What a scan does with the masks is then a
// few operations on integers per 64 octets, and the processor's vector unit is named in this file only. Without SSE2
// the same masks come from 64-bit arithmetic, eight octets at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace ringpost::mail {

struct OctetMasks {
  std::uint64_t cr = 0, lf = 0, dot = 0;
  bool any_nul = false;
  bool any_high = false;  // above 127
  bool operator==(const OctetMasks&) const = default;
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
  std::uint64_t nul = 0, high = 0;
  for (unsigned i = 0; i < mask_block_octets; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets + i, 8);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    masks.cr |= detail::zero_octets(word ^ (each * '\r')) << i;
    masks.lf |= detail::zero_octets(word ^ (each * '\n')) << i;
    masks.dot |= detail::zero_octets(word ^ (each * '.')) << i;
    nul |= detail::zero_octets(word);
    high |= word & (each << 7);
  }
  masks.any_nul = nul != 0;
  masks.any_high = high != 0;
  return masks;
}

// The ways to look. Each has `at(octets)` for mask_block_octets of them at any alignment, and is meant to be inlined
// into a scan: a call would hand the masks over by way of memory, for each block. The scan asks Avx2Look::possible()
// first, and has a copy of its loop for each answer.

struct PortableLook {
  static OctetMasks at(const char* octets) noexcept { return octet_masks_portable(octets); }
};

#if defined(__SSE2__)
struct Sse2Look {
  static OctetMasks at(const char* octets) noexcept {
    const auto* lanes = reinterpret_cast<const __m128i*>(octets);
    const __m128i a = _mm_loadu_si128(lanes), b = _mm_loadu_si128(lanes + 1);
    const __m128i c = _mm_loadu_si128(lanes + 2), d = _mm_loadu_si128(lanes + 3);
    const auto top_bits = [](__m128i lane) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(lane)));
    };
    const auto equal = [&](char octet) {
      const __m128i each = _mm_set1_epi8(octet);
      return top_bits(_mm_cmpeq_epi8(a, each)) | top_bits(_mm_cmpeq_epi8(b, each)) << 16 |
             top_bits(_mm_cmpeq_epi8(c, each)) << 32 | top_bits(_mm_cmpeq_epi8(d, each)) << 48;
    };
    const __m128i least = _mm_min_epu8(_mm_min_epu8(a, b), _mm_min_epu8(c, d));  // zero where any lane is
    const __m128i united = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
    return {equal('\r'), equal('\n'), equal('.'), top_bits(_mm_cmpeq_epi8(least, _mm_setzero_si128())) != 0,
            top_bits(united) != 0};
  }
};

struct Avx2Look {
  static bool possible() noexcept {
    static const bool answer = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    return answer;
  }
  [[gnu::target("avx2")]] static OctetMasks at(const char* octets) noexcept {
    const auto* lanes = reinterpret_cast<const __m256i*>(octets);
    const __m256i a = _mm256_loadu_si256(lanes), b = _mm256_loadu_si256(lanes + 1);
    const __m256i least = _mm256_min_epu8(a, b);
    return {equal(a, b, '\r'), equal(a, b, '\n'), equal(a, b, '.'),
            top_bits(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())) != 0, top_bits(_mm256_or_si256(a, b)) != 0};
  }

 private:
  [[gnu::target("avx2")]] static std::uint64_t top_bits(__m256i lane) noexcept {
    return static_cast<unsigned>(_mm256_movemask_epi8(lane));
  }
  [[gnu::target("avx2")]] static std::uint64_t equal(__m256i a, __m256i b, char octet) noexcept {
    const __m256i each = _mm256_set1_epi8(octet);
    return top_bits(_mm256_cmpeq_epi8(a, each)) | top_bits(_mm256_cmpeq_epi8(b, each)) << 32;
  }
};

using BaseLook = Sse2Look;
#else
using BaseLook = PortableLook;
#endif

/// The same for fewer octets: those behind them appear as spaces, of which no mask speaks.
template <class Look>
OctetMasks octet_masks_short(const char* octets, unsigned count) noexcept {
  char block[mask_block_octets];
  std::memset(block, ' ', sizeof block);
  std::memcpy(block, octets, count);
  return Look::at(block);
}

}  // namespace ringpost::mail
