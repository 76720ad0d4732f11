#include "embeddings/text/rotation.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/distance64.h"
#include "core/random.h"

namespace kith {
namespace {

Matrix<float> RandomRows(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  RandomStream random(17, stream);
  Matrix<float> matrix(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& value : matrix.row(r)) value = static_cast<float>(random.Normal());
  }
  return matrix;
}

void ExpectOrthonormal(const Matrix<float>& rows) {
  for (std::size_t a = 0; a < rows.rows(); ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      ASSERT_NEAR(DotInF64(rows.row(a).data(), rows.row(b).data(), rows.cols()), a == b ? 1 : 0,
                  3e-6)
          << a << " " << b;
    }
  }
}

// Length of what is left of `row` after its part along orthonormal `rows` is taken out.
double Residual(const Matrix<float>& rows, std::size_t count, std::vector<float> row) {
  for (std::size_t r = 0; r < count; ++r) {
    const double dot = DotInF64(rows.row(r).data(), row.data(), row.size());
    for (std::size_t j = 0; j < row.size(); ++j) {
      row[j] -= static_cast<float>(dot * rows.row(r)[j]);
    }
  }
  return std::sqrt(DotInF64(row.data(), row.data(), row.size()));
}

TEST(RotationTest, RowsBecomeOrthonormalAndSpanTheSame) {
  ThreadPool pool(2);
  for (const std::size_t count : {1, 2, 31, 32, 33, 70, 128}) {
    const Matrix<float> before = RandomRows(count, 128, count);
    Matrix<float> rows = RandomRows(count, 128, count);
    Orthonormalize(rows.view(), 1, pool);
    ExpectOrthonormal(rows);
    for (std::size_t r = 0; r < count; ++r) {
      const auto row = before.row(r);
      EXPECT_LT(Residual(rows, r + 1, {row.begin(), row.end()}), 1e-4) << r << " of " << count;
    }
  }
}

TEST(RotationTest, NearlyEqualRowsStillBecomeOrthonormal) {
  ThreadPool pool(1);
  Matrix<float> rows = RandomRows(40, 256, 1);
  for (std::size_t r = 1; r < 40; ++r) {
    for (std::size_t j = 0; j < 256; ++j) rows.row(r)[j] = rows.row(0)[j] + 1e-3f * rows.row(r)[j];
  }
  Orthonormalize(rows.view(), 1, pool);
  ExpectOrthonormal(rows);
}

TEST(RotationTest, DependentAndZeroRowsAreReplaced) {
  ThreadPool pool(1);
  Matrix<float> rows = RandomRows(64, 64, 2);
  for (std::size_t j = 0; j < 64; ++j) {
    rows.row(3)[j] = 0;
    rows.row(5)[j] = rows.row(4)[j] * 2;
    rows.row(40)[j] = rows.row(1)[j] - rows.row(2)[j];
  }
  Orthonormalize(rows.view(), 1, pool);
  ExpectOrthonormal(rows);
  Matrix<float> all_zero(16, 64);
  Orthonormalize(all_zero.view(), 1, pool);
  ExpectOrthonormal(all_zero);
}

TEST(RotationTest, TransposeTurnsEveryEntry) {
  SparseRows matrix;
  matrix.columns = 5;
  const std::vector<std::vector<ScaledRow>> rows = {{{4, 1.0f}, {0, 2.0f}}, {}, {{0, 3.0f}}};
  for (const auto& row : rows) {
    matrix.entries.insert(matrix.entries.end(), row.begin(), row.end());
    matrix.starts.push_back(matrix.entries.size());
  }
  const SparseRows transposed = Transpose(matrix);
  ASSERT_EQ(transposed.rows(), 5u);
  EXPECT_EQ(transposed.columns, 3u);
  ASSERT_EQ(transposed.row(0).size(), 2u);
  EXPECT_EQ(transposed.row(0)[0].row, 0u);
  EXPECT_EQ(transposed.row(0)[0].scale, 2.0f);
  EXPECT_EQ(transposed.row(0)[1].row, 2u);
  EXPECT_EQ(transposed.row(0)[1].scale, 3.0f);
  ASSERT_EQ(transposed.row(4).size(), 1u);
  EXPECT_EQ(transposed.row(4)[0].scale, 1.0f);
  EXPECT_TRUE(transposed.row(1).empty());
}

constexpr std::uint32_t kColumns = 256;

// Documents made of `topics` directions, the first the strongest, and a little noise.
SparseRows PlantedSample(std::size_t documents, std::size_t topics, Matrix<float>& directions) {
  ThreadPool pool(1);
  directions = RandomRows(topics, kColumns, 99);
  Orthonormalize(directions.view(), 1, pool);
  SparseRows sample;
  sample.columns = kColumns;
  RandomStream random(4, 4);
  for (std::size_t d = 0; d < documents; ++d) {
    std::vector<float> row(kColumns);
    for (std::size_t t = 0; t < topics; ++t) {
      AddScaledRow(directions.row(t).data(), static_cast<float>(random.Normal() / (1.0 + t)),
                   kColumns, row.data());
    }
    for (std::uint32_t c = 0; c < kColumns; ++c) {
      sample.entries.push_back({c, row[c] + static_cast<float>(0.002 * random.Normal())});
    }
    sample.starts.push_back(sample.entries.size());
  }
  return sample;
}

