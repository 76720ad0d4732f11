#include "embeddings/text/sparse_projection.h"

#include <cmath>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

constexpr std::uint32_t kColumns = 512;

// The projection of a sum of weighted features.
std::vector<double> Project(const std::vector<std::pair<std::uint64_t, float>>& features,
                            std::uint64_t seed) {
  std::vector<double> sums(kColumns);
  for (const auto& [feature, weight] : features) {
    for (const ScaledRow& entry : ProjectFeature(seed, feature, kColumns, weight)) {
      sums[entry.row] += entry.scale;
    }
  }
  return sums;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

TEST(SparseProjectionTest, EntriesComeFromTheWordsOfPhilox) {
  const auto words = Philox(11, 0, 0x123456789abcdef0);
  const auto entries = ProjectFeature(11, 0x123456789abcdef0, 1000, 6.0f);
  for (std::size_t i = 0; i < kProjectionNonzeros; ++i) {
    EXPECT_EQ(entries[i].row, static_cast<std::uint32_t>(words[i] / 4294967296.0 * 1000));
    EXPECT_EQ(entries[i].scale, words[i] % 2 == 1 ? -3.0f : 3.0f);
  }
}

TEST(SparseProjectionTest, ColumnsAndSignsAreEven) {
  std::vector<double> counts(16);
  double sum = 0;
  constexpr int kFeatures = 40'000;
  for (std::uint64_t feature = 0; feature < kFeatures; ++feature) {
    for (const ScaledRow& entry : ProjectFeature(5, feature << 2, 16, 2.0f)) {
      ASSERT_LT(entry.row, 16u);
      counts[entry.row] += 1;
      sum += entry.scale;
    }
  }
  // Five standard deviations of a binomial.
  const double expected = kFeatures * 4 / 16.0;
  for (const double count : counts) EXPECT_NEAR(count, expected, 5 * std::sqrt(expected));
  EXPECT_NEAR(sum, 0, 5 * std::sqrt(kFeatures * 4.0));
}

TEST(SparseProjectionTest, InnerProductsAreKeptOnAverage) {
  // Two vectors of 60 features, 20 of them shared.
  std::vector<std::pair<std::uint64_t, float>> a, b;
  double dot = 0, a_squares = 0, b_squares = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const float x = 1.0f + static_cast<float>(i % 7), y = 2.0f - static_cast<float>(i % 3);
    a.emplace_back(RandomHash(1, 1, i), x);
    b.emplace_back(i < 20 ? RandomHash(1, 1, i) : RandomHash(1, 2, i), y);
    if (i < 20) dot += double{x} * y;
    a_squares += double{x} * x;
    b_squares += double{y} * y;
  }
  double mean = 0;
  constexpr int kSeeds = 2000;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
    mean += Dot(Project(a, seed), Project(b, seed));
  mean /= kSeeds;
  const double deviation = std::sqrt((a_squares * b_squares + dot * dot) / kColumns / kSeeds);
  EXPECT_NEAR(mean, dot, 5 * deviation);
}

TEST(SparseProjectionTest, DistancesAreKeptWithinTheBoundOfJohnsonAndLindenstrauss) {
  // 100 random vectors of 200 features; epsilon = sqrt(8 ln n / columns) for n points.
  constexpr int kPoints = 100;
  std::vector<std::vector<double>> projected;
  std::vector<std::vector<std::pair<std::uint64_t, float>>> points;
  for (std::uint64_t p = 0; p < kPoints; ++p) {
    RandomStream random(21, p);
    auto& point = points.emplace_back();
    for (int i = 0; i < 200; ++i) {
      point.emplace_back(random.Below(100'000) << 2, static_cast<float>(random.Uniform() + 0.1));
    }
    projected.push_back(Project(point, 42));
  }
  const double epsilon = std::sqrt(8 * std::log(kPoints) / kColumns);
  int outside = 0;
  for (int i = 0; i < kPoints; ++i) {
    for (int j = 0; j < i; ++j) {
      std::vector<std::pair<std::uint64_t, float>> difference = points[i];
      for (const auto& [feature, weight] : points[j]) difference.emplace_back(feature, -weight);
      std::map<std::uint64_t, double> sums;
      for (const auto& [feature, weight] : difference) sums[feature] += weight;
      double exact = 0;
      for (const auto& [feature, weight] : sums) exact += weight * weight;
      double kept = 0;
      for (std::uint32_t c = 0; c < kColumns; ++c) {
        kept += std::pow(projected[i][c] - projected[j][c], 2);
      }
      if (std::fabs(kept / exact - 1) > epsilon) ++outside;
      EXPECT_NEAR(kept / exact, 1, 2 * epsilon);
    }
  }
  EXPECT_LE(outside, kPoints * (kPoints - 1) / 2 / 100);
}

TEST(SparseProjectionTest, SeedsAreIndependent) {
  const auto a = ProjectFeature(1, 400, 4096, 1.0f), b = ProjectFeature(2, 400, 4096, 1.0f);
  EXPECT_NE(a[0].row, b[0].row);
}

}  // namespace
}  // namespace kith
