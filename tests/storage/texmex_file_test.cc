#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/vector_file.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TexmexFileTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.File("a.fvecs");

  // A row that claims `dim` and holds `values`.
  static std::string Row(std::int32_t dim, std::initializer_list<float> values) {
    std::string bytes;
    AppendObject(bytes, dim);
    for (const float value : values) AppendObject(bytes, value);
    return bytes;
  }
};

TEST_F(TexmexFileTest, LayoutIsADimBeforeEveryRow) {
  WriteBytes(path_, Row(2, {1, 2}) + Row(2, {3, 4}) + Row(2, {-5, 0.5}));
  const auto all = ReadAllF32(path_, 1 << 10);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_THAT(all.value().row(0), ElementsAre(1, 2));
  EXPECT_THAT(all.value().row(2), ElementsAre(-5, 0.5));

  auto writer = VectorWriter::Create(directory_.File("b.fvecs"), DataType::kF32, 2,
                                     OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value()->AppendF32(all.value().view()).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());
  EXPECT_EQ(ReadBytes(directory_.File("b.fvecs")), ReadBytes(path_));
}

TEST_F(TexmexFileTest, BytesFollowTheirDim) {
  WriteBytes(directory_.File("a.bvecs"), std::string("\3\0\0\0\1\2\377\3\0\0\0\0\200\7", 14));
  const auto all = ReadAllF32(directory_.File("a.bvecs"), 1 << 10);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_THAT(all.value().row(0), ElementsAre(1, 2, 255));
  EXPECT_THAT(all.value().row(1), ElementsAre(0, 128, 7));
}

TEST_F(TexmexFileTest, RowOfAnotherDimIsNamedWhenRead) {
  WriteBytes(path_, Row(2, {1, 2}) + Row(2, {3, 4}) + Row(3, {5, 6}) + Row(2, {7, 8}));
  const auto reader = VectorReader::Open(path_);
  ASSERT_TRUE(reader.ok());
  Matrix<float> out(4, 2);
  EXPECT_TRUE(reader.value()->ReadF32(0, out.view().rows(0, 2)).ok());
  EXPECT_TRUE(reader.value()->ReadF32(3, out.view().rows(0, 1)).ok());
  const Status status = reader.value()->ReadF32(0, out.view());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.error().message,
              HasSubstr("row 2 at offset 24 has dim 3, expected 2 as in row 0"));
}

TEST_F(TexmexFileTest, DimOfALateBlockIsChecked) {
  std::string bytes;
  for (int row = 0; row < 200'000; ++row) bytes += Row(row == 199'999 ? -1 : 1, {0});
  WriteBytes(path_, bytes);
  const auto all = ReadAllF32(path_, 1 << 20);
  ASSERT_FALSE(all.ok());
  EXPECT_THAT(all.error().message, HasSubstr("row 199999 at offset 1599992 has dim -1"));
}

TEST_F(TexmexFileTest, FirstDimOutOfRangeIsAnError) {
  for (const std::int32_t dim : {0, -1, 65537, 0x7fffffff, -0x7fffffff}) {
    WriteBytes(path_, Row(dim, {1, 2}));
    const auto reader = VectorReader::Open(path_);
    ASSERT_FALSE(reader.ok()) << dim;
    EXPECT_EQ(reader.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(reader.error().message,
                HasSubstr("row 0 at offset 0 has dim " + std::to_string(dim)));
  }
}

TEST_F(TexmexFileTest, CutRowIsNamed) {
  WriteBytes(path_, (Row(2, {1, 2}) + Row(2, {3, 4})).substr(0, 21));
  const auto reader = VectorReader::Open(path_);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(reader.error().message, HasSubstr("row 1 at offset 12 has 9 bytes"));
}

TEST_F(TexmexFileTest, FileOfZeroBytesIsZeroRowsOfDimZero) {
  WriteBytes(path_, "");
  const auto reader = VectorReader::Open(path_);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader.value()->info().rows, 0u);
  EXPECT_EQ(reader.value()->info().dim, 0u);
  const auto all = ReadAllF32(path_, 0);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all.value().rows(), 0u);
}

TEST_F(TexmexFileTest, FileThatShrinksUnderTheReaderIsCorruption) {
  WriteBytes(path_, Row(2, {1, 2}) + Row(2, {3, 4}));
  const auto reader = VectorReader::Open(path_);
  std::filesystem::resize_file(path_, 14);
  Matrix<float> out(2, 2);
  const Status status = reader.value()->ReadF32(0, out.view());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace kith
