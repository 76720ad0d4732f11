// What every format has in common; one file a format family holds the rest.
#include "storage/vector_file.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/half.h"
#include "core/random.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

struct FormatCase {
  std::string name;  // of the file
  DataType type;
};

std::string CaseName(const ::testing::TestParamInfo<FormatCase>& info) {
  std::string text = info.param.name + "_" + std::string(DataTypeName(info.param.type));
  for (char& c : text) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return text;
}

std::vector<std::byte> RandomBytes(std::size_t count, std::uint64_t seed) {
  std::vector<std::byte> bytes(count);
  RandomStream random(seed, 0);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random());
  return bytes;
}

class VectorFormatTest : public ::testing::TestWithParam<FormatCase> {
 protected:
  TemporaryDirectory directory_;
  DataType type_ = GetParam().type;

  std::string Path() const { return directory_.File(GetParam().name); }

  void WriteRaw(std::span<const std::byte> rows, std::uint32_t dim) {
    auto writer = VectorWriter::Create(Path(), type_, dim, OutputFile::IfExists::kReplace);
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    const std::size_t row_bytes = dim * DataTypeBytes(type_);
    // In uneven pieces: one row, then the rest.
    const std::size_t head = std::min(row_bytes, rows.size());
    ASSERT_TRUE(writer.value()->AppendRaw(rows.first(head)).ok());
    ASSERT_TRUE(writer.value()->AppendRaw(rows.subspan(head)).ok());
    EXPECT_EQ(writer.value()->rows(), rows.size() / row_bytes);
    const Status status = writer.value()->Commit();
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
};

TEST_P(VectorFormatTest, RowsComeBackAsWritten) {
  for (const std::uint32_t dim : {1u, 3u, 16u, 129u, 5000u}) {
    for (const std::uint64_t rows : {1u, 2u, 137u}) {
      const std::size_t row_bytes = dim * DataTypeBytes(type_);
      const auto bytes = RandomBytes(rows * row_bytes, dim * 1000 + rows);
      WriteRaw(bytes, dim);
      const auto opened = VectorReader::Open(Path());
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      const VectorReader& reader = *opened.value();
      EXPECT_EQ(reader.info().rows, rows);
      EXPECT_EQ(reader.info().dim, dim);
      EXPECT_EQ(reader.info().type, type_);
      EXPECT_EQ(reader.info().path, Path());

      std::vector<std::byte> back(bytes.size());
      ASSERT_TRUE(reader.ReadRaw(0, rows, back).ok());
      EXPECT_EQ(back, bytes) << dim << " x " << rows;
      back.resize(row_bytes);
      ASSERT_TRUE(reader.ReadRaw(rows - 1, 1, back).ok());
      EXPECT_TRUE(std::equal(back.begin(), back.end(), bytes.end() - row_bytes)) << "last row";
      ASSERT_TRUE(reader.ReadRaw(rows, 0, {}).ok());
    }
  }
}

TEST_P(VectorFormatTest, WidestRowsComeBackAsWritten) {
  const auto bytes = RandomBytes(3 * kDimMax * DataTypeBytes(type_), 1);
  WriteRaw(bytes, kDimMax);
  const auto reader = VectorReader::Open(Path());
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  std::vector<std::byte> back(bytes.size());
  ASSERT_TRUE(reader.value()->ReadRaw(0, 3, back).ok());
  EXPECT_EQ(back, bytes);
}

TEST_P(VectorFormatTest, FileWithoutRowsIsReadable) {
  WriteRaw({}, 7);
  const auto reader = VectorReader::Open(Path());
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader.value()->info().rows, 0u);
  EXPECT_TRUE(reader.value()->ReadRaw(0, 0, {}).ok());
  EXPECT_EQ(ReadAllF32(Path(), 0).value().rows(), 0u);
}

