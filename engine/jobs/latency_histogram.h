// Latencies of any number of calls in 80 KB: counts in buckets 0.4 % wide.
//
// A bucket holds the durations that share exponent and upper 8 mantissa bits as float32
// microseconds, so a percentile is within 0.2 % of the true one; mean and extremes are exact.
// Thread-compatible: one a thread, added up at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kith {

class LatencyHistogram {
 public:
  LatencyHistogram();

  void Record(double us);  // negative counts as 0
  void Add(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  double mean_us() const;  // 0 when empty
  double max_us() const { return max_us_; }
  // The smallest recorded latency that at least `fraction` of all do not exceed, to 0.2 %.
  // 0 when empty.  REQUIRES: 0 < fraction <= 1.
  double PercentileUs(double fraction) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_us_ = 0, max_us_ = 0;
};

}  // namespace kith
