#include "core/matrix_product.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "core/simd_target.h"

namespace kith {
namespace {

class MatrixProductTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, MatrixProductTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

Matrix<float> RandomMatrix(std::size_t rows, std::size_t cols, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Matrix<float> matrix(rows, cols);
  for (std::size_t i = 0; i < rows * cols; ++i) matrix.data()[i] = normal(generator);
  return matrix;
}

struct Shape {
  std::size_t rows, terms, cols;
};
// Around the tiles (12 x 32, 4 x 16, 4 x 8, 4 x 2), the block of rows (96) and of terms (256).
constexpr Shape kShapes[] = {{1, 1, 1},    {3, 2, 5},     {4, 7, 8},      {12, 16, 32},
                             {13, 17, 33}, {97, 5, 31},   {95, 255, 15},  {5, 256, 65},
                             {12, 257, 7}, {25, 513, 40}, {200, 300, 100}};

// The order of sums that the header promises.
float Promised(MatrixView<const float> a, MatrixView<const float> b, std::size_t i, std::size_t j) {
  volatile float total = 0;  // volatile: no product is fused with a sum
  for (std::size_t begin = 0; begin < a.cols(); begin += 256) {
    volatile float sum = 0;
    for (std::size_t k = begin; k < std::min(a.cols(), begin + 256); ++k) {
      const volatile float product = a.row(i)[k] * b.row(k)[j];
      sum = sum + product;
    }
    total = begin == 0 ? sum : total + sum;
  }
  return total;
}

TEST_P(MatrixProductTest, ElementsAreSumsInThePromisedOrder) {
  for (const auto [rows, terms, cols] : kShapes) {
    const Matrix<float> a = RandomMatrix(rows, terms, 1), b = RandomMatrix(terms, cols, 2);
    Matrix<float> result = RandomMatrix(rows, cols, 3);
    MultiplyMatrices(a.view(), b.view(), ProductUpdate::kSet, result.view());
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < cols; ++j) {
        ASSERT_EQ(result.row(i)[j], Promised(a.view(), b.view(), i, j))
            << rows << " x " << terms << " x " << cols << " at " << i << ", " << j;
      }
    }
  }
}

TEST_P(MatrixProductTest, ProductsAreAddedToAndSubtractedFromPartsOfMatrices) {
  constexpr std::size_t kRows = 14, kTerms = 9, kCols = 35, kStride = 50;
  const Matrix<float> a = RandomMatrix(kRows, kStride, 1), b = RandomMatrix(kTerms, kStride, 2);
  const MatrixView<const float> a_part(a.data() + 3, kRows, kTerms, kStride);
  const MatrixView<const float> b_part(b.data() + 5, kTerms, kCols, kStride);
  for (const ProductUpdate update : {ProductUpdate::kAdd, ProductUpdate::kSubtract}) {
    Matrix<float> result = RandomMatrix(kRows, kStride, 3);
    const Matrix<float> old = RandomMatrix(kRows, kStride, 3);
    MultiplyMatrices(a_part, b_part, update, {result.data() + 7, kRows, kCols, kStride});
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t j = 0; j < kStride; ++j) {
        float expected = old.row(i)[j];
        if (j >= 7 && j < 7 + kCols) {
          const float product = Promised(a_part, b_part, i, j - 7);
          expected += update == ProductUpdate::kAdd ? product : -product;
        }
        ASSERT_EQ(result.row(i)[j], expected) << i << ", " << j;
      }
    }
  }
}

TEST_P(MatrixProductTest, GramMatrixIsTheProductOfTheTransposeAndSymmetric) {
  for (const auto [rows, terms, cols] : kShapes) {
    const Matrix<float> x = RandomMatrix(terms, cols, 1);
    Matrix<float> transposed(cols, terms), expected(cols, cols), gram = RandomMatrix(cols, cols, 4);
    TransposeMatrix(x.view(), transposed.view());
    MultiplyMatrices(transposed.view(), x.view(), ProductUpdate::kSet, expected.view());
    GramMatrix(x.view(), gram.view());
    EXPECT_TRUE(std::equal(gram.data(), gram.data() + cols * cols, expected.data())) << cols;
  }
}

TEST_P(MatrixProductTest, AddScaledAddsAndLeavesTheRest) {
  for (const std::size_t size : {0, 1, 15, 16, 17, 100}) {
    const Matrix<float> x = RandomMatrix(1, 128, 1);
    Matrix<float> y = RandomMatrix(1, 128, 2);
    AddScaled(0.3f, std::span(x.data(), size), std::span(y.data(), size));
    const Matrix<float> old = RandomMatrix(1, 128, 2);
    for (std::size_t i = 0; i < 128; ++i) {
      const volatile float product = 0.3f * x.data()[i];
      EXPECT_EQ(y.data()[i], i < size ? old.data()[i] + product : old.data()[i]) << i;
    }
  }
}

TEST(MatrixProductTest, SumsOfNoTermsAreZeroOrNoChange) {
  Matrix<float> a(3, 0), b(0, 2), result = RandomMatrix(3, 2, 1);
  const Matrix<float> old = RandomMatrix(3, 2, 1);
  MultiplyMatrices(a.view(), b.view(), ProductUpdate::kAdd, result.view());
  EXPECT_TRUE(std::equal(result.data(), result.data() + 6, old.data()));
  MultiplyMatrices(a.view(), b.view(), ProductUpdate::kSet, result.view());
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(result.data()[i], 0);
}

TEST(MatrixProductTest, TransposeSwapsIndices) {
  const Matrix<float> a = RandomMatrix(37, 18, 1);
  Matrix<float> result(18, 37);
  TransposeMatrix(a.view(), result.view());
  for (std::size_t i = 0; i < 37; ++i) {
    for (std::size_t j = 0; j < 18; ++j) ASSERT_EQ(result.row(j)[i], a.row(i)[j]);
  }
}

}  // namespace
}  // namespace kith
