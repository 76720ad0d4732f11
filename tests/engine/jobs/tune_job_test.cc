#include "engine/jobs/tune_job.h"

#include <gtest/gtest.h>

#include "engine/jobs/build_job.h"
#include "tests/engine/jobs/cancelling_progress.h"
#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

class TuneJobTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("base.fvecs", Texmex(ClusteredRows(2000, 16, 1)));
    folder_.Write("query.fvecs", Texmex(ClusteredRows(100, 16, 2)));
    BuildParams build;
    build.input = folder_ / "base.fvecs";
    build.output = folder_ / "a.index";
    build.hnsw.m = 3;  // a poor graph, so that recall depends on ef_search
    build.hnsw.ef_construction = 10;
    ASSERT_TRUE(BuildIndex(build, Cancellation::Never(), Progress::None()).ok());
    params_.index = build.output;
    params_.queries = folder_ / "query.fvecs";
    params_.seconds_min = 0;
  }

  TuneReport Tune() {
    auto report = TuneIndex(params_, Cancellation::Never(), Progress::None());
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().message);
    return report.ok() ? std::move(report).value() : TuneReport();
  }

  TemporaryFolder folder_;
  TuneParams params_;
};

TEST_F(TuneJobTest, TheChoiceIsTheSmallestSettingThatReachesTheTarget) {
  params_.target_recalls = {0.9};
  const TuneReport report = Tune();
  ASSERT_EQ(report.choices.size(), 1u);
  ASSERT_TRUE(report.choices[0].cheapest.has_value());
  const TunePoint chosen = *report.choices[0].cheapest;
  EXPECT_GE(chosen.recall_at_10, 0.9);
  ASSERT_GT(chosen.ef_search, 10u) << "the graph is too good for this test";
  params_.ef_searches = {chosen.ef_search - 1, chosen.ef_search};
  const TuneReport around = Tune();
  ASSERT_EQ(around.curve.size(), 2u);
  EXPECT_LT(around.curve[0].recall_at_10, 0.9);
  EXPECT_EQ(around.curve[1].recall_at_10, chosen.recall_at_10);
}

TEST_F(TuneJobTest, ATargetBeyondTheCurveIsNotReached) {
  params_.target_recalls = {1.0};
  params_.ef_searches = {10};
  const TuneReport report = Tune();
  ASSERT_EQ(report.choices.size(), 1u);
  EXPECT_FALSE(report.choices[0].cheapest.has_value());
  EXPECT_GT(report.choices[0].calibrated.ef_search, 0u);
}

TEST_F(TuneJobTest, SortsPointsAndDropsDoubles) {
  params_.ef_searches = {40, 20, 40};
  const TuneReport report = Tune();
  ASSERT_EQ(report.curve.size(), 2u);
  EXPECT_EQ(report.curve[0].ef_search, 20u);
  EXPECT_EQ(report.curve[1].ef_search, 40u);
}

TEST_F(TuneJobTest, StopsWhenAsked) {
  for (const std::uint64_t at : {1, 5, 10}) {
    CancellingProgress progress(at);
    const auto report = TuneIndex(params_, progress.cancellation(), progress);
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  }
}

TEST_F(TuneJobTest, NeedsQueries) {
  folder_.Write("none.fbin", EmptyFbin(16));
  params_.queries = folder_ / "none.fbin";
  const auto report = TuneIndex(params_, Cancellation::Never(), Progress::None());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kith
