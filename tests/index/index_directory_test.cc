#include "index/index_directory.h"

#include <filesystem>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "index/flat/flat_index.h"
#include "storage/segment_file.h"
#include "tests/index/flat/exact_answers.h"
#include "tests/index/memory_reader.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using testing::HasSubstr;

TEST(IndexDirectoryTest, OpensTheFolderAndTheFileInIt) {
  const TemporaryFolder folder;
  const Matrix<float> base = RandomMatrix(20, 4, 1);
  ASSERT_TRUE(BuildFlatIndex(MemoryReader(base.view(), DataType::kF32), {}, folder / kIndexFileName,
                             Cancellation::Never(), Progress::None())
                  .ok());
  for (const std::string& path : {folder.path(), folder / kIndexFileName}) {
    for (const LoadMode mode : {LoadMode::kResident, LoadMode::kMapped}) {
      const Result<std::unique_ptr<VectorIndex>> index = OpenIndex(path, mode);
      ASSERT_TRUE(index.ok()) << index.error().message;
      EXPECT_EQ(index.value()->info().kind, "flat");
      std::vector<Neighbor> out(1);
      ASSERT_TRUE(index.value()->NewSearcher()->Search(base.row(13), {.k = 1}, out).ok());
      EXPECT_EQ(out[0], (Neighbor{0.0f, 13}));
    }
  }
}

TEST(IndexDirectoryTest, AMissingIndexIsNotFound) {
  const TemporaryFolder folder;
  for (const std::string& path : {folder.path(), folder / "nowhere"}) {
    const Result<std::unique_ptr<VectorIndex>> index = OpenIndex(path, LoadMode::kMapped);
    ASSERT_FALSE(index.ok());
    EXPECT_EQ(index.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(index.error().message, HasSubstr(path));
  }
}

TEST(IndexDirectoryTest, AFileThatIsNoIndexIsNamedWithItsKind) {
  const TemporaryFolder folder;
  Result<SegmentWriter> writer =
      SegmentWriter::Create(folder / kIndexFileName, "text-encoder", OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer.value().Commit().ok());
  const Result<std::unique_ptr<VectorIndex>> index = OpenIndex(folder.path(), LoadMode::kMapped);
  ASSERT_FALSE(index.ok());
  EXPECT_EQ(index.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(index.error().message, HasSubstr("\"text-encoder\""));
}

}  // namespace
}  // namespace kith