std::vector<float> Column(const Matrix<float>& rotation, std::size_t dimension) {
  std::vector<float> column;
  for (std::size_t r = 0; r < rotation.rows(); ++r) column.push_back(rotation.row(r)[dimension]);
  return column;
}

TEST(RotationTest, LearnedDimensionsAreThoseTheSampleVariesIn) {
  Matrix<float> directions;
  const SparseRows sample = PlantedSample(500, 6, directions);
  ThreadPool pool(2);
  const auto rotation = LearnRotation(sample, {.dim = 6, .learned_dim = 6, .iterations = 3}, pool,
                                      Cancellation::Never(), Progress::None());
  ASSERT_TRUE(rotation.ok());
  ASSERT_EQ(rotation.value().rows(), kColumns);
  ASSERT_EQ(rotation.value().cols(), 16u) << "padded to whole kernel rows";
  for (std::size_t d = 0; d < 6; ++d) {
    EXPECT_LT(Residual(directions, 6, Column(rotation.value(), d)), 0.05) << d;
  }
  for (std::size_t c = 0; c < kColumns; ++c) EXPECT_EQ(rotation.value().row(c)[6], 0);
}

TEST(RotationTest, RandomDimensionsAreOrthogonalAndScaled) {
  Matrix<float> directions;
  const SparseRows sample = PlantedSample(200, 4, directions);
  ThreadPool pool(1);
  const auto rotation = LearnRotation(sample, {.dim = 20, .learned_dim = 4, .random_scale = 3},
                                      pool, Cancellation::Never(), Progress::None());
  ASSERT_TRUE(rotation.ok());
  for (std::size_t a = 0; a < 20; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      const std::vector<float> x = Column(rotation.value(), a), y = Column(rotation.value(), b);
      const double length = a < 4 ? 1 : 9;
      EXPECT_NEAR(DotInF64(x.data(), y.data(), kColumns), a == b ? length : 0, 1e-4) << a << b;
    }
  }
}

TEST(RotationTest, AWholeBasisKeepsEveryLength) {
  ThreadPool pool(1);
  SparseRows nothing;
  nothing.columns = 64;
  const auto rotation = LearnRotation(nothing, {.dim = 64, .learned_dim = 0}, pool,
                                      Cancellation::Never(), Progress::None());
  ASSERT_TRUE(rotation.ok());
  const std::vector<ScaledRow> text = {{3, 0.5f}, {60, -2.0f}, {17, 1.0f}};
  std::vector<float> out(64);
  SumScaledRows(rotation.value().data(), 64, text, 64, out.data());
  EXPECT_NEAR(DotInF64(out.data(), out.data(), 64), 0.25 + 4 + 1, 1e-5);
}

TEST(RotationTest, RandomRotationKeepsDistancesWithinTheBound) {
  // 60 random unit vectors of 1024 columns into 128 dimensions.
  ThreadPool pool(1);
  SparseRows nothing;
  nothing.columns = 1024;
  const auto rotation = LearnRotation(nothing, {.dim = 128, .learned_dim = 0}, pool,
                                      Cancellation::Never(), Progress::None());
  ASSERT_TRUE(rotation.ok());
  const Matrix<float> points = RandomRows(60, 1024, 8);
  Matrix<float> kept(60, 128);
  for (std::size_t p = 0; p < 60; ++p) {
    std::vector<ScaledRow> terms;
    for (std::uint32_t c = 0; c < 1024; ++c) terms.push_back({c, points.row(p)[c]});
    SumScaledRows(rotation.value().data(), 128, terms, 128, kept.row(p).data());
  }
  const double epsilon = std::sqrt(8 * std::log(60.0) / 128);
  for (std::size_t a = 0; a < 60; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const double before = SquaredL2InF64(points.row(a).data(), points.row(b).data(), 1024);
      const double after = SquaredL2InF64(kept.row(a).data(), kept.row(b).data(), 128) * 1024 / 128;
      EXPECT_NEAR(after / before, 1, epsilon);
    }
  }
}

TEST(RotationTest, ThreadsDoNotChangeABit) {
  Matrix<float> directions;
  const SparseRows sample = PlantedSample(300, 10, directions);
  const auto learn = [&](std::size_t threads) {
    ThreadPool pool(threads);
    auto rotation = LearnRotation(sample, {.dim = 100, .learned_dim = 70}, pool,
                                  Cancellation::Never(), Progress::None());
    EXPECT_TRUE(rotation.ok());
    const auto values = rotation.value().view();
    return std::vector<float>(values.data(), values.data() + values.rows() * values.cols());
  };
  const std::vector<float> expected = learn(1);
  EXPECT_EQ(learn(2), expected);
  EXPECT_EQ(learn(5), expected);
}

TEST(RotationTest, CancellationStopsIt) {
  Matrix<float> directions;
  const SparseRows sample = PlantedSample(100, 4, directions);
  ThreadPool pool(1);
  Cancellation cancellation;
  cancellation.Request();
  const auto rotation =
      LearnRotation(sample, {.dim = 16, .learned_dim = 16}, pool, cancellation, Progress::None());
  ASSERT_FALSE(rotation.ok());
  EXPECT_EQ(rotation.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace kith
