// The definition of nearest neighbours: a double loop in float64 and a sort.  Slow and obviously
// right.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/data_type.h"
#include "core/matrix.h"
#include "core/top_k.h"

namespace kith {

inline double DistanceByDefinition(Metric metric, std::span<const float> a,
                                   std::span<const float> b) {
  double l2 = 0, dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    l2 += (x - y) * (x - y);
    dot += x * y, aa += x * x, bb += y * y;
  }
  if (metric == Metric::kL2) return l2;
  if (metric == Metric::kInnerProduct) return -dot;
  return aa > 0 && bb > 0 ? 1 - dot / (std::sqrt(aa) * std::sqrt(bb)) : 1;
}

// What rounding errors of a distance are relative to.
inline double SumOfTerms(Metric metric, std::span<const float> a, std::span<const float> b) {
  if (metric != Metric::kInnerProduct)
    return metric == Metric::kL2 ? DistanceByDefinition(metric, a, b) : 1;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(double{a[i]} * b[i]);
  return sum;
}

using ExactAnswer = std::vector<std::pair<double, std::uint32_t>>;  // nearest first

inline ExactAnswer AnswerByDefinition(Metric metric, std::span<const float> query,
                                      MatrixView<const float> base, std::size_t k) {
  ExactAnswer all;
  for (std::size_t r = 0; r < base.rows(); ++r) {
    all.emplace_back(DistanceByDefinition(metric, query, base.row(r)),
                     static_cast<std::uint32_t>(r));
  }
  std::sort(all.begin(), all.end());
  all.resize(std::min(k, all.size()));
  return all;
}

// Float64 sums of another order differ in their last bits, so rows of (nearly) equal distance may
// stand in another order; `exact_sums` says that no sum is rounded, then they may not.
inline void ExpectAnswer(std::span<const Neighbor> actual, const ExactAnswer& expected,
                         Metric metric, std::span<const float> query, MatrixView<const float> base,
                         bool exact_sums) {
  ASSERT_GE(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float rounded = static_cast<float>(expected[i].first);
    if (exact_sums || std::isinf(rounded)) {
      ASSERT_EQ(actual[i].id, expected[i].second) << "place " << i;
      ASSERT_EQ(actual[i].distance, rounded) << "place " << i;
      continue;
    }
    ASSERT_LT(actual[i].id, base.rows()) << "place " << i;
    const std::span<const float> row = base.row(actual[i].id);
    const double tolerance = 1e-12 * SumOfTerms(metric, query, row);
    ASSERT_NEAR(DistanceByDefinition(metric, query, row), expected[i].first, tolerance)
        << "place " << i << " id " << actual[i].id << " expected " << expected[i].second;
    const double rounding = std::abs(rounded) * 0x1p-23;
    ASSERT_NEAR(actual[i].distance, rounded, rounding + tolerance) << "place " << i;
  }
}

inline Matrix<float> RandomMatrix(std::size_t rows, std::size_t cols, unsigned seed,
                                  float scale = 1, float shift = 0) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Matrix<float> matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : matrix.row(r)) x = shift + scale * normal(generator);
  }
  return matrix;
}

// Small integers: every float64 sum is exact, and many distances are equal.
inline Matrix<float> RandomIntegers(std::size_t rows, std::size_t cols, int max, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> uniform(0, max);
  Matrix<float> matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : matrix.row(r)) x = static_cast<float>(uniform(generator));
  }
  return matrix;
}

}  // namespace kith
