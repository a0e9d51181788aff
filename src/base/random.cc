#include "base/random.h"

#include <sys/random.h>

#include <cstdio>
#include <random>

#include "base/assert.h"

namespace ringpost {

void random_octets(std::span<std::byte> out) noexcept {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto n = ::getrandom(out.data() + done, out.size() - done, 0);
    if (n > 0) done += static_cast<std::size_t>(n);
    RINGPOST_ASSERT(n > 0 || errno == EINTR);
  }
}

std::uint64_t random_u64() noexcept {
  // One system call feeds 64 ids: getrandom costs more than the rest of an id together.
  thread_local std::uint64_t pool[64];
  thread_local std::size_t left = 0;
  if (left == 0) {
    random_octets(std::as_writable_bytes(std::span(pool)));
    left = 64;
  }
  return pool[--left];
}

const std::string& process_token() {
  static const std::string token = [] {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random_u64()));
    return std::string(digits);
  }();
  return token;
}

double jitter(double low, double high) noexcept {
  thread_local std::minstd_rand generator(static_cast<std::uint32_t>(random_u64()));
  return std::uniform_real_distribution<double>(low, high)(generator);
}

}  // namespace ringpost
