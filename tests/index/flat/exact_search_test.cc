#include "index/flat/exact_search.h"

#include <cstring>
#include <limits>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/simd_target.h"
#include "index/vector_index.h"
#include "tests/index/flat/exact_answers.h"

namespace kith {
namespace {

using testing::HasSubstr;

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kInnerProduct, Metric::kCosine};

MatrixView<const float> View(const Matrix<float>& matrix) { return matrix.view(); }

// The answer of one pass over blocks of `block_rows`.
Matrix<Neighbor> Search(MatrixView<const float> queries, MatrixView<const float> base,
                        Metric metric, std::size_t k, std::size_t threads = 1,
                        std::size_t block_rows = 1 << 20) {
  ThreadPool pool(threads);
  ExactSearch search(queries, metric, k, pool);
  for (std::size_t first = 0; first < base.rows(); first += block_rows) {
    const Status added = search.AddBlock(
        base.rows(first, std::min(block_rows, base.rows() - first)), first, Cancellation::Never());
    EXPECT_TRUE(added.ok()) << added.error().message;
  }
  return search.Finish();
}

void ExpectDefinition(MatrixView<const float> queries, MatrixView<const float> base, Metric metric,
                      std::size_t k, bool exact_sums = false) {
  const Matrix<Neighbor> answers = Search(queries, base, metric, k);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    SCOPED_TRACE(testing::Message() << MetricName(metric) << " dim " << base.cols() << " rows "
                                    << base.rows() << " k " << k << " query " << q);
    const ExactAnswer expected = AnswerByDefinition(metric, queries.row(q), base, k);
    ExpectAnswer(answers.row(q), expected, metric, queries.row(q), base, exact_sums);
    for (std::size_t i = expected.size(); i < k; ++i) {
      ASSERT_EQ(answers.row(q)[i], (Neighbor{std::numeric_limits<float>::infinity(), kNoNeighbor}));
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

bool SameBytes(const Matrix<Neighbor>& a, const Matrix<Neighbor>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), a.rows() * a.cols() * sizeof(Neighbor)) == 0;
}

class ExactSearchTargetTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, ExactSearchTargetTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

TEST_P(ExactSearchTargetTest, AnswersAreTheDefinitionsAtEveryDim) {
  for (const std::size_t dim : {1, 2, 3, 7, 8, 16, 17, 100, 511, 512, 513, 784, 1030, 4096}) {
    const Matrix<float> base = RandomMatrix(203, dim, 1), queries = RandomMatrix(11, dim, 2);
    for (const Metric metric : kMetrics) ExpectDefinition(View(queries), View(base), metric, 10);
  }
}

TEST_P(ExactSearchTargetTest, AnswersAreTheDefinitionsAtEverySize) {
  const Matrix<float> base = RandomMatrix(700, 20, 3), queries = RandomMatrix(300, 20, 4);
  for (const std::size_t rows : {1, 2, 23, 24, 25, 47, 48, 49, 97, 700}) {
    for (const std::size_t count : {1, 3, 4, 8, 9, 129, 300}) {
      for (const std::size_t k : {1, 3, 100}) {
        ExpectDefinition(View(queries).rows(0, count), View(base).rows(0, rows), Metric::kL2, k);
      }
    }
  }
}

TEST_P(ExactSearchTargetTest, TiesGoToTheLowerRow) {
  const Matrix<float> base = RandomIntegers(3000, 4, 3, 5), queries = RandomIntegers(40, 4, 3, 6);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
    for (const std::size_t k : {1, 10, 250}) {
      ExpectDefinition(View(queries), View(base), metric, k, /*exact_sums=*/true);
    }
  }
}

TEST(ExactSearchTest, EverySimdTargetGivesTheSameBytes) {
  const Matrix<float> base = RandomMatrix(2000, 100, 7), queries = RandomMatrix(50, 100, 8);
  for (const Metric metric : kMetrics) {
    const Matrix<Neighbor> best = Search(View(queries), View(base), metric, 20);
    for (const std::string& target : SimdTargets()) {
      ASSERT_TRUE(UseSimdTarget(target));
      EXPECT_TRUE(SameBytes(Search(View(queries), View(base), metric, 20), best)) << target;
    }
    UseSimdTarget("");
  }
}

TEST(ExactSearchTest, AnyNumberOfThreadsGivesTheSameBytes) {
  const Matrix<float> base = RandomMatrix(5000, 33, 9), queries = RandomMatrix(333, 33, 10);
  for (const Metric metric : kMetrics) {
    const Matrix<Neighbor> one = Search(View(queries), View(base), metric, 17, 1);
    for (const std::size_t threads : {2, 3, 7}) {
      EXPECT_TRUE(SameBytes(Search(View(queries), View(base), metric, 17, threads), one))
          << threads << " threads";
    }
  }
}

