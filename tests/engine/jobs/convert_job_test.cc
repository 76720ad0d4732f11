#include "engine/jobs/convert_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/jobs/row_blocks.h"
#include "tests/engine/jobs/cancelling_progress.h"
#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;

TEST(RowBlocksTest, HoldAboutEightMegabytesAndAtLeastOneRow) {
  EXPECT_EQ(RowsPerBlock(1024), 8192u);
  EXPECT_EQ(RowsPerBlock(kBlockBytes + 1), 1u);
  EXPECT_EQ(RowsPerBlock(0), kBlockBytes);
}

class ConvertJobTest : public testing::Test {
 protected:
  Result<ConvertReport> Convert(const std::string& from, const std::string& to,
                                std::optional<DataType> type = std::nullopt) {
    return ConvertVectors({.input = folder_ / from, .output = folder_ / to, .type = type},
                          Cancellation::Never(), Progress::None());
  }
  TemporaryFolder folder_;
};

TEST_F(ConvertJobTest, CopiesBlocksOfRowsInOrder) {
  // 9 MiB: two blocks raw, and two as floats.
  std::vector<std::vector<float>> rows(2400, std::vector<float>(1000));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t d = 0; d < 1000; ++d) rows[r][d] = static_cast<float>((r * 31 + d) % 256);
  }
  folder_.Write("a.fvecs", Texmex(rows));
  ASSERT_TRUE(Convert("a.fvecs", "b.fbin").ok());
  ASSERT_TRUE(Convert("b.fbin", "c.bvecs").ok());
  ASSERT_TRUE(Convert("c.bvecs", "d.fvecs").ok());
  EXPECT_EQ(folder_.Read("d.fvecs"), folder_.Read("a.fvecs"));
}

TEST_F(ConvertJobTest, TheFormatDecidesTheTypeUnlessOneIsGiven) {
  folder_.Write("a.bvecs", Texmex<std::uint8_t>({{1, 2}, {3, 4}}));
  EXPECT_EQ(Convert("a.bvecs", "b.fvecs").value().output_type, DataType::kF32);
  EXPECT_EQ(Convert("a.bvecs", "b.npy").value().output_type, DataType::kU8);
  EXPECT_EQ(Convert("a.bvecs", "c.npy", DataType::kI8).value().output_type, DataType::kI8);
  EXPECT_EQ(Convert("a.bvecs", "b.ivecs").value().output_type, DataType::kI32);
  const auto wrong = Convert("a.bvecs", "d.fvecs", DataType::kU8);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ConvertJobTest, NoRowsAreAFileToo) {
  folder_.Write("a.fbin", EmptyFbin(3));
  const auto report = Convert("a.fbin", "b.npy");
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().vectors, 0u);
  EXPECT_EQ(report.value().dim, 3u);
}

TEST_F(ConvertJobTest, StoppedItLeavesNothing) {
  folder_.Write("a.fvecs", Texmex(ClusteredRows(3000, 1000, 1)));
  for (const DataType type : {DataType::kF32, DataType::kF16}) {
    CancellingProgress progress(2);  // after the first block
    const auto report =
        ConvertVectors({.input = folder_ / "a.fvecs", .output = folder_ / "b.npy", .type = type},
                       progress.cancellation(), progress);
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
    EXPECT_THAT(folder_.List(), ElementsAre("a.fvecs"));
  }
}

}  // namespace
}  // namespace kith
