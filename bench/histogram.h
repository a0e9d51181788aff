// Latencies as counts in log-linear buckets: 128 steps for each power of two, so a quantile is at most 0.8 % above the
// truth, in 36 KiB however many values there were. Values are nanoseconds up to 73 minutes; longer ones count as that.
// One thread each; merged at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace ringpost::bench {

class Histogram {
 public:
  static constexpr unsigned step_bits = 7;
  static constexpr unsigned value_bits = 42;
  static constexpr std::uint64_t value_max = (1ULL << value_bits) - 1;

  Histogram();

  void record(std::uint64_t value) noexcept;
  /// A negative time, of clocks read in the wrong order, counts as none.
  void record(Duration value) noexcept;
  void merge(const Histogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  /// The value that `share` (0 to 1) of all do not exceed; never above max(); 0 when empty.
  std::uint64_t quantile(double share) const noexcept;

 private:
  static std::size_t bucket_of(std::uint64_t value) noexcept;
  static std::uint64_t highest_of(std::size_t bucket) noexcept;

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace ringpost::bench
