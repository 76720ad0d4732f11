#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/vector_file.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BigannFileTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;

  static std::string Header(std::uint32_t rows, std::uint32_t dim) {
    std::string bytes;
    AppendObject(bytes, rows);
    AppendObject(bytes, dim);
    return bytes;
  }
};

TEST_F(BigannFileTest, LayoutIsRowsDimValues) {
  const std::string path = directory_.File("a.u8bin");
  WriteBytes(path, Header(2, 3) + "\1\2\3\4\5\xff");
  const auto all = ReadAllF32(path, 1 << 10);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_THAT(all.value().row(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(all.value().row(1), ElementsAre(4, 5, 255));

  auto writer = VectorWriter::Create(directory_.File("b.u8bin"), DataType::kU8, 3,
                                     OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value()->AppendF32(all.value().view()).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());
  EXPECT_EQ(ReadBytes(directory_.File("b.u8bin")), ReadBytes(path));
}

TEST_F(BigannFileTest, HeaderMustAgreeWithTheSize) {
  const std::string path = directory_.File("a.fbin");
  // The last two: rows * dim * 4 is 0 and 24 modulo 2^64 or 2^32.
  for (const auto& [rows, dim] : {std::pair{2u, 4u},
                                  {3u, 3u},
                                  {1u, 3u},
                                  {0u, 3u},
                                  {~0u, 3u},
                                  {0x80000000u, 32768u},
                                  {0x40000002u, 3u}}) {
    WriteBytes(path, Header(rows, dim) + std::string(24, '\1'));
    const auto reader = VectorReader::Open(path);
    ASSERT_FALSE(reader.ok()) << rows << " x " << dim;
    EXPECT_EQ(reader.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(reader.error().message, HasSubstr("24 bytes there"));
  }
  WriteBytes(path, Header(2, 3) + std::string(24, '\1'));
  EXPECT_TRUE(VectorReader::Open(path).ok());
}

TEST_F(BigannFileTest, DimOutOfRangeIsAnError) {
  const std::string path = directory_.File("a.fbin");
  for (const std::uint32_t dim : {0u, 65537u, ~0u}) {
    WriteBytes(path, Header(2, dim));
    const auto reader = VectorReader::Open(path);
    ASSERT_FALSE(reader.ok()) << dim;
    EXPECT_EQ(reader.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(reader.error().message, HasSubstr("dim " + std::to_string(dim)));
  }
}

TEST_F(BigannFileTest, GroundTruthDistancesArePassedOver) {
  const std::string path = directory_.File("a.ibin");
  std::string bytes = Header(2, 2);
  for (const std::int32_t id : {7, 3, 9, 1}) AppendObject(bytes, id);
  for (const float distance : {.5f, .6f, .7f, .8f}) AppendObject(bytes, distance);
  WriteBytes(path, bytes);
  const auto all = ReadAllI32(path, 1 << 10);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_THAT(all.value().row(0), ElementsAre(7, 3));
  EXPECT_THAT(all.value().row(1), ElementsAre(9, 1));
  WriteBytes(directory_.File("a.fbin"), bytes);
  EXPECT_FALSE(VectorReader::Open(directory_.File("a.fbin")).ok()) << "vectors have no distances";
}

}  // namespace
}  // namespace kith
