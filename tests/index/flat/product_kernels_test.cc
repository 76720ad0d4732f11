#include "index/flat/product_kernels.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/simd_target.h"
#include "tests/index/flat/exact_answers.h"

namespace kith {
namespace {

class ProductKernelsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, ProductKernelsTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

TEST_P(ProductKernelsTest, PanelsInterleaveScaledVectorsAndEndInZeros) {
  for (const std::size_t dim : {1, 15, 16, 17, 40}) {
    const Matrix<float> rows = RandomMatrix(5, dim, 1);
    const std::vector<const float*> vectors = {rows.row(0).data(), rows.row(3).data(),
                                               rows.row(4).data()};
    const std::vector<double> scales = {1, 0.5, 0};
    std::vector<float> panel(dim * 6, 9.0f);
    PackPanel(vectors, scales, dim, 6, panel);
    for (std::size_t i = 0; i < dim; ++i) {
      ASSERT_EQ(panel[i * 6], rows.row(0)[i]);
      ASSERT_EQ(panel[i * 6 + 1], rows.row(3)[i] / 2);
      for (const std::size_t v : {2, 3, 4, 5}) ASSERT_EQ(panel[i * 6 + v], 0.0f);
    }
  }
}

// The error bound that exact search relies on, checked on sums that round as badly as they can.
TEST_P(ProductKernelsTest, ProductsStayWithinTheRoundingBound) {
  const PanelShape shape = ProductPanelShape();
  for (const std::size_t dim : {1, 2, 100, 512, 513, 1100, 5000}) {
    const std::size_t query_count = 2 * shape.queries;
    const Matrix<float> queries = RandomMatrix(query_count, dim, 2, 1.0f, 1000.0f);
    const Matrix<float> rows = RandomMatrix(shape.rows, dim, 3, 1.0f, -1000.0f);
    Matrix<float> query_panels(2, dim * shape.queries), row_panel(1, dim * shape.rows);
    const auto pack = [&](const Matrix<float>& from, std::size_t first, std::size_t width,
                          std::span<float> panel) {
      std::vector<const float*> vectors;
      for (std::size_t v = 0; v < width; ++v) vectors.push_back(from.row(first + v).data());
      PackPanel(vectors, std::vector<double>(width, 1.0), dim, width, panel);
    };
    pack(queries, 0, shape.queries, query_panels.row(0));
    pack(queries, shape.queries, shape.queries, query_panels.row(1));
    pack(rows, 0, shape.rows, row_panel.row(0));
    Matrix<float> dots(query_count, shape.rows);
    std::fill_n(dots.data(), query_count * shape.rows, 1e30f);  // must be overwritten
    MultiplyPanels(query_panels.data(), 2, row_panel.data(), dim, dots.data());

    const double roundings = static_cast<double>(ProductRoundings(dim)) * 0x1p-24;
    for (std::size_t q = 0; q < query_count; ++q) {
      for (std::size_t r = 0; r < shape.rows; ++r) {
        double sum = 0, absolute = 0;
        for (std::size_t i = 0; i < dim; ++i) {
          const double product = double{queries.row(q)[i]} * rows.row(r)[i];
          sum += product, absolute += std::abs(product);
        }
        ASSERT_NEAR(dots.row(q)[r], sum, roundings / (1 - roundings) * absolute)
            << "dim " << dim << " query " << q << " row " << r;
      }
    }
  }
}

TEST_P(ProductKernelsTest, HitsAreThePairsAtOrBelowTheThreshold) {
  const PanelShape shape = ProductPanelShape();
  constexpr std::size_t kQueries = 5;
  Matrix<float> dots(kQueries, shape.rows);
  std::vector<float> offsets(shape.rows), row_bounds(shape.rows), query_bounds(kQueries),
      thresholds(kQueries);
  for (std::size_t r = 0; r < shape.rows; ++r) {
    offsets[r] = static_cast<float>(r % 5), row_bounds[r] = static_cast<float>(r % 2);
  }
  offsets[shape.rows - 1] = std::numeric_limits<float>::quiet_NaN();  // a missing row
  offsets[1] = -std::numeric_limits<float>::infinity();               // always a hit
  for (std::size_t q = 0; q < kQueries; ++q) {
    query_bounds[q] = static_cast<float>(q), thresholds[q] = static_cast<float>(q) - 3;
    for (std::size_t r = 0; r < shape.rows; ++r) {
      dots.row(q)[r] = static_cast<float>((q + r) % 7);
    }
  }
  thresholds[4] = std::numeric_limits<float>::infinity();

  std::vector<PanelHit> hits(kQueries * shape.rows);
  hits.resize(SelectHits(dots.data(), kQueries,
                         {.row_offsets = offsets.data(),
                          .row_bounds = row_bounds.data(),
                          .query_bounds = query_bounds.data(),
                          .thresholds = thresholds.data()},
                         hits.data()));
  std::size_t next = 0;
  for (std::size_t q = 0; q < kQueries; ++q) {
    for (std::size_t r = 0; r < shape.rows; ++r) {
      const float low = offsets[r] - dots.row(q)[r] - query_bounds[q] * row_bounds[r];
      if (!(low <= thresholds[q])) continue;
      ASSERT_LT(next, hits.size());
      EXPECT_EQ(hits[next].query, q);
      EXPECT_EQ(hits[next].row, r);
      EXPECT_EQ(hits[next].score_low, low);
      ++next;
    }
  }
  EXPECT_EQ(next, hits.size());
  EXPECT_GT(next, 0u);
  EXPECT_LT(next, kQueries * shape.rows);
}

}  // namespace
}  // namespace kith
