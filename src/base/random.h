// Random octets from the kernel (ids, boundaries) and a fast generator for jitter, which nothing secret rests on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ringpost {

/// From getrandom(2); cannot fail after boot.
void random_octets(std::span<std::byte> out) noexcept;
std::uint64_t random_u64() noexcept;

/// 16 hexadecimal digits by which this process knows itself again when it meets itself over the network.
const std::string& process_token();

/// Uniform in [low, high] by a per-thread xoshiro generator. Not for secrets.
double jitter(double low, double high) noexcept;

}  // namespace ringpost