TEST_P(VectorFormatTest, FloatsSurviveWhenTheTypeHoldsThem) {
  constexpr std::size_t kRows = 600, kDim = 101;  // several conversion blocks
  Matrix<float> rows(kRows, kDim);
  RandomStream random(5, 0);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (float& value : rows.row(r)) {
      value = static_cast<float>(random.Below(128)) * (type_ == DataType::kU8 ? 1 : -1);
      if (type_ == DataType::kF32 || type_ == DataType::kF16) value /= 8;
    }
  }
  auto writer = VectorWriter::Create(Path(), type_, kDim, OutputFile::IfExists::kReplace);
  ASSERT_TRUE(writer.value()->AppendF32(rows.view().rows(0, 7)).ok());
  ASSERT_TRUE(writer.value()->AppendF32(rows.view().rows(7, kRows - 7)).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());

  const auto all = ReadAllF32(Path(), kRows * kDim * sizeof(float));
  ASSERT_TRUE(all.ok()) << all.error().message;
  for (std::size_t r = 0; r < kRows; ++r) {
    ASSERT_TRUE(std::ranges::equal(all.value().row(r), rows.row(r))) << "row " << r;
  }
  // Rows of a padded matrix, from the middle.
  Matrix<float> padded(300, kDim + 3);
  MatrixView<float> view(padded.data(), 300, kDim, kDim + 3);
  ASSERT_TRUE(VectorReader::Open(Path()).value()->ReadF32(250, view).ok());
  for (std::size_t r = 0; r < 300; ++r) {
    ASSERT_TRUE(std::ranges::equal(view.row(r), rows.row(250 + r))) << "row " << r;
    ASSERT_EQ(padded.row(r)[kDim], 0.0f) << "padding untouched";
  }
}

class NarrowFormatTest : public VectorFormatTest {};  // one or two bytes a value

TEST_P(NarrowFormatTest, EveryBitPatternConvertsByDefinition) {
  const std::size_t patterns = std::size_t{1} << 8 * DataTypeBytes(type_);
  std::vector<std::byte> bytes(patterns * DataTypeBytes(type_));
  for (std::size_t i = 0; i < patterns; ++i) {
    std::memcpy(bytes.data() + i * DataTypeBytes(type_), &i, DataTypeBytes(type_));
  }
  WriteRaw(bytes, 256);
  const auto all = ReadAllF32(Path(), 1 << 20);
  ASSERT_TRUE(all.ok());
  for (std::size_t i = 0; i < patterns; ++i) {
    const float expected = type_ == DataType::kU8 ? static_cast<float>(i)
                           : type_ == DataType::kI8
                               ? static_cast<float>(static_cast<std::int8_t>(i))
                               : ToFloat(F16{static_cast<std::uint16_t>(i)});
    const float found = all.value().data()[i];
    ASSERT_TRUE(found == expected || (std::isnan(found) && std::isnan(expected))) << i;
  }
}

class IntegerFormatTest : public VectorFormatTest {};

TEST_P(IntegerFormatTest, RefusesWhatItCannotHold) {
  const double low = type_ == DataType::kU8 ? 0 : type_ == DataType::kI8 ? -128 : -2147483648.0;
  const double high = type_ == DataType::kU8 ? 255 : type_ == DataType::kI8 ? 127 : 2147483520.0;
  const double beyond = type_ == DataType::kI32 ? 2147483648.0 : high + 1;
  const float fits[] = {static_cast<float>(low), static_cast<float>(high), -0.0f, 1};
  auto writer = VectorWriter::Create(Path(), type_, 4, OutputFile::IfExists::kReplace);
  ASSERT_TRUE(writer.value()->AppendF32({fits, 1, 4}).ok());
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {static_cast<float>(beyond), static_cast<float>(low * 1.01 - 1), 0.5f,
                          kInfinity, -kInfinity, std::nanf("")}) {
    const float rows[] = {1, 2, 3, 4, 5, 6, bad, 8};
    const Status status = writer.value()->AppendF32({rows, 2, 4});
    ASSERT_FALSE(status.ok()) << bad;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.error().message, HasSubstr("row 2 column 2: "));
  }
  ASSERT_TRUE(writer.value()->Commit().ok());
  const auto all = ReadAllF32(Path(), 1 << 10);
  ASSERT_EQ(all.value().rows(), 1u);
  EXPECT_TRUE(std::ranges::equal(all.value().row(0), fits));
}

