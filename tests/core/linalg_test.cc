#include "core/linalg.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/simd_target.h"
#include "core/symmetric_eigen.h"
#include "tests/core/jacobi_eigen.h"

namespace kith {
namespace {

// Independent columns, column j with deviation (1 + j)^-decay, turned by neighbouring sums so that
// the components are no axes.
Matrix<float> Sample(std::size_t rows, std::size_t dim, double decay, unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<float> sample(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) {
    double before = 0;
    for (std::size_t j = 0; j < dim; ++j) {
      const double x = normal(generator) * std::pow(1.0 + static_cast<double>(j), -decay);
      sample.row(r)[j] = static_cast<float>(x + 0.5 * before + 3);
      before = x;
    }
  }
  return sample;
}

// By definition, in double.
std::vector<double> ExactCovariance(MatrixView<const float> sample) {
  const std::size_t dim = sample.cols();
  const double rows = static_cast<double>(sample.rows());
  std::vector<double> mean(dim), covariance(dim * dim);
  for (std::size_t r = 0; r < sample.rows(); ++r) {
    for (std::size_t i = 0; i < dim; ++i) mean[i] += sample.row(r)[i] / rows;
  }
  for (std::size_t r = 0; r < sample.rows(); ++r) {
    for (std::size_t i = 0; i < dim; ++i) {
      const double x = (sample.row(r)[i] - mean[i]) / rows;
      for (std::size_t j = 0; j < dim; ++j) {
        covariance[i * dim + j] += x * (sample.row(r)[j] - mean[j]);
      }
    }
  }
  return covariance;
}

void ExpectOrthonormal(const Matrix<float>& directions) {
  for (std::size_t i = 0; i < directions.rows(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double dot = 0;
      for (std::size_t k = 0; k < directions.cols(); ++k) {
        dot += static_cast<double>(directions.row(i)[k]) * directions.row(j)[k];
      }
      ASSERT_NEAR(dot, i == j ? 1 : 0, 1e-5) << i << ", " << j;
    }
  }
}

double VarianceAlong(std::span<const float> direction, const std::vector<double>& covariance) {
  const std::size_t dim = direction.size();
  double variance = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < dim; ++j) sum += covariance[i * dim + j] * direction[j];
    variance += sum * direction[i];
  }
  return variance;
}

// Orthonormal, sorted, with the variances stated, which are together those of the best directions.
void ExpectPrincipal(const PrincipalComponents& components, const std::vector<double>& covariance,
                     const std::vector<double>& exact) {
  ExpectOrthonormal(components.directions);
  double total = 0, held = 0, best = 0;
  for (const double value : exact) total += value;
  EXPECT_NEAR(components.total_variance, total, 1e-5 * total);
  for (std::size_t i = 0; i < components.directions.rows(); ++i) {
    const double variance = VarianceAlong(components.directions.row(i), covariance);
    EXPECT_NEAR(components.variances[i], variance, 1e-5 * total) << i;
    if (i > 0) {
      EXPECT_LE(components.variances[i], components.variances[i - 1]);
    }
    held += variance;
    best += exact[i];
  }
  EXPECT_GE(held, 0.999 * best);
  EXPECT_LE(held, best + 1e-5 * total);
}

class LinalgTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, LinalgTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

TEST_P(LinalgTest, CovarianceIsThatOfTheDefinition) {
  const Matrix<float> sample = Sample(300, 37, 0.5);
  const Covariance covariance = ComputeCovariance(sample.view());
  const std::vector<double> exact = ExactCovariance(sample.view());
  double trace = 0;
  for (std::size_t i = 0; i < 37; ++i) {
    trace += exact[i * 37 + i];
    for (std::size_t j = 0; j < 37; ++j) {
      EXPECT_NEAR(covariance.matrix.row(i)[j] * covariance.unit, exact[i * 37 + j], 1e-5);
    }
  }
  EXPECT_NEAR(covariance.total_variance, trace, 1e-5 * trace);
}

