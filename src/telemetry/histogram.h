// A histogram over fixed, log-linear bounds (1-2-5 per decade, or powers of two), with one writer: the thread whose
// counters it belongs to. Any thread may read.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace ringpost::telemetry {

/// A number only its own thread changes (so no locked instruction) and any thread reads.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }
  void merge(const Counter& other) noexcept { add(other.value()); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Nanoseconds, 50 us to 500,000 s (most of six days: the time a message may queue).
struct SecondsScale {
  static constexpr double unit = 1e-9;
  static constexpr auto bounds = [] {
    std::array<std::uint64_t, 31> out{};
    std::uint64_t decade = 10'000;
    out[0] = 5 * decade;
    for (std::size_t i = 1; i < out.size(); i += 3) {
      decade *= 10;
      out[i] = decade;
      out[i + 1] = 2 * decade;
      out[i + 2] = 5 * decade;
    }
    return out;
  }();
};

/// 1, 2, 4 ... 4096.
struct CountScale {
  static constexpr double unit = 1;
  static constexpr auto bounds = [] {
    std::array<std::uint64_t, 13> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = 1ULL << i;
    return out;
  }();
};

template <class Scale>
class Histogram {
 public:
  static constexpr std::size_t bucket_count = Scale::bounds.size() + 1;  // the last one has no upper bound

  void record(std::uint64_t value) noexcept {
    const auto bucket = std::ranges::lower_bound(Scale::bounds, value) - Scale::bounds.begin();
    buckets_[static_cast<std::size_t>(bucket)].add();
    sum_.add(value);
  }
  void record(Duration value) noexcept {
    record(value.count() > 0 ? static_cast<std::uint64_t>(value.count()) : std::uint64_t{0});
  }
  std::uint64_t bucket(std::size_t index) const noexcept { return buckets_[index].value(); }
  double sum() const noexcept { return static_cast<double>(sum_.value()) * Scale::unit; }
  void merge(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i].merge(other.buckets_[i]);
    sum_.merge(other.sum_);
  }

 private:
  std::array<Counter, bucket_count> buckets_;
  Counter sum_;
};

}  // namespace ringpost::telemetry
