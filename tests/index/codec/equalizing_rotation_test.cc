#include "index/codec/equalizing_rotation.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/simd_target.h"

namespace kith {
namespace {

// Variances (1 + i)^-decay.
std::vector<double> Falling(std::size_t count, double decay) {
  std::vector<double> variances(count);
  for (std::size_t i = 0; i < count; ++i) {
    variances[i] = std::pow(1.0 + static_cast<double>(i), -decay);
  }
  return variances;
}

void ExpectOrthogonal(const Matrix<float>& rotation) {
  const std::size_t n = rotation.rows();
  ASSERT_EQ(rotation.cols(), n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double dot = 0;
      for (std::size_t k = 0; k < n; ++k) {
        dot += static_cast<double>(rotation.row(i)[k]) * rotation.row(j)[k];
      }
      ASSERT_NEAR(dot, i == j ? 1 : 0, 1e-5) << i << ", " << j;
    }
  }
}

void ExpectEqualVariances(const Matrix<float>& rotation, const std::vector<double>& variances) {
  double mean = 0;
  for (const double v : variances) mean += v / static_cast<double>(variances.size());
  for (std::size_t i = 0; i < variances.size(); ++i) {
    double variance = 0;
    for (std::size_t k = 0; k < variances.size(); ++k) {
      variance += variances[k] * rotation.row(i)[k] * rotation.row(i)[k];
    }
    ASSERT_NEAR(variance, mean, 1e-4 * mean) << i << " of " << variances.size();
  }
}

TEST(EqualizingRotationTest, VariancesBecomeEqual) {
  for (const std::size_t n : {1, 2, 3, 5, 16, 31, 64, 96, 128, 200}) {
    for (const double decay : {0.0, 0.5, 1.0, 3.0}) {
      const std::vector<double> variances = Falling(n, decay);
      const Matrix<float> rotation = EqualizingRotation(variances, 7);
      ExpectOrthogonal(rotation);
      ExpectEqualVariances(rotation, variances);
    }
  }
}

TEST(EqualizingRotationTest, OneVarianceAloneIsSpreadOverAll) {
  std::vector<double> variances(48, 0.0);
  variances[5] = 1e-20;
  const Matrix<float> rotation = EqualizingRotation(variances, 7);
  ExpectOrthogonal(rotation);
  ExpectEqualVariances(rotation, variances);
}

TEST(EqualizingRotationTest, NoVarianceGivesSomeRotation) {
  ExpectOrthogonal(EqualizingRotation(std::vector<double>(20, 0.0), 7));
}

TEST(EqualizingRotationTest, RowsAreDense) {
  const Matrix<float> rotation = EqualizingRotation(Falling(128, 1.0), 7);
  for (std::size_t i = 0; i < 128; ++i) {
    float largest = 0;
    for (const float x : rotation.row(i)) largest = std::max(largest, std::abs(x));
    EXPECT_LT(largest, 0.6f) << i;
  }
}

TEST(EqualizingRotationTest, BitsDependOnTheSeedAndNotOnTheInstructionSet) {
  const std::vector<double> variances = Falling(70, 1.0);
  const Matrix<float> expected = EqualizingRotation(variances, 7);
  const auto same = [&](const Matrix<float>& rotation) {
    return std::equal(rotation.data(), rotation.data() + 70 * 70, expected.data());
  };
  EXPECT_FALSE(same(EqualizingRotation(variances, 8)));
  for (const std::string& target : SimdTargets()) {
    ASSERT_TRUE(UseSimdTarget(target));
    EXPECT_TRUE(same(EqualizingRotation(variances, 7))) << target;
  }
  UseSimdTarget("");
}

}  // namespace
}  // namespace kith