TEST_P(VectorFormatTest, OnlyIntegerFilesReadAsI32) {
  const auto bytes = RandomBytes(12 * 5 * DataTypeBytes(type_), 3);
  WriteRaw(bytes, 5);
  const auto all = ReadAllI32(Path(), 1 << 10);
  ASSERT_EQ(all.ok(), type_ == DataType::kI32);
  if (!all.ok()) {
    EXPECT_EQ(all.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(all.error().message, HasSubstr("expected i32"));
    return;
  }
  EXPECT_EQ(std::memcmp(all.value().data(), bytes.data(), bytes.size()), 0);
  Matrix<std::int32_t> padded(3, 8);
  MatrixView<std::int32_t> view(padded.data(), 3, 5, 8);
  ASSERT_TRUE(VectorReader::Open(Path()).value()->ReadI32(2, view).ok());
  for (std::size_t r = 0; r < 3; ++r) {
    EXPECT_TRUE(std::ranges::equal(view.row(r), all.value().row(2 + r)));
  }
}

TEST_P(VectorFormatTest, ReadingAllRefusesMoreThanItsBound) {
  WriteRaw(RandomBytes(10 * 6 * DataTypeBytes(type_), 3), 6);
  EXPECT_TRUE(ReadAllF32(Path(), 240).ok());
  const auto all = ReadAllF32(Path(), 239);
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(all.error().message, HasSubstr("10 * 24 bytes of memory, allowed are 239"));
}

TEST_P(VectorFormatTest, EveryTruncationIsAnError) {
  WriteRaw(RandomBytes(5 * 33 * DataTypeBytes(type_), 3), 33);
  const std::string good = ReadBytes(Path());
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
    WriteBytes(Path(), good.substr(0, bytes));
    const auto reader = VectorReader::Open(Path());
    // A texmex file has no header to say how many rows it should have.
    if (reader.ok() && reader.value()->info().format.ends_with("vecs")) {
      ASSERT_EQ(bytes % (4 + 33 * DataTypeBytes(type_)), 0u) << bytes;
      continue;
    }
    ASSERT_FALSE(reader.ok()) << bytes << " of " << good.size();
    ASSERT_THAT(reader.error().message, HasSubstr(Path()));
  }
}

TEST_P(VectorFormatTest, TrailingBytesAreAnError) {
  WriteRaw(RandomBytes(5 * 33 * DataTypeBytes(type_), 3), 33);
  WriteBytes(Path(), ReadBytes(Path()) + "x");
  const auto reader = VectorReader::Open(Path());
  if (Path().find(".h") != std::string::npos) {
    EXPECT_TRUE(reader.ok()) << "HDF5 allows bytes behind its end";
  } else {
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().code, ErrorCode::kCorruption);
  }
}

TEST_P(VectorFormatTest, SameRowsGiveTheSameBytes) {
  const auto rows = RandomBytes(50 * 8 * DataTypeBytes(type_), 9);
  WriteRaw(rows, 8);
  const std::string first = ReadBytes(Path());
  WriteRaw(rows, 8);
  EXPECT_EQ(ReadBytes(Path()), first);
}

