// Against the ground truths of the development data, computed by others.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "index/flat/exact_search.h"
#include "storage/vector_file.h"
#include "tests/index/flat/exact_answers.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 30;
constexpr std::size_t kColumns = 100;  // of every ground truth

// Distances must agree exactly; ids too, but where equal distances were ranked by another sum.
void CheckGroundTruth(const std::string& set, const std::string& base_name,
                      const std::string& query_name, const std::string& truth_name, Metric metric,
                      std::size_t queries_max, bool exact_sums) {
  const std::string folder = SharedData() + "/" + set + "/";
  KITH_SKIP_WITHOUT_SHARED_DATA(folder);
  Result<std::unique_ptr<VectorReader>> base = VectorReader::Open(folder + base_name);
  ASSERT_TRUE(base.ok()) << base.error().message;
  const Result<Matrix<float>> all_queries = ReadAllF32(folder + query_name, kBytesMax);
  ASSERT_TRUE(all_queries.ok()) << all_queries.error().message;
  const Result<Matrix<std::int32_t>> truth = ReadAllI32(folder + truth_name, kBytesMax);
  ASSERT_TRUE(truth.ok()) << truth.error().message;
  const MatrixView<const float> queries =
      all_queries.value().view().rows(0, std::min(queries_max, truth.value().rows()));

  ThreadPool pool(2);
  ExactSearch search(queries, metric, kColumns, pool);
  Matrix<float> rows(base.value()->info().rows, base.value()->info().dim);
  constexpr std::size_t kBlock = 20000;
  for (std::size_t first = 0; first < rows.rows(); first += kBlock) {
    const MatrixView<float> block = rows.view().rows(first, std::min(kBlock, rows.rows() - first));
    ASSERT_TRUE(base.value()->ReadF32(first, block).ok());
    const Status added = search.AddBlock(block, first, Cancellation::Never());
    ASSERT_TRUE(added.ok()) << added.error().message;
  }
  const Matrix<Neighbor> answers = search.Finish();

  const MatrixView<const float> view = std::as_const(rows).view();
  std::size_t other_ids = 0;
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      const auto true_id = static_cast<std::uint32_t>(truth.value().row(q)[i]);
      const double expected = DistanceByDefinition(metric, queries.row(q), view.row(true_id));
      const double actual =
          DistanceByDefinition(metric, queries.row(q), view.row(answers.row(q)[i].id));
      ASSERT_NEAR(actual, expected, exact_sums ? 0 : 1e-14) << "query " << q << " place " << i;
      other_ids += answers.row(q)[i].id != true_id;
    }
  }
  EXPECT_LE(other_ids, exact_sums ? 0 : queries.rows() * kColumns / 10000);
}

TEST(ExactSearchSharedDataTest, FashionMnistAgreesWithItsGroundTruth) {
  CheckGroundTruth("fashion-mnist-784", "base.bvecs", "query.bvecs", "groundtruth.ivecs",
                   Metric::kL2, 1000, /*exact_sums=*/true);
}

TEST(ExactSearchSharedDataTest, SiftAgreesWithItsGroundTruth) {
  CheckGroundTruth("sift-bsds", "base.bvecs", "query.bvecs", "groundtruth1000_200k.ivecs",
                   Metric::kL2, 1000, /*exact_sums=*/true);
}

TEST(ExactSearchSharedDataTest, AclAgreesWithItsInnerProductGroundTruth) {
  CheckGroundTruth("acl", "base.fvecs", "query.fvecs", "groundtruth2000.ivecs",
                   Metric::kInnerProduct, 2000, /*exact_sums=*/false);
}

}  // namespace
}  // namespace kith