TEST(ExactSearchTest, AnyCutIntoBlocksGivesTheSameBytes) {
  const Matrix<float> base = RandomMatrix(2000, 33, 11), queries = RandomMatrix(60, 33, 12);
  for (const Metric metric : kMetrics) {
    const Matrix<Neighbor> whole = Search(View(queries), View(base), metric, 17);
    for (const std::size_t rows : {1, 10, 48, 333, 1999}) {
      EXPECT_TRUE(SameBytes(Search(View(queries), View(base), metric, 17, 2, rows), whole))
          << "blocks of " << rows;
    }
  }
}

TEST(ExactSearchTest, BlocksMayComeInAnyOrder) {
  const Matrix<float> base = RandomIntegers(900, 3, 2, 13), queries = RandomIntegers(20, 3, 2, 14);
  ThreadPool pool(1);
  ExactSearch search(View(queries), Metric::kL2, 50, pool);
  for (const std::size_t first : {600, 0, 300}) {
    ASSERT_TRUE(search.AddBlock(View(base).rows(first, 300), first, Cancellation::Never()).ok());
  }
  EXPECT_TRUE(SameBytes(search.Finish(), Search(View(queries), View(base), Metric::kL2, 50)));
}

TEST(ExactSearchTest, AnEmptyBaseHasNoNeighbors) {
  const Matrix<float> queries = RandomMatrix(3, 5, 15);
  const Matrix<Neighbor> answers = Search(View(queries), {}, Metric::kL2, 2);
  for (std::size_t q = 0; q < 3; ++q) {
    EXPECT_THAT(answers.row(q),
                testing::Each(Neighbor{std::numeric_limits<float>::infinity(), kNoNeighbor}));
  }
}

TEST(ExactSearchTest, NoQueriesNeedNoAnswers) {
  const Matrix<float> base = RandomMatrix(10, 5, 16);
  EXPECT_EQ(Search(MatrixView<const float>(nullptr, 0, 5), View(base), Metric::kL2, 2).rows(), 0u);
}

TEST(ExactSearchTest, AllEqualRowsComeInRowOrder) {
  for (const Metric metric : kMetrics) {
    Matrix<float> base(6000, 24);
    for (std::size_t r = 0; r < base.rows(); ++r) std::ranges::fill(base.row(r), 0.3f);
    const Matrix<float> queries = RandomMatrix(9, 24, 17);
    const Matrix<Neighbor> answers = Search(View(queries), View(base), metric, 40);
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      for (std::size_t i = 0; i < 40; ++i) ASSERT_EQ(answers.row(q)[i].id, i) << MetricName(metric);
    }
  }
}

TEST(ExactSearchTest, DuplicatesOfTheNearestRowAllAppear) {
  Matrix<float> base = RandomMatrix(4000, 16, 18);
  const Matrix<float> queries = RandomMatrix(5, 16, 19);
  for (const std::size_t r : {7, 1999, 2000, 3999}) {
    std::ranges::copy(queries.row(0), base.row(r).begin());
  }
  const Matrix<Neighbor> answers = Search(View(queries), View(base), Metric::kL2, 4);
  std::vector<std::uint32_t> ids;
  for (const Neighbor& neighbor : answers.row(0)) {
    EXPECT_EQ(neighbor.distance, 0.0f);
    ids.push_back(neighbor.id);
  }
  EXPECT_THAT(ids, testing::ElementsAre(7, 1999, 2000, 3999));
}

// Differences that f32 products cannot see: all rows share a large part.
TEST(ExactSearchTest, DistancesBelowTheResolutionOfFloatProductsAreRankedRight) {
  const Matrix<float> base = RandomMatrix(1500, 40, 20, 0.01f, 1000.0f);
  const Matrix<float> queries = RandomMatrix(20, 40, 21, 0.01f, 1000.0f);
  for (const Metric metric : kMetrics) ExpectDefinition(View(queries), View(base), metric, 10);
}

TEST(ExactSearchTest, HugeAndTinyScalesAreRankedRight) {
  for (const float scale : {1e-42f, 1e-38f, 1e-30f, 1e-18f, 1e15f, 1e18f, 1e30f, 1e37f}) {
    const Matrix<float> base = RandomMatrix(400, 24, 22, scale);
    const Matrix<float> queries = RandomMatrix(10, 24, 23, scale);
    for (const Metric metric : kMetrics) {
      // Where every distance is infinite as a float, order is still that of float64.
      const Matrix<Neighbor> answers = Search(View(queries), View(base), metric, 5);
      for (std::size_t q = 0; q < queries.rows(); ++q) {
        const ExactAnswer expected = AnswerByDefinition(metric, queries.row(q), View(base), 5);
        for (std::size_t i = 0; i < 5; ++i) {
          ASSERT_EQ(answers.row(q)[i].id, expected[i].second)
              << MetricName(metric) << " scale " << scale << " query " << q;
        }
      }
    }
  }
}

