#include "engine/jobs/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace kith {
namespace {

constexpr float kUsMin = 0x1p-10f;  // about a nanosecond; everything below shares bucket 0
constexpr float kUsMax = 0x1p30f;   // about 18 minutes; everything above shares the last
constexpr int kDroppedBits = 23 - 8;
constexpr std::uint32_t kFirst = std::bit_cast<std::uint32_t>(kUsMin) >> kDroppedBits;
constexpr std::uint32_t kLast = std::bit_cast<std::uint32_t>(kUsMax) >> kDroppedBits;

std::size_t BucketOf(double us) {
  const float clamped = std::clamp(static_cast<float>(us), kUsMin, kUsMax);
  return (std::bit_cast<std::uint32_t>(clamped) >> kDroppedBits) - kFirst;
}

double MiddleOf(std::size_t bucket) {
  const auto edge = [](std::size_t b) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(b + kFirst) << kDroppedBits);
  };
  return (static_cast<double>(edge(bucket)) + static_cast<double>(edge(bucket + 1))) / 2;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(kLast - kFirst + 1) {}

void LatencyHistogram::Record(double us) {
  us = std::max(us, 0.0);
  ++buckets_[BucketOf(us)];
  ++count_;
  sum_us_ += us;
  max_us_ = std::max(max_us_, us);
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  for (std::size_t b = 0; b < buckets_.size(); ++b) buckets_[b] += other.buckets_[b];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
  max_us_ = std::max(max_us_, other.max_us_);
}

double LatencyHistogram::mean_us() const {
  return count_ == 0 ? 0 : sum_us_ / static_cast<double>(count_);
}

double LatencyHistogram::PercentileUs(double fraction) const {
  assert(fraction > 0 && fraction <= 1);
  if (count_ == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
  std::uint64_t passed = 0;
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    passed += buckets_[b];
    if (passed >= rank) return std::min(MiddleOf(b), max_us_);
  }
  return max_us_;
}

}  // namespace kith
