#include "engine/jobs/build_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index/index_directory.h"
#include "tests/engine/jobs/cancelling_progress.h"
#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BuildJobTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("base.fvecs", Texmex(ClusteredRows(500, 8, 1)));
    params_.input = folder_ / "base.fvecs";
    params_.output = folder_ / "a.index";
    params_.threads = 2;
    params_.hnsw.calibration_queries = 50;
  }

  Result<BuildReport> Build() {
    return BuildIndex(params_, Cancellation::Never(), Progress::None());
  }

  TemporaryFolder folder_;
  BuildParams params_;
};

TEST(IndexKindTest, NamesReadBack) {
  for (const IndexKind kind : {IndexKind::kHnsw, IndexKind::kFlat}) {
    EXPECT_EQ(ParseIndexKind(IndexKindName(kind)).value(), kind);
  }
  EXPECT_EQ(ParseIndexKind("spann").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(ParseIndexKind("").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(BuildJobTest, ReportsWhatItBuilt) {
  for (const IndexKind kind : {IndexKind::kHnsw, IndexKind::kFlat}) {
    params_.index = kind;
    params_.if_exists = OutputFile::IfExists::kReplace;
    const auto report = Build();
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report.value().vectors, 500u);
    EXPECT_EQ(report.value().dim, 8u);
    EXPECT_GT(report.value().seconds, 0);
    EXPECT_GT(report.value().peak_resident_bytes, 0u);
    EXPECT_EQ(report.value().calibration.empty(), kind == IndexKind::kFlat);
    const auto index = OpenIndex(params_.output, LoadMode::kMapped);
    ASSERT_TRUE(index.ok()) << index.error().message;
    EXPECT_EQ(index.value()->info().kind, IndexKindName(kind));
    EXPECT_EQ(index.value()->info().file_bytes, report.value().index_bytes);
  }
}

TEST_F(BuildJobTest, StoppedAtAnyPointItLeavesNothing) {
  for (const IndexKind kind : {IndexKind::kHnsw, IndexKind::kFlat}) {
    params_.index = kind;
    CancellingProgress whole;
    ASSERT_TRUE(BuildIndex(params_, whole.cancellation(), whole).ok());
    std::filesystem::remove_all(params_.output);
    ASSERT_GT(whole.calls(), 1u);
    for (std::uint64_t at = 1; at <= whole.calls(); ++at) {
      CancellingProgress progress(at);
      const auto report = BuildIndex(params_, progress.cancellation(), progress);
      ASSERT_FALSE(report.ok()) << "call " << at << " of " << whole.calls();
      EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
      EXPECT_THAT(folder_.List(), ElementsAre("base.fvecs"));
    }
  }
}

TEST_F(BuildJobTest, ReplacesAnIndexOnlyWhenAsked) {
  ASSERT_TRUE(Build().ok());
  const auto again = Build();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  params_.if_exists = OutputFile::IfExists::kReplace;
  EXPECT_TRUE(Build().ok());
  EXPECT_THAT(folder_.List(), ElementsAre("a.index", "base.fvecs"));
}

TEST_F(BuildJobTest, NeverReplacesSomethingElse) {
  std::filesystem::create_directory(params_.output);
  folder_.Write("a.index/letters.txt", "dear");
  params_.if_exists = OutputFile::IfExists::kReplace;
  const auto report = Build();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("a.index"));
  EXPECT_EQ(folder_.Read("a.index/letters.txt"), "dear");
}

TEST_F(BuildJobTest, RefusesMoreMemoryThanAllowed) {
  params_.hnsw.memory_bytes_max = 1000;
  const auto report = Build();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(folder_.List(), ElementsAre("base.fvecs"));
}

}  // namespace
}  // namespace kith