TEST_P(LinalgTest, ComponentsOfWholeMatricesAgreeWithJacobi) {
  for (const double decay : {0.0, 0.5, 2.0}) {
    const Matrix<float> sample = Sample(400, 60, decay);
    const std::vector<double> covariance = ExactCovariance(sample.view());
    const std::vector<double> exact = JacobiEigenvalues(covariance, 60);
    for (const std::size_t rank : {1, 20, 60}) {
      const auto components = ComputePrincipalComponents(sample.view(), rank, 1);
      ASSERT_EQ(components.variances.size(), 60u);
      ExpectPrincipal(components, covariance, exact);
    }
  }
}

TEST_P(LinalgTest, BitsAreThoseOfEveryOtherInstructionSet) {
  for (const std::size_t dim : {std::size_t{50}, kWholeMatrixDimMax + 6}) {
    const Matrix<float> sample = Sample(60, dim, 1.0);
    ASSERT_TRUE(UseSimdTarget(GetParam()));
    const auto here = ComputePrincipalComponents(sample.view(), 10, 1);
    ASSERT_TRUE(UseSimdTarget(""));
    const auto best = ComputePrincipalComponents(sample.view(), 10, 1);
    EXPECT_EQ(here.variances, best.variances);
    EXPECT_TRUE(std::equal(here.directions.data(), here.directions.data() + 10 * dim,
                           best.directions.data()));
  }
}

// Subspace iteration, which only dims beyond kWholeMatrixDimMax take.
void ExpectSubspaceHoldsTheBest(const Matrix<float>& sample, std::size_t rank) {
  const Covariance covariance = ComputeCovariance(sample.view());
  const std::size_t dim = covariance.dim();
  ASSERT_GT(dim, kWholeMatrixDimMax);
  std::vector<double> matrix(dim * dim);
  Matrix<double> copy(dim, dim);
  for (std::size_t i = 0; i < dim * dim; ++i) {
    copy.data()[i] = matrix[i] = covariance.matrix.data()[i] * covariance.unit;
  }
  const auto exact = ComputeSymmetricEigen(std::move(copy), EigenParts::kValues);
  const auto components = ComputePrincipalComponents(covariance, rank, 1);
  EXPECT_EQ(components.variances.size(), rank);
  ExpectPrincipal(components, matrix, exact.values);
}

TEST(LinalgTest, SubspaceHoldsTheBestVarianceOfFallingSpectra) {
  ExpectSubspaceHoldsTheBest(Sample(700, kWholeMatrixDimMax + 1, 0.3), 100);
  ExpectSubspaceHoldsTheBest(Sample(700, kWholeMatrixDimMax + 1, 2.0), 100);
}

TEST(LinalgTest, SubspaceHoldsTheBestVarianceOfIsotropicVectors) {
  ExpectSubspaceHoldsTheBest(Sample(1500, kWholeMatrixDimMax + 1, 0.0), 64);
}

TEST(LinalgTest, SubspaceHoldsTheBestVarianceOfFewerRowsThanItsRank) {
  ExpectSubspaceHoldsTheBest(Sample(40, kWholeMatrixDimMax + 1, 0.0), 100);
}

TEST(LinalgTest, SubspaceOfEqualRowsIsOrthonormal) {
  Matrix<float> sample(5, kWholeMatrixDimMax + 1);
  for (std::size_t r = 0; r < 5; ++r) std::ranges::fill(sample.row(r), 7.0f);
  const auto components = ComputePrincipalComponents(sample.view(), 70, 1);
  ExpectOrthonormal(components.directions);
  EXPECT_EQ(components.total_variance, 0);
  for (const double variance : components.variances) EXPECT_EQ(variance, 0);
}

TEST(LinalgTest, FewOrEqualRowsGiveOrthonormalDirections) {
  for (const std::size_t rows : {1, 2, 7}) {
    const auto components = ComputePrincipalComponents(Sample(rows, 30, 0).view(), 30, 1);
    ExpectOrthonormal(components.directions);
    for (std::size_t i = rows - 1; i < 30; ++i) {
      EXPECT_NEAR(components.variances[i], 0, 1e-5) << i;
    }
  }
  Matrix<float> equal(9, 30);
  for (std::size_t r = 0; r < 9; ++r) std::ranges::fill(equal.row(r), -2.0f);
  const auto components = ComputePrincipalComponents(equal.view(), 30, 1);
  ExpectOrthonormal(components.directions);
  EXPECT_EQ(components.mean, std::vector<float>(30, -2.0f));
}

