#include "core/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/simd_target.h"
#include "tests/core/jacobi_eigen.h"

namespace kith {
namespace {

Matrix<double> RandomSymmetric(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> matrix(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) matrix.row(i)[j] = matrix.row(j)[i] = normal(generator);
  }
  return matrix;
}

// x x' summed over `rank` random vectors x.
Matrix<double> RandomOfRank(std::size_t n, std::size_t rank, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> matrix(n, n);
  for (std::size_t r = 0; r < rank; ++r) {
    std::vector<double> x(n);
    for (double& value : x) value = normal(generator);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) matrix.row(i)[j] += x[i] * x[j];
    }
  }
  return matrix;
}

Matrix<double> Copy(const Matrix<double>& matrix) {
  Matrix<double> copy(matrix.rows(), matrix.cols());
  std::memcpy(copy.data(), matrix.data(), matrix.rows() * matrix.cols() * sizeof(double));
  return copy;
}

// A v = value v, orthonormal v, falling values, and the values of the oracle.
void ExpectEigen(const Matrix<double>& matrix) {
  const std::size_t n = matrix.rows();
  const SymmetricEigen eigen = ComputeSymmetricEigen(Copy(matrix), EigenParts::kValuesAndVectors);
  double scale = 1e-300;
  for (const double value : eigen.values) scale = std::max(scale, std::abs(value));
  const std::vector<double> oracle = JacobiEigenvalues({matrix.data(), matrix.data() + n * n}, n);
  for (std::size_t i = 0; i < n; ++i) {
    ASSERT_NEAR(eigen.values[i], oracle[i], 1e-13 * scale) << i << " of " << n;
    if (i > 0) {
      ASSERT_LE(eigen.values[i], eigen.values[i - 1]);
    }
    for (std::size_t r = 0; r < n; ++r) {
      double product = 0;
      for (std::size_t k = 0; k < n; ++k) product += matrix.row(r)[k] * eigen.vectors.row(i)[k];
      ASSERT_NEAR(product, eigen.values[i] * eigen.vectors.row(i)[r], 1e-13 * scale) << i;
    }
    for (std::size_t j = 0; j <= i; ++j) {
      double dot = 0;
      for (std::size_t k = 0; k < n; ++k) dot += eigen.vectors.row(i)[k] * eigen.vectors.row(j)[k];
      ASSERT_NEAR(dot, i == j ? 1 : 0, 1e-13) << i << ", " << j;
    }
  }
}

class SymmetricEigenTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, SymmetricEigenTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

TEST_P(SymmetricEigenTest, AgreesWithJacobiForEverySizeAroundTheVectorWidths) {
  for (const std::size_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 70}) {
    ExpectEigen(RandomSymmetric(n, static_cast<unsigned>(n)));
  }
}

TEST_P(SymmetricEigenTest, TakesMatricesOfLowRank) {
  ExpectEigen(RandomOfRank(40, 1, 1));
  ExpectEigen(RandomOfRank(40, 7, 2));
}

TEST_P(SymmetricEigenTest, TakesDiagonalAndZeroMatrices) {
  Matrix<double> zero(12, 12);
  ExpectEigen(zero);
  Matrix<double> diagonal(12, 12);
  for (std::size_t i = 0; i < 12; ++i) diagonal.row(i)[i] = static_cast<double>(i % 5);
  ExpectEigen(diagonal);
}

TEST_P(SymmetricEigenTest, TakesMatricesThatAreTridiagonalAlready) {
  Matrix<double> matrix(30, 30);
  for (std::size_t i = 0; i < 30; ++i) {
    matrix.row(i)[i] = 2;
    if (i > 0) matrix.row(i)[i - 1] = matrix.row(i - 1)[i] = -1;
  }
  ExpectEigen(matrix);
}

TEST_P(SymmetricEigenTest, ScaleOfTheMatrixDoesNotMatter) {
  for (const double scale : {1e-90, 1e90}) {
    Matrix<double> matrix = RandomSymmetric(20, 3);
    for (std::size_t i = 0; i < 400; ++i) matrix.data()[i] *= scale;
    const auto large = ComputeSymmetricEigen(std::move(matrix), EigenParts::kValues);
    const auto plain = ComputeSymmetricEigen(RandomSymmetric(20, 3), EigenParts::kValues);
    for (std::size_t i = 0; i < 20; ++i) {
      EXPECT_NEAR(large.values[i] / scale, plain.values[i], 1e-12) << i;
    }
  }
}

TEST_P(SymmetricEigenTest, BitsAreThoseOfEveryOtherInstructionSet) {
  const auto here = ComputeSymmetricEigen(RandomSymmetric(90, 4), EigenParts::kValuesAndVectors);
  ASSERT_TRUE(UseSimdTarget(""));
  const auto best = ComputeSymmetricEigen(RandomSymmetric(90, 4), EigenParts::kValuesAndVectors);
  EXPECT_EQ(here.values, best.values);
  EXPECT_TRUE(std::equal(here.vectors.data(), here.vectors.data() + 90 * 90, best.vectors.data()));
}

TEST_P(SymmetricEigenTest, ValuesAloneAreTheSameBits) {
  const auto alone = ComputeSymmetricEigen(RandomSymmetric(50, 5), EigenParts::kValues);
  const auto both = ComputeSymmetricEigen(RandomSymmetric(50, 5), EigenParts::kValuesAndVectors);
  EXPECT_EQ(alone.values, both.values);
  EXPECT_EQ(alone.vectors.rows(), 0u);
}

}  // namespace
}  // namespace kith
