#include "engine/jobs/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace kith {
namespace {

TEST(LatencyHistogramTest, EmptyGivesZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.mean_us(), 0);
  EXPECT_EQ(histogram.PercentileUs(0.5), 0);
}

TEST(LatencyHistogramTest, PercentilesAreWithinAFifthOfAPercentOfTheSortedList) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> latency_us(4, 1.5);
  std::vector<double> all(20001);
  LatencyHistogram histogram;
  double sum = 0;
  for (double& us : all) {
    us = latency_us(random);
    sum += us;
    histogram.Record(us);
  }
  std::ranges::sort(all);
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * 20001)) - 1;
    EXPECT_NEAR(histogram.PercentileUs(fraction), all[rank], all[rank] * 0.0021) << fraction;
  }
  EXPECT_NEAR(histogram.mean_us(), sum / 20001, 1e-6 * sum);
  EXPECT_EQ(histogram.max_us(), all.back());
}

TEST(LatencyHistogramTest, AddedHistogramsEqualOneThatSawEverything) {
  LatencyHistogram one, a, b;
  for (int i = 1; i <= 1000; ++i) {
    one.Record(i);
    (i % 3 == 0 ? a : b).Record(i);
  }
  a.Add(b);
  EXPECT_EQ(a.count(), one.count());
  EXPECT_DOUBLE_EQ(a.mean_us(), one.mean_us());
  for (const double fraction : {0.1, 0.5, 0.99}) {
    EXPECT_EQ(a.PercentileUs(fraction), one.PercentileUs(fraction));
  }
}

TEST(LatencyHistogramTest, ValuesBeyondTheRangeFallIntoTheOuterBuckets) {
  LatencyHistogram histogram;
  histogram.Record(-5);
  histogram.Record(0);
  histogram.Record(1e12);
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_LT(histogram.PercentileUs(0.5), 0.01);
  EXPECT_GT(histogram.PercentileUs(1), 1e9);
}

}  // namespace
}  // namespace kith
