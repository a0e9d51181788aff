#include "bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace ringpost::bench {
namespace {

TEST(Histogram, AnEmptyOneHasNoQuantiles) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile(0.99), 0U);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(Histogram, SmallValuesAreExact) {
  for (std::uint64_t value = 0; value < 128; ++value) {
    Histogram histogram;
    histogram.record(value);
    EXPECT_EQ(histogram.quantile(0.5), value);
  }
}

TEST(Histogram, QuantilesAreNeverBelowTheTruthAndAtMostOnePercentAbove) {
  std::mt19937_64 random(42);
  for (const double spread : {1.0, 3.0, 8.0}) {
    std::vector<std::uint64_t> values;
    Histogram histogram;
    std::lognormal_distribution<double> distribution(10, spread / 3);
    for (int i = 0; i < 20'000; ++i) {
      values.push_back(static_cast<std::uint64_t>(distribution(random)));
      histogram.record(values.back());
    }
    std::ranges::sort(values);
    for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
      const std::uint64_t got = histogram.quantile(share);
      EXPECT_GE(got, values[rank]) << share;
      EXPECT_LE(static_cast<double>(got), static_cast<double>(values[rank]) * 1.01 + 1) << share;
    }
    EXPECT_EQ(histogram.max(), values.back());
  }
}

TEST(Histogram, EachPowerOfTwoKeepsTheErrorBound) {
  for (unsigned bit = 0; bit < Histogram::value_bits; ++bit) {
    for (const std::uint64_t value : {(1ULL << bit) - 1, 1ULL << bit, (1ULL << bit) + 1}) {
      Histogram histogram;
      histogram.record(value);
      histogram.record(Histogram::value_max);  // so that the maximum does not hide the edge of the bucket
      const std::uint64_t got = histogram.quantile(0.5);
      EXPECT_GE(got, value);
      EXPECT_LE(static_cast<double>(got), static_cast<double>(value) * 1.01);
    }
  }
}

TEST(Histogram, MergedOnesAreAsIfAllHadBeenRecordedInOne) {
  Histogram all, left, right;
  for (std::uint64_t i = 1; i < 5000; ++i) {
    all.record(i * i);
    (i % 3 == 0 ? left : right).record(i * i);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), all.count());
  EXPECT_EQ(left.max(), all.max());
  EXPECT_DOUBLE_EQ(left.mean(), all.mean());
  for (const double share : {0.1, 0.5, 0.99}) EXPECT_EQ(left.quantile(share), all.quantile(share));
}

TEST(Histogram, ValuesBeyondTheEndCountAsTheLongest) {
  Histogram histogram;
  histogram.record(~0ULL);
  histogram.record(Duration(-5));
  EXPECT_EQ(histogram.max(), Histogram::value_max);
  EXPECT_EQ(histogram.quantile(0.1), 0U);
}

}  // namespace
}  // namespace ringpost::bench
