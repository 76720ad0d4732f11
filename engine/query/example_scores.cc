#include "engine/query/example_scores.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "core/distance.h"

namespace kith {
namespace {

std::vector<double> Mean(std::span<const std::vector<float>> vectors, std::size_t size) {
  std::vector<double> mean(size);
  for (const std::vector<float>& vector : vectors) {
    assert(vector.size() == size);
    for (std::size_t i = 0; i < size; ++i) mean[i] += vector[i];
  }
  for (double& x : mean) x /= static_cast<double>(vectors.size());
  return mean;
}

float Largest(std::span<const float> values) {
  float largest = -std::numeric_limits<float>::infinity();
  for (const float value : values) largest = std::max(largest, value);
  return largest;
}

}  // namespace

float Similarity(Metric metric, std::span<const float> a, std::span<const float> b) {
  assert(a.size() == b.size());
  if (metric == Metric::kL2) return -SquaredL2(a.data(), b.data(), a.size());
  return -NegativeDot(a.data(), b.data(), a.size());
}

float ScoreOfSimilarity(Metric metric, float similarity) {
  return metric == Metric::kL2 ? std::sqrt(std::max(-similarity, 0.0F)) : similarity;
}

float FastSigmoid(float x) {
  return std::isinf(x) ? std::copysign(1.0F, x) : x / (1 + std::abs(x));
}

float ScaledSigmoid(float x) { return (FastSigmoid(x) + 1) / 2; }

float BestScore(std::span<const float> positive, std::span<const float> negative) {
  const float p = Largest(positive), n = Largest(negative);
  return p > n ? ScaledSigmoid(p) : -ScaledSigmoid(n);
}

float SumScores(std::span<const float> positive, std::span<const float> negative) {
  float sum = 0;
  for (const float s : positive) sum += s;
  for (const float s : negative) sum -= s;
  return sum;
}

float ContextScore(std::span<const PairSimilarities> pairs) {
  float sum = 0;
  for (const auto& [positive, negative] : pairs) {
    const float difference = positive - negative - std::numeric_limits<float>::epsilon();
    sum += FastSigmoid(std::min(difference, 0.0F));
  }
  return sum;
}

float DiscoverScore(float target, std::span<const PairSimilarities> pairs) {
  int rank = 0;
  for (const auto& [positive, negative] : pairs) {
    rank += static_cast<int>(positive > negative) - static_cast<int>(positive < negative);
  }
  return static_cast<float>(rank) + ScaledSigmoid(target);
}

std::vector<float> AverageVector(std::span<const std::vector<float>> positive,
                                 std::span<const std::vector<float>> negative) {
  assert(!positive.empty());
  const std::size_t size = positive[0].size();
  const std::vector<double> mean = Mean(positive, size);
  std::vector<float> average(size);
  if (negative.empty()) {
    for (std::size_t i = 0; i < size; ++i) average[i] = static_cast<float>(mean[i]);
    return average;
  }
  const std::vector<double> away = Mean(negative, size);
  for (std::size_t i = 0; i < size; ++i) average[i] = static_cast<float>(2 * mean[i] - away[i]);
  return average;
}

}  // namespace kith
