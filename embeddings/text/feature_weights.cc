#include "embeddings/text/feature_weights.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <numbers>

namespace kith {
namespace {

// Positions scanned for a feature; two cache lines of ids.
constexpr std::size_t kFeaturesABucket = 12;

double Idf(double count, double documents) { return NaturalLog((documents + 1) / (count + 0.5)); }

}  // namespace

double NaturalLog(double x) {
  assert(x > 0);
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < std::numbers::sqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  // 2 atanh(s), whose series converges by 0.0295 a term.
  const double s = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int odd = 23; odd > 0; odd -= 2) sum = sum * (s * s) + 1.0 / odd;
  return exponent * std::numbers::ln2 + 2 * s * sum;
}

double QuarterPower(double x, unsigned quarters) {
  assert(x >= 0 && quarters >= 1 && quarters <= 8);
  const double half = std::sqrt(x);
  double power = 1;
  if (quarters & 8) power *= x * x;
  if (quarters & 4) power *= x;
  if (quarters & 2) power *= half;
  if (quarters & 1) power *= std::sqrt(half);
  return power;
}

FeatureWeights::FeatureWeights(std::vector<std::uint64_t> features,
                               std::vector<std::uint32_t> counts, std::uint64_t documents,
                               unsigned idf_quarters)
    : features_(std::move(features)), counts_(std::move(counts)) {
  assert(features_.size() == counts_.size() && documents > 0);
  const auto all = static_cast<double>(documents);
  weights_.reserve(counts_.size());
  for (const std::uint32_t count : counts_) {
    weights_.push_back(static_cast<float>(QuarterPower(Idf(count, all), idf_quarters)));
  }
  unknown_ = static_cast<float>(QuarterPower(Idf(0, all), idf_quarters));

  const auto bits = std::bit_width(features_.size() / kFeaturesABucket);
  shift_ = 63 - static_cast<unsigned>(bits);  // bits + 1 high bits
  starts_.resize((std::size_t{2} << bits) + 1);
  std::size_t position = 0;
  for (std::size_t bucket = 0; bucket < starts_.size(); ++bucket) {
    while (position < features_.size() && features_[position] >> shift_ < bucket) ++position;
    starts_[bucket] = static_cast<std::uint32_t>(position);
  }
}

float FeatureWeights::Find(std::uint64_t feature) const {
  if (starts_.empty()) return 0;
  const std::size_t bucket = feature >> shift_;
  const std::size_t last = starts_[bucket + 1];
  for (std::size_t i = starts_[bucket]; i < last; ++i) {
    if (features_[i] >= feature) return features_[i] == feature ? weights_[i] : 0.0f;
  }
  return 0;
}

}  // namespace kith
