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

// The ways to look. Each has `at(octets)` for mask_block_octets of them at any alignment, and gathers over all blocks
// that it was told to `gather` whether any octet was NUL, or above 127. They are meant to be inlined into a scan: a
// call would hand the masks over by way of memory, for each block. The scan asks which ones are possible(), and has a
// copy of its loop for each.

/// The only way where there is no SSE2, and what the tests hold the others against.
class PortableLook {
 public:
  static OctetMasks at(const char* octets) noexcept {
    OctetMasks masks;
    for (unsigned i = 0; i < mask_block_octets; i += 8) {
      const std::uint64_t word = word_at(octets + i);
      masks.cr |= detail::zero_octets(word ^ (each * '\r')) << i;
      masks.lf |= detail::zero_octets(word ^ (each * '\n')) << i;
      masks.dot |= detail::zero_octets(word ^ (each * '.')) << i;
    }
    return masks;
  }
  void gather(const char* octets) noexcept {
    for (unsigned i = 0; i < mask_block_octets; i += 8) {
      const std::uint64_t word = word_at(octets + i);
      nul_ |= detail::zero_octets(word);
      high_ |= word & (each << 7);
    }
  }
  bool any_nul() const noexcept { return nul_ != 0; }
  bool any_high() const noexcept { return high_ != 0; }

 private:
  static constexpr std::uint64_t each = 0x0101010101010101ULL;
  static std::uint64_t word_at(const char* octets) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, octets, 8);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    return word;
  }
  std::uint64_t nul_ = 0, high_ = 0;
};

#if defined(__SSE2__)
class Sse2Look {
 public:
  static OctetMasks at(const char* octets) noexcept {
    const auto* lanes = reinterpret_cast<const __m128i*>(octets);
    const __m128i a = _mm_loadu_si128(lanes), b = _mm_loadu_si128(lanes + 1);
    const __m128i c = _mm_loadu_si128(lanes + 2), d = _mm_loadu_si128(lanes + 3);
    const auto equal = [&](char octet) {
      const __m128i each = _mm_set1_epi8(octet);
      return top_bits(_mm_cmpeq_epi8(a, each)) | top_bits(_mm_cmpeq_epi8(b, each)) << 16 |
             top_bits(_mm_cmpeq_epi8(c, each)) << 32 | top_bits(_mm_cmpeq_epi8(d, each)) << 48;
    };
    return {equal('\r'), equal('\n'), equal('.')};
  }
  void gather(const char* octets) noexcept {
    const auto* lanes = reinterpret_cast<const __m128i*>(octets);
    for (int i = 0; i < 4; ++i) {
      const __m128i lane = _mm_loadu_si128(lanes + i);
      least_ = _mm_min_epu8(least_, lane);
      united_ = _mm_or_si128(united_, lane);
    }
  }
  bool any_nul() const noexcept { return top_bits(_mm_cmpeq_epi8(least_, _mm_setzero_si128())) != 0; }
  bool any_high() const noexcept { return top_bits(united_) != 0; }

 private:
  static std::uint64_t top_bits(__m128i lane) noexcept {
    return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(lane)));
  }
  __m128i least_ = _mm_set1_epi8('\xff');  // zero where an octet was
  __m128i united_ = _mm_setzero_si128();
};

#define RINGPOST_AVX2 [[gnu::target("avx2,bmi")]]
class Avx2Look {
 public:
  static bool possible() noexcept {
    static const bool answer = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    return answer;
  }
  RINGPOST_AVX2 Avx2Look() noexcept : least_(_mm256_set1_epi8('\xff')), united_(_mm256_setzero_si256()) {}
  RINGPOST_AVX2 static OctetMasks at(const char* octets) noexcept {
    const auto* lanes = reinterpret_cast<const __m256i*>(octets);
    const __m256i a = _mm256_loadu_si256(lanes), b = _mm256_loadu_si256(lanes + 1);
    return {equal(a, b, '\r'), equal(a, b, '\n'), equal(a, b, '.')};
  }
  RINGPOST_AVX2 void gather(const char* octets) noexcept {
    const auto* lanes = reinterpret_cast<const __m256i*>(octets);
    const __m256i a = _mm256_loadu_si256(lanes), b = _mm256_loadu_si256(lanes + 1);
    least_ = _mm256_min_epu8(least_, _mm256_min_epu8(a, b));
    united_ = _mm256_or_si256(united_, _mm256_or_si256(a, b));
  }
  RINGPOST_AVX2 bool any_nul() const noexcept {
    return top_bits(_mm256_cmpeq_epi8(least_, _mm256_setzero_si256())) != 0;
  }
  RINGPOST_AVX2 bool any_high() const noexcept { return top_bits(united_) != 0; }

 private:
  RINGPOST_AVX2 static std::uint64_t top_bits(__m256i lane) noexcept {
    return static_cast<unsigned>(_mm256_movemask_epi8(lane));
  }
  RINGPOST_AVX2 static std::uint64_t equal(__m256i a, __m256i b, char octet) noexcept {
    const __m256i each = _mm256_set1_epi8(octet);
    return top_bits(_mm256_cmpeq_epi8(a, each)) | top_bits(_mm256_cmpeq_epi8(b, each)) << 32;
  }
  __m256i least_, united_;
};
#undef RINGPOST_AVX2

/// All 64 at once; a comparison is a mask already.
#define RINGPOST_AVX512 [[gnu::target("avx512bw,bmi")]]
class Avx512Look {
 public:
  static bool possible() noexcept {
    static const bool answer = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi");
    return answer;
  }
  RINGPOST_AVX512 Avx512Look() noexcept : least_(_mm512_set1_epi8('\xff')), united_(_mm512_setzero_si512()) {}
  RINGPOST_AVX512 static OctetMasks at(const char* octets) noexcept {
    const __m512i all = _mm512_loadu_si512(octets);
    return {equal(all, '\r'), equal(all, '\n'), equal(all, '.')};
  }
  RINGPOST_AVX512 void gather(const char* octets) noexcept {
    const __m512i all = _mm512_loadu_si512(octets);
    least_ = _mm512_min_epu8(least_, all);
    united_ = _mm512_or_si512(united_, all);
  }
  RINGPOST_AVX512 bool any_nul() const noexcept { return _mm512_testn_epi8_mask(least_, least_) != 0; }
  RINGPOST_AVX512 bool any_high() const noexcept { return _mm512_movepi8_mask(united_) != 0; }

 private:
  RINGPOST_AVX512 static std::uint64_t equal(__m512i all, char octet) noexcept {
    return _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8(octet));
  }
  __m512i least_, united_;
};
#undef RINGPOST_AVX512

using BaseLook = Sse2Look;
#else
using BaseLook = PortableLook;
#endif

/// A block of fewer octets: those behind them are spaces, of which no mask speaks.
class ShortBlock {
 public:
  ShortBlock(const char* octets, unsigned count) noexcept {
    std::memset(block_, ' ', sizeof block_);
    std::memcpy(block_, octets, count);
  }
  const char* data() const noexcept { return block_; }

 private:
  char block_[mask_block_octets];
};

}  // namespace ringpost::mail
