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

inline std::uint64_t word_at(const char* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

// The instruction takes three cycles, but one can be begun in every cycle: three stretches that lie side by side are
// summed up together, as if each were the first, and joined afterwards. Joining means to move a sum over as many zeros
// as the stretch behind it has octets, which is linear over GF(2): a matrix, kept as a table for each octet of the sum.
using Matrix = std::array<std::uint32_t, 32>;
using Shift = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr std::uint32_t times(const Matrix& matrix, std::uint32_t vector) noexcept {
  std::uint32_t sum = 0;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((vector >> bit & 1) != 0) sum ^= matrix[bit];
  }
  return sum;
}

/// Over 2^`bits_log2` zero bits.
constexpr Shift make_shift(unsigned bits_log2) noexcept {
  Matrix matrix{0x82f63b78U};
  for (unsigned bit = 1; bit < 32; ++bit) matrix[bit] = 1U << (bit - 1);
  for (; bits_log2 > 0; --bits_log2) {
    Matrix square{};
    for (unsigned bit = 0; bit < 32; ++bit) square[bit] = times(matrix, matrix[bit]);
    matrix = square;
  }
  Shift shift{};
  for (unsigned octet = 0; octet < 4; ++octet) {
    for (std::uint32_t value = 0; value < 256; ++value) shift[octet][value] = times(matrix, value << (8 * octet));
  }
  return shift;
}

template <unsigned octets_log2>
void join_stretches(std::uint32_t& crc, const char*& p, std::size_t& n) noexcept {
  static constexpr Shift shift = make_shift(octets_log2 + 3);
  const auto move = [](std::uint32_t sum) noexcept {
    return shift[0][sum & 0xff] ^ shift[1][sum >> 8 & 0xff] ^ shift[2][sum >> 16 & 0xff] ^ shift[3][sum >> 24];
  };
  constexpr std::size_t stretch = std::size_t{1} << octets_log2;
  for (; n >= 3 * stretch; p += 3 * stretch, n -= 3 * stretch) {
    std::uint32_t second = 0;
    std::uint32_t third = 0;
    for (std::size_t i = 0; i < stretch; i += 8) {
      crc = step8(crc, word_at(p + i));
      second = step8(second, word_at(p + i + stretch));
      third = step8(third, word_at(p + i + 2 * stretch));
    }
    crc = move(move(crc) ^ second) ^ third;
  }
}

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  const char* p = octets.data();
  std::size_t n = octets.size();
  join_stretches<10>(crc, p, n);
  join_stretches<7>(crc, p, n);
  for (; n >= 8; p += 8, n -= 8) crc = step8(crc, word_at(p));
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