TEST_P(VectorFormatTest, ReaderServesManyThreads) {
  constexpr std::size_t kRows = 2000, kDim = 24;
  const std::size_t row_bytes = kDim * DataTypeBytes(type_);
  const auto bytes = RandomBytes(kRows * row_bytes, 11);
  WriteRaw(bytes, kDim);
  const auto opened = VectorReader::Open(Path());
  std::vector<std::vector<std::byte>> parts(4, std::vector<std::byte>(bytes.size()));
  std::vector<std::thread> threads;
  for (auto& part : parts) {
    threads.emplace_back([&] {
      for (std::size_t row = 0; row < kRows; row += 50) {
        const auto out = std::span(part).subspan(row * row_bytes, 50 * row_bytes);
        EXPECT_TRUE(opened.value()->ReadRaw(row, 50, out).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& part : parts) EXPECT_EQ(part, bytes);
}

TEST_P(VectorFormatTest, ExistingFileIsKeptUnlessReplacingIsAsked) {
  WriteRaw(RandomBytes(8 * DataTypeBytes(type_), 3), 8);
  const auto writer = VectorWriter::Create(Path(), type_, 4, OutputFile::IfExists::kRefuse);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(VectorReader::Open(Path()).value()->info().dim, 8u);
}

TEST_P(VectorFormatTest, UncommittedFileLeavesNothingBehind) {
  {
    auto writer = VectorWriter::Create(Path(), type_, 4, OutputFile::IfExists::kRefuse);
    ASSERT_TRUE(writer.value()->AppendRaw(RandomBytes(4 * DataTypeBytes(type_), 3)).ok());
  }
  EXPECT_EQ(directory_.FileCount(), 0u);
}

TEST_P(VectorFormatTest, WriterRefusesDimsOutOfRange) {
  for (const std::uint32_t dim : {0u, static_cast<std::uint32_t>(kDimMax) + 1, ~0u}) {
    const auto writer = VectorWriter::Create(Path(), type_, dim, OutputFile::IfExists::kRefuse);
    ASSERT_FALSE(writer.ok());
    EXPECT_EQ(writer.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(writer.error().message, HasSubstr("dim " + std::to_string(dim)));
  }
  EXPECT_EQ(directory_.FileCount(), 0u);
}

TEST_P(VectorFormatTest, MissingFileIsNotFound) {
  const auto reader = VectorReader::Open(Path());
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::kNotFound);
}

const std::vector<FormatCase> kCases = {
    {"a.fvecs", DataType::kF32}, {"a.bvecs", DataType::kU8}, {"a.ivecs", DataType::kI32},
    {"a.npy", DataType::kF32},   {"a.npy", DataType::kF16},  {"a.npy", DataType::kU8},
    {"a.npy", DataType::kI8},    {"a.npy", DataType::kI32},  {"a.fbin", DataType::kF32},
    {"a.u8bin", DataType::kU8},  {"a.i8bin", DataType::kI8}, {"a.ibin", DataType::kI32},
    {"a.hdf5", DataType::kF32},  {"a.h5", DataType::kF16},   {"a.hdf5", DataType::kU8},
    {"a.hdf5", DataType::kI8},   {"a.hdf5", DataType::kI32},
};

std::vector<FormatCase> CasesWhere(bool (*holds)(DataType)) {
  std::vector<FormatCase> cases;
  for (const FormatCase& c : kCases) {
    if (holds(c.type)) cases.push_back(c);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, VectorFormatTest, ::testing::ValuesIn(kCases), CaseName);
INSTANTIATE_TEST_SUITE_P(All, NarrowFormatTest, ::testing::ValuesIn(CasesWhere([](DataType type) {
                           return DataTypeBytes(type) <= 2;
                         })),
                         CaseName);
INSTANTIATE_TEST_SUITE_P(All, IntegerFormatTest, ::testing::ValuesIn(CasesWhere([](DataType type) {
                           return type != DataType::kF32 && type != DataType::kF16;
                         })),
                         CaseName);

TEST(VectorFileTest, UnknownExtensionListsTheKnownOnes) {
  for (const std::string path : {"rows.txt", "rows", "rows.txt:train", "fvecs", ""}) {
    const auto reader = VectorReader::Open(path);
    ASSERT_FALSE(reader.ok()) << path;
    EXPECT_EQ(reader.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(reader.error().message, HasSubstr(".fvecs"));
    EXPECT_THAT(reader.error().message, HasSubstr(".hdf5"));
  }
}

TEST(VectorFileTest, ExtensionMayBeInCapitals) {
  const TemporaryDirectory directory;
  WriteBytes(directory.File("A.FVECS"), "");
  EXPECT_TRUE(VectorReader::Open(directory.File("A.FVECS")).ok());
}

TEST(VectorFileTest, WriterNamesTheTypesOfItsFormat) {
  const TemporaryDirectory directory;
  const auto writer = VectorWriter::Create(directory.File("a.bvecs"), DataType::kF32, 4,
                                           OutputFile::IfExists::kRefuse);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(writer.error().message, HasSubstr(".bvecs files hold u8, not f32"));
}

TEST(VectorFileTest, FolderInPlaceOfAFileIsAnError) {
  const TemporaryDirectory directory;
  for (const char* name : {"a.fvecs", "a.npy", "a.hdf5"}) {
    std::filesystem::create_directory(directory.File(name));
    EXPECT_FALSE(VectorReader::Open(directory.File(name)).ok()) << name;
  }
}

}  // namespace
}  // namespace kith