TEST(ExactSearchTest, RowsOfVeryDifferentLengthAreRankedRight) {
  Matrix<float> base = RandomMatrix(600, 24, 24);
  for (std::size_t r = 0; r < base.rows(); ++r) {
    const float scale = std::exp2(static_cast<float>(static_cast<int>(r * 37 % 200) - 100));
    for (float& x : base.row(r)) x *= scale;
  }
  std::ranges::fill(base.row(5), std::numeric_limits<float>::max());
  std::ranges::fill(base.row(6), -std::numeric_limits<float>::max());
  std::ranges::fill(base.row(7), std::numeric_limits<float>::denorm_min());
  std::ranges::fill(base.row(8), 0.0f);
  Matrix<float> queries = RandomMatrix(6, 24, 25);
  for (const Metric metric : kMetrics) {
    for (const float scale : {1.0f, 1e-35f, 1e35f}) {
      Matrix<float> scaled = RandomMatrix(6, 24, 25, scale);
      ExpectDefinition(View(scaled), View(base), metric, 30);
    }
  }
}

TEST(ExactSearchTest, CosineDistanceToAndFromAZeroVectorIsOne) {
  Matrix<float> base = RandomMatrix(100, 8, 26), queries = RandomMatrix(3, 8, 27);
  std::ranges::fill(base.row(40), 0.0f);
  std::ranges::fill(queries.row(1), 0.0f);
  ExpectDefinition(View(queries), View(base), Metric::kCosine, 100);
  const Matrix<Neighbor> answers = Search(View(queries), View(base), Metric::kCosine, 100);
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(answers.row(1)[i], (Neighbor{1.0f, i})) << "a zero query is equally far from all";
  }
}

TEST(ExactSearchTest, PaddedRowsAreReadByTheirStride) {
  const Matrix<float> wide_base = RandomMatrix(200, 50, 28), wide_queries = RandomMatrix(9, 50, 29);
  const MatrixView<const float> base(wide_base.data(), 200, 31, 50);
  const MatrixView<const float> queries(wide_queries.data(), 9, 31, 50);
  ExpectDefinition(queries, base, Metric::kL2, 7);
}

TEST(ExactSearchTest, ABadValueInTheBaseIsRefusedWithItsRow) {
  const float bad_values[] = {std::numeric_limits<float>::quiet_NaN(),
                              std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity()};
  const Matrix<float> queries = RandomMatrix(3, 12, 30);
  for (const float bad : bad_values) {
    for (const std::size_t threads : {1, 3}) {
      Matrix<float> base = RandomMatrix(1000, 12, 31);
      base.row(517)[11] = bad;
      base.row(901)[0] = bad;
      ThreadPool pool(threads);
      ExactSearch search(View(queries), Metric::kL2, 3, pool);
      ASSERT_TRUE(search.AddBlock(View(base).rows(0, 300), 0, Cancellation::Never()).ok());
      const Status added = search.AddBlock(View(base).rows(300, 700), 300, Cancellation::Never());
      ASSERT_FALSE(added.ok());
      EXPECT_EQ(added.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(added.error().message, HasSubstr("row 517 has "));
      EXPECT_THAT(added.error().message, HasSubstr("dimension 11"));
    }
  }
}

TEST(ExactSearchTest, ABadValueInAQueryIsRefusedWithItsNumber) {
  Matrix<float> queries = RandomMatrix(5, 12, 32);
  queries.row(3)[4] = std::numeric_limits<float>::quiet_NaN();
  const Matrix<float> base = RandomMatrix(10, 12, 33);
  ThreadPool pool(1);
  ExactSearch search(View(queries), Metric::kL2, 3, pool);
  const Status added = search.AddBlock(View(base), 0, Cancellation::Never());
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().message, "query 3 has NaN in dimension 4");
}

TEST(ExactSearchTest, ABlockOfAnotherDimIsRefused) {
  const Matrix<float> queries = RandomMatrix(2, 12, 34), base = RandomMatrix(10, 13, 35);
  ThreadPool pool(1);
  ExactSearch search(View(queries), Metric::kL2, 3, pool);
  const Status added = search.AddBlock(View(base), 0, Cancellation::Never());
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().message, "block has 13 dimensions, the queries have 12");
}

TEST(ExactSearchTest, RowNumbersThatDoNotFitAreRefused) {
  const Matrix<float> queries = RandomMatrix(2, 3, 36), base = RandomMatrix(10, 3, 37);
  ThreadPool pool(1);
  ExactSearch search(View(queries), Metric::kL2, 3, pool);
  EXPECT_TRUE(search.AddBlock(View(base), kNoNeighbor - 10, Cancellation::Never()).ok());
  EXPECT_FALSE(search.AddBlock(View(base), kNoNeighbor - 9, Cancellation::Never()).ok());
  EXPECT_FALSE(search.AddBlock(View(base), ~std::uint64_t{0} - 2, Cancellation::Never()).ok());
}

TEST(ExactSearchTest, StopsOnRequest) {
  const Matrix<float> queries = RandomMatrix(20, 3, 38), base = RandomMatrix(1000, 3, 39);
  ThreadPool pool(2);
  ExactSearch search(View(queries), Metric::kL2, 3, pool);
  Cancellation cancellation;
  cancellation.Request();
  const Status added = search.AddBlock(View(base), 0, cancellation);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace kith