TEST(LinalgTest, OneDimHasOneComponent) {
  const auto components = ComputePrincipalComponents(Sample(100, 1, 0).view(), 1, 1);
  EXPECT_EQ(std::abs(components.directions.row(0)[0]), 1.0f);
  EXPECT_NEAR(components.variances[0], components.total_variance, 1e-6);
}

TEST(LinalgTest, ValuesOfAnyMagnitudeAreTaken) {
  for (const float scale : {1e-36f, 1e36f}) {
    Matrix<float> sample = Sample(200, 20, 0.5);
    const auto plain = ComputePrincipalComponents(sample.view(), 5, 1);
    for (std::size_t i = 0; i < 200 * 20; ++i) sample.data()[i] *= scale;
    const auto scaled = ComputePrincipalComponents(sample.view(), 5, 1);
    ExpectOrthonormal(scaled.directions);
    for (std::size_t i = 0; i < 5; ++i) {
      const double back = scaled.variances[i] / scale / scale;
      EXPECT_NEAR(back, plain.variances[i], 1e-4 * plain.variances[i]) << scale << " " << i;
    }
  }
}

TEST(LinalgTest, DeviationsBeyondAFloatAreTaken) {
  constexpr float kMax = std::numeric_limits<float>::max();
  Matrix<float> sample(2, 3);
  std::ranges::fill(sample.row(0), kMax);
  std::ranges::fill(sample.row(1), -kMax);
  const auto components = ComputePrincipalComponents(sample.view(), 1, 1);
  EXPECT_NEAR(components.variances[0] / kMax / kMax, 3, 1e-5);
}

TEST(LinalgTest, LargeSamplesAreThinnedEvenly) {
  const std::size_t rows = 2 * kCovarianceRowsMax + 2;
  Matrix<float> sample(rows, 2);
  // Only rows of the first or of the second half would have one of the two variances.
  for (std::size_t r = 0; r < rows; ++r) {
    sample.row(r)[r < rows / 2 ? 0 : 1] = (r / 2) % 2 == 0 ? 1.0f : -1.0f;
  }
  const Covariance covariance = ComputeCovariance(sample.view());
  EXPECT_NEAR(covariance.matrix.row(0)[0] * covariance.unit, 0.5, 1e-3);
  EXPECT_NEAR(covariance.matrix.row(1)[1] * covariance.unit, 0.5, 1e-3);
}

TEST(LinalgTest, RankLowerBoundIsExactGivenTheComponentsAndNeverAbove) {
  for (const double decay : {0.0, 0.5, 2.0}) {
    const Matrix<float> sample = Sample(400, 60, decay);
    const Covariance covariance = ComputeCovariance(sample.view());
    const std::vector<double> variances = ComputePrincipalComponents(covariance, 60, 1).variances;
    for (const double share : {0.1, 0.5, 0.9, 0.99}) {
      double sum = 0;
      std::size_t needed = 0;
      while (sum < share * covariance.total_variance) sum += variances[needed++];
      EXPECT_EQ(RankLowerBound(covariance, variances, share), needed) << decay << " " << share;
      std::size_t last = 0;
      for (const std::size_t known : {0, 1, 3, 10, 30}) {
        const std::size_t bound =
            RankLowerBound(covariance, std::span(variances).first(known), share);
        EXPECT_LE(bound, needed) << decay << " " << share << " " << known;
        EXPECT_GE(bound, last) << decay << " " << share << " " << known;
        last = bound;
      }
    }
  }
  // Isotropic: every component holds about as much, so the bound alone is near.
  EXPECT_GE(RankLowerBound(ComputeCovariance(Sample(4000, 60, 0.0).view()), {}, 0.9), 20u);
}

}  // namespace
}  // namespace kith
