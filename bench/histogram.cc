#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ringpost::bench {

namespace {

constexpr std::uint64_t steps = 1ULL << Histogram::step_bits;
// Below `steps` each value has its own bucket; from there each power of two has `steps` of them.
constexpr std::size_t bucket_count = steps * (1 + Histogram::value_bits - Histogram::step_bits);

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

std::size_t Histogram::bucket_of(std::uint64_t value) noexcept {
  if (value < steps) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - step_bits;
  return static_cast<std::size_t>((shift + 1) * steps + ((value >> shift) - steps));
}

std::uint64_t Histogram::highest_of(std::size_t bucket) noexcept {
  if (bucket < steps) return bucket;
  const auto shift = static_cast<unsigned>(bucket / steps - 1);
  return ((bucket % steps + steps + 1) << shift) - 1;
}

void Histogram::record(std::uint64_t value) noexcept {
  value = std::min(value, value_max);
  ++buckets_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::record(Duration value) noexcept {
  record(value.count() > 0 ? static_cast<std::uint64_t>(value.count()) : std::uint64_t{0});
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

std::uint64_t Histogram::quantile(double share) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size() && count_ > 0; ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) return std::min(highest_of(i), max_);
  }
  return max_;
}

}  // namespace ringpost::bench
