#include "engine/jobs/ground_truth_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/jobs/cancelling_progress.h"
#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GroundTruthJobTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("base.fvecs", Texmex(base_));
    folder_.Write("query.fvecs", Texmex(queries_));
    params_.base = folder_ / "base.fvecs";
    params_.queries = folder_ / "query.fvecs";
    params_.output = folder_ / "out.ivecs";
    params_.k = 5;
    params_.threads = 2;
  }

  // 10 MB: two blocks.
  const std::vector<std::vector<float>> base_ = ClusteredRows(5000, 512, 1);
  const std::vector<std::vector<float>> queries_ = ClusteredRows(20, 512, 2);
  TemporaryFolder folder_;
  GroundTruthParams params_;
};

TEST_F(GroundTruthJobTest, FindsNeighboursInEveryBlock) {
  const auto report = ComputeGroundTruth(params_, Cancellation::Never(), Progress::None());
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().base_vectors, 5000u);
  EXPECT_EQ(report.value().queries, 20u);
  EXPECT_EQ(report.value().threads, 2u);
  const auto ids = RowsOfTexmex<std::int32_t>(folder_.Read("out.ivecs"));
  ASSERT_EQ(ids.size(), 20u);
  for (std::size_t q = 0; q < 20; ++q) {
    EXPECT_EQ(ids[q], NearestByDefinition(base_, queries_[q], 5));
  }
}

TEST_F(GroundTruthJobTest, StoppedItLeavesNothing) {
  params_.distances = folder_ / "out.fvecs";
  for (const std::uint64_t at : {1, 2}) {  // before and after the first block
    CancellingProgress progress(at);
    const auto report = ComputeGroundTruth(params_, progress.cancellation(), progress);
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
    EXPECT_THAT(folder_.List(), ElementsAre("base.fvecs", "query.fvecs"));
  }
}

TEST_F(GroundTruthJobTest, FailsBeforeTheWorkWhenAnOutputIsTaken) {
  folder_.Write("out.fvecs", "precious");
  params_.distances = folder_ / "out.fvecs";
  CancellingProgress progress;
  const auto report = ComputeGroundTruth(params_, progress.cancellation(), progress);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(progress.calls(), 0u);
  EXPECT_EQ(folder_.Read("out.fvecs"), "precious");
}

TEST_F(GroundTruthJobTest, RejectsKOutsideTheBase) {
  for (const std::uint32_t k : {0u, 5001u}) {
    params_.k = k;
    const auto report = ComputeGroundTruth(params_, Cancellation::Never(), Progress::None());
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(report.error().message, HasSubstr("expected 1 to 5000"));
  }
}

}  // namespace
}  // namespace kith
