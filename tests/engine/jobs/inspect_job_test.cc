#include "engine/jobs/inspect_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/jobs/build_job.h"
#include "tests/engine/jobs/cancelling_progress.h"
#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

class InspectJobTest : public testing::Test {
 protected:
  // A segment file of a kind that nobody knows, with one section.
  std::string WriteSegment(const std::string& name) {
    auto writer = SegmentWriter::Create(folder_ / name, "mystery", OutputFile::IfExists::kReplace);
    EXPECT_TRUE(writer.ok());
    EXPECT_TRUE(writer.value().AddSection("letters", std::as_bytes(std::span("abc", 3))).ok());
    EXPECT_TRUE(writer.value().Commit().ok());
    return folder_ / name;
  }

  Result<VerifyReport> Verify(const std::string& path) {
    return VerifyPath(path, Cancellation::Never(), Progress::None());
  }

  TemporaryFolder folder_;
};

TEST_F(InspectJobTest, KnowsASegmentFileByItsMagicWhateverItsName) {
  for (const char* name : {"a.kith", "a.fvecs", "a"}) {
    const auto report = InspectPath(WriteSegment(name));
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report.value().kind, PathKind::kSegmentFile);
    EXPECT_EQ(report.value().segment_kind, "mystery");
    ASSERT_EQ(report.value().sections.size(), 1u);
    EXPECT_EQ(report.value().sections[0].name, "letters");
    EXPECT_EQ(report.value().sections[0].bytes, 3u);
    EXPECT_EQ(Verify(folder_ / name).value().kind, PathKind::kSegmentFile);
  }
}

TEST_F(InspectJobTest, AFolderMustHoldAnIndex) {
  std::filesystem::create_directory(folder_ / "a");
  EXPECT_EQ(InspectPath(folder_ / "a").error().code, ErrorCode::kInvalidArgument);
  WriteSegment("a/index.kith");
  const auto report = InspectPath(folder_ / "a");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(report.error().message, HasSubstr("\"mystery\""));
}

TEST_F(InspectJobTest, VerifyFindsTheSectionThatChanged) {
  const std::string path = WriteSegment("a.kith");
  std::string bytes = folder_.Read("a.kith");
  const std::size_t place = bytes.find("abc");
  ASSERT_NE(place, std::string::npos);
  bytes[place] = 'x';
  folder_.Write("a.kith", bytes);
  EXPECT_TRUE(InspectPath(path).ok()) << "headers are right";
  const auto report = Verify(path);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(report.error().message, HasSubstr("letters"));
}

TEST_F(InspectJobTest, VerifyReadsEveryRowOfAVectorFile) {
  folder_.Write("a.fvecs", Texmex(ClusteredRows(3000, 1000, 1)));  // two blocks
  const auto report = Verify(folder_ / "a.fvecs");
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report.value().rows_checked, 3000u);
  EXPECT_EQ(report.value().bytes_checked, 3000u * 4000u);
  CancellingProgress progress(2);
  const auto stopped = VerifyPath(folder_ / "a.fvecs", progress.cancellation(), progress);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(InspectJobTest, TellsOfAnIndexWhatItsBuildReported) {
  folder_.Write("base.fvecs", Texmex(ClusteredRows(300, 8, 1)));
  BuildParams build;
  build.input = folder_ / "base.fvecs";
  build.output = folder_ / "a";
  const auto built = BuildIndex(build, Cancellation::Never(), Progress::None());
  ASSERT_TRUE(built.ok()) << built.error().message;
  const auto report = InspectPath(folder_ / "a");
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().kind, PathKind::kIndex);
  EXPECT_EQ(report.value().index->rows, 300u);
  EXPECT_EQ(report.value().index->codec, built.value().codec);
  EXPECT_EQ(report.value().file_bytes, built.value().index_bytes);
  EXPECT_EQ(report.value().calibration.size(), built.value().calibration.size());
}

}  // namespace
}  // namespace kith
