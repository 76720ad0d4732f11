#include "core/matrix.h"

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace kith {
namespace {

static_assert(std::is_convertible_v<MatrixView<float>, MatrixView<const float>>);
static_assert(!std::is_convertible_v<MatrixView<const float>, MatrixView<float>>);
static_assert(!std::is_convertible_v<MatrixView<float>, MatrixView<const double>>);

TEST(MatrixViewTest, RowsLieAStrideApart) {
  std::vector<int> values(12);
  for (int i = 0; i < 12; ++i) values[i] = i;
  const MatrixView<int> view(values.data(), 3, 2, 4);
  EXPECT_EQ(view.rows(), 3u);
  EXPECT_EQ(view.cols(), 2u);
  EXPECT_EQ(view.stride(), 4u);
  EXPECT_EQ(view.row(0).size(), 2u);
  EXPECT_EQ(view.row(1)[0], 4);
  EXPECT_EQ(view.row(2)[1], 9);
  view.row(2)[1] = 100;
  EXPECT_EQ(values[9], 100);
}

TEST(MatrixViewTest, WithoutAStrideRowsAreContiguous) {
  std::vector<int> values = {1, 2, 3, 4, 5, 6};
  const MatrixView<int> view(values.data(), 3, 2);
  EXPECT_EQ(view.stride(), 2u);
  EXPECT_EQ(view.row(2)[0], 5);
}

TEST(MatrixViewTest, PartOfTheRowsKeepsTheStride) {
  std::vector<int> values(20);
  for (int i = 0; i < 20; ++i) values[i] = i;
  const MatrixView<const int> view(values.data(), 5, 3, 4);
  const MatrixView<const int> part = view.rows(1, 3);
  EXPECT_EQ(part.rows(), 3u);
  EXPECT_EQ(part.cols(), 3u);
  EXPECT_EQ(part.row(0)[0], 4);
  EXPECT_EQ(part.row(2)[2], 14);
  EXPECT_TRUE(view.rows(5, 0).empty());
  EXPECT_EQ(view.rows(0, 5).row(4)[0], 16);
}

TEST(MatrixViewTest, DefaultIsEmpty) {
  const MatrixView<const float> view;
  EXPECT_TRUE(view.empty());
  EXPECT_EQ(view.rows(), 0u);
  EXPECT_EQ(view.cols(), 0u);
}

TEST(MatrixTest, OwnsZeroFilledAlignedRows) {
  Matrix<float> matrix(7, 5);
  EXPECT_EQ(matrix.rows(), 7u);
  EXPECT_EQ(matrix.cols(), 5u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(matrix.data()) % kCacheLineBytes, 0u);
  for (std::size_t r = 0; r < 7; ++r) {
    for (const float value : std::as_const(matrix).row(r)) EXPECT_EQ(value, 0.0f);
  }
  matrix.row(6)[4] = 3;
  EXPECT_EQ(matrix.data()[6 * 5 + 4], 3.0f);
  const MatrixView<const float> view = std::as_const(matrix).view();
  EXPECT_EQ(view.row(6)[4], 3.0f);
  EXPECT_EQ(view.stride(), 5u);
}

TEST(MatrixTest, MovingKeepsTheMemory) {
  Matrix<std::int32_t> matrix(100, 10);
  matrix.row(99)[9] = 42;
  const std::int32_t* data = matrix.data();
  Matrix<std::int32_t> moved = std::move(matrix);
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(moved.row(99)[9], 42);
}

TEST(MatrixTest, AMovedFromMatrixIsEmpty) {
  Matrix<std::int32_t> matrix(100, 10);
  const Matrix<std::int32_t> moved = std::move(matrix);
  EXPECT_EQ(matrix.rows(), 0u);
  EXPECT_EQ(matrix.data(), nullptr);
  Matrix<std::int32_t> assigned(3, 3);
  Matrix<std::int32_t> source(2, 2);
  source.row(1)[1] = 5;
  assigned = std::move(source);
  EXPECT_EQ(source.rows(), 0u);
  EXPECT_EQ(assigned.rows(), 2u);
  EXPECT_EQ(assigned.row(1)[1], 5);
}

TEST(MatrixTest, SizesBeyondTheAddressSpaceAreBadAlloc) {
  constexpr std::size_t kHalf = std::size_t{1} << 32;
  EXPECT_THROW(Matrix<float>(kHalf, kHalf), std::bad_alloc);  // the product wraps to 0
  EXPECT_THROW(Matrix<float>(std::size_t{1} << 62, 1), std::bad_alloc);
  EXPECT_THROW(Matrix<float>(1, ~std::size_t{0}), std::bad_alloc);
}

TEST(MatrixTest, NoRowsOrNoColumnsIsNoMemory) {
  EXPECT_EQ(Matrix<float>(0, 100).data(), nullptr);
  EXPECT_EQ(Matrix<float>(100, 0).row(99).size(), 0u);
}

#ifndef NDEBUG
TEST(MatrixDeathTest, RowsBeyondTheEndAbort) {
  Matrix<float> matrix(2, 2);
  EXPECT_DEATH((void)matrix.row(2), "r < rows_");
  EXPECT_DEATH((void)matrix.view().rows(1, 2), "rows_");
}
#endif

}  // namespace
}  // namespace kith
