#include <hdf5.h>

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/vector_file.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Hdf5FileTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.File("a.hdf5");

  // What a dataset is made of, for the library.
  struct Recipe {
    std::string name = "train";
    hid_t stored = H5T_IEEE_F32LE, memory = H5T_NATIVE_FLOAT;
    std::vector<hsize_t> sizes = {2, 3};
    std::vector<hsize_t> chunk = {};  // empty: contiguous
    int deflate = 0;
    std::string external = "";  // a file for the values
  };

  void Make(const std::vector<Recipe>& recipes, const void* values) {
    const hid_t file = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ASSERT_GE(file, 0);
    for (const Recipe& recipe : recipes) {
      const auto rank = static_cast<int>(recipe.sizes.size());
      const hid_t space = H5Screate_simple(rank, recipe.sizes.data(), nullptr);
      const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
      if (!recipe.chunk.empty()) H5Pset_chunk(plist, rank, recipe.chunk.data());
      if (recipe.deflate > 0) H5Pset_deflate(plist, recipe.deflate);
      if (!recipe.external.empty()) {
        H5Pset_external(plist, recipe.external.c_str(), 0, H5F_UNLIMITED);
      }
      const hid_t links = H5Pcreate(H5P_LINK_CREATE);
      H5Pset_create_intermediate_group(links, 1);
      const hid_t dataset =
          H5Dcreate2(file, recipe.name.c_str(), recipe.stored, space, links, plist, H5P_DEFAULT);
      ASSERT_GE(dataset, 0) << recipe.name;
      if (values != nullptr) {
        ASSERT_GE(H5Dwrite(dataset, recipe.memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
      }
      H5Dclose(dataset);
      H5Pclose(links);
      H5Pclose(plist);
      H5Sclose(space);
    }
    ASSERT_GE(H5Fclose(file), 0);
  }

  Error ErrorOf(const std::string& path) {
    const auto reader = VectorReader::Open(path);
    EXPECT_FALSE(reader.ok());
    return reader.ok() ? Error{ErrorCode::kIoError, "no error"} : reader.error();
  }

  static constexpr float kSix[] = {1, 2, 3, 4, 5, 6};
};

TEST_F(Hdf5FileTest, DatasetIsNamedAfterAColon) {
  Make({{.name = "train"}, {.name = "test", .sizes = {3, 2}}, {.name = "deep/er/rows"}}, kSix);
  EXPECT_EQ(VectorReader::Open(path_).value()->info().rows, 2u);
  EXPECT_EQ(VectorReader::Open(path_ + ":test").value()->info().rows, 3u);
  EXPECT_THAT(ReadAllF32(path_ + ":deep/er/rows", 1 << 10).value().row(1), ElementsAre(4, 5, 6));
  EXPECT_EQ(VectorReader::Open(path_ + ":test").value()->info().path, path_ + ":test");
}

TEST_F(Hdf5FileTest, MissingDatasetListsWhatThereIs) {
  Make({{.name = "test"}, {.name = "neighbors"}}, kSix);
  const Error error = ErrorOf(path_);
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("no dataset \"train\""));
  EXPECT_THAT(error.message, HasSubstr("the file holds neighbors test"));
}

TEST_F(Hdf5FileTest, StoredTypesAreReadAsTheNearestOfOurs) {
  const auto read = [&](hid_t stored, DataType expected) {
    Make({{.stored = stored}}, kSix);
    const auto reader = VectorReader::Open(path_);
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ(reader.value()->info().type, expected);
    Matrix<float> all(2, 3);
    ASSERT_TRUE(reader.value()->ReadF32(0, all.view()).ok());
    EXPECT_THAT(all.row(1), ElementsAre(4, 5, 6));
  };
  read(H5T_IEEE_F32LE, DataType::kF32);
  read(H5T_IEEE_F32BE, DataType::kF32);
  read(H5T_IEEE_F64LE, DataType::kF32);
  read(H5T_STD_U8LE, DataType::kU8);
  read(H5T_STD_I8LE, DataType::kI8);
  read(H5T_STD_I32LE, DataType::kI32);
  read(H5T_STD_I32BE, DataType::kI32);
  read(H5T_STD_I64LE, DataType::kI32);
}

TEST_F(Hdf5FileTest, WideIntegersMustFit) {
  std::vector<std::int64_t> values(400'000, -5);
  values[399'999] = std::int64_t{1} << 31;
  Make({{.stored = H5T_STD_I64LE, .memory = H5T_NATIVE_INT64, .sizes = {100'000, 4}}},
       values.data());
  const auto reader = VectorReader::Open(path_);
  Matrix<std::int32_t> out(100'000, 4);
  EXPECT_TRUE(reader.value()->ReadI32(0, out.view().rows(0, 99'999)).ok());
  EXPECT_EQ(out.row(99'998)[3], -5);
  const Status status = reader.value()->ReadI32(0, out.view());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.error().message, HasSubstr("row 99999 column 3: 2147483648 does not fit"));
}

TEST_F(Hdf5FileTest, ChunkedAndCompressedRowsAreReadInBlocks) {
  std::vector<float> values(1000 * 7);
  std::iota(values.begin(), values.end(), 0.0f);
  Make({{.sizes = {1000, 7}, .chunk = {64, 3}, .deflate = 6}}, values.data());
  const auto reader = VectorReader::Open(path_);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  for (std::uint64_t first = 0; first < 1000; first += 40) {
    Matrix<float> block(40, 7);
    ASSERT_TRUE(reader.value()->ReadF32(first, block.view()).ok());
    ASSERT_EQ(block.row(0)[0], static_cast<float>(first * 7));
    ASSERT_EQ(block.row(39)[6], static_cast<float>((first + 40) * 7 - 1));
  }
}

TEST_F(Hdf5FileTest, OneDimensionIsRowsOfOneValue) {
  Make({{.sizes = {6}}}, kSix);
  const auto all = ReadAllF32(path_, 1 << 10);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all.value().rows(), 6u);
  EXPECT_EQ(all.value().cols(), 1u);
  EXPECT_EQ(all.value().data()[5], 6);
}

TEST_F(Hdf5FileTest, WhatIsNoRowsOfNumbersIsRefused) {
  Make({{.sizes = {1, 2, 3}}}, kSix);
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("3 dimensions, expected 2"));
  Make({{.sizes = {}}}, kSix);
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("0 dimensions, expected 2"));
  Make({{.sizes = {1, 70'000}}}, nullptr);
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("dim 70000"));
  Make({{.stored = H5T_C_S1}}, nullptr);
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("expected float16, float32"));
  Make({{.stored = H5T_STD_U32LE}}, kSix);
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("4 bytes; expected"));
  Make({{.name = "train/inner"}}, kSix);
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("no dataset \"train\"")) << "it is a group";
}

TEST_F(Hdf5FileTest, ValuesInOtherFilesAreRefused) {
  WriteBytes(directory_.File("secret"), std::string(24, 's'));
  Make({{.external = directory_.File("secret")}}, nullptr);
  const Error error = ErrorOf(path_);
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("the values are in other files"));
}

TEST_F(Hdf5FileTest, OtherFilesAreNoHdf5) {
  WriteBytes(path_, "just text, and more of it");
  EXPECT_EQ(ErrorOf(path_).code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("not an HDF5 file; HDF5 says: "));
  WriteBytes(path_, "");
  EXPECT_THAT(ErrorOf(path_).message, HasSubstr("not an HDF5 file"));
}

TEST_F(Hdf5FileTest, DamagedCompressedRowsAreCorruption) {
  std::vector<float> values(1000 * 7, 1.5f);
  Make({{.sizes = {1000, 7}, .chunk = {1000, 7}, .deflate = 6}}, values.data());
  std::string bytes = ReadBytes(path_);
  const std::size_t stream = bytes.find("\x78\x9c", 512);  // a zlib header, at the library's level
  const std::size_t start = stream != std::string::npos ? stream : bytes.find("\x78\x5e", 512);
  ASSERT_NE(start, std::string::npos);
  for (std::size_t i = 2; i < 12; ++i) bytes[start + i] ^= 0x55;
  WriteBytes(path_, bytes);
  const auto all = ReadAllF32(path_, 1 << 20);
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(all.error().message, HasSubstr("cannot read rows 0 to 999; HDF5 says: "));
}

TEST_F(Hdf5FileTest, ErrorsOfTheLibraryAreNotPrinted) {
  ::testing::internal::CaptureStderr();
  WriteBytes(path_, "just text, and more of it");
  ErrorOf(path_);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(Hdf5FileTest, WrittenDatasetIsContiguousLikeAnnBenchmarks) {
  auto writer =
      VectorWriter::Create(path_ + ":neighbors", DataType::kI32, 2, OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  const std::int32_t rows[] = {1, -2, 3, 4, 5, 6};
  ASSERT_TRUE(writer.value()->AppendRaw(std::as_bytes(std::span(rows))).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());

  // With the library, as everybody else will read it.
  const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const hid_t dataset = H5Dopen2(file, "/neighbors", H5P_DEFAULT);
  ASSERT_GE(dataset, 0);
  const hid_t plist = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
  EXPECT_EQ(H5Pget_layout(plist), H5D_CONTIGUOUS);
  EXPECT_GT(H5Tequal(type, H5T_STD_I32LE), 0);
  std::int32_t back[6] = {};
  ASSERT_GE(H5Dread(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, back), 0);
  EXPECT_TRUE(std::ranges::equal(back, rows));
  H5Tclose(type);
  H5Pclose(plist);
  H5Dclose(dataset);
  H5Fclose(file);
}

TEST_F(Hdf5FileTest, WrittenTypesAreTheLibrarysOwn) {
  const std::pair<DataType, hid_t> types[] = {{DataType::kF32, H5T_IEEE_F32LE},
                                              {DataType::kU8, H5T_STD_U8LE},
                                              {DataType::kI8, H5T_STD_I8LE},
                                              {DataType::kI32, H5T_STD_I32LE}};
  for (const auto& [written, expected] : types) {
    auto writer = VectorWriter::Create(path_, written, 3, OutputFile::IfExists::kReplace);
    ASSERT_TRUE(writer.value()->Commit().ok());
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, "train", H5P_DEFAULT);
    const hid_t type = H5Dget_type(dataset);
    EXPECT_GT(H5Tequal(type, expected), 0) << DataTypeName(written);
    H5Tclose(type);
    H5Dclose(dataset);
    H5Fclose(file);
  }
}

TEST_F(Hdf5FileTest, LibraryCanAddToAWrittenFile) {
  auto writer = VectorWriter::Create(path_, DataType::kF32, 3, OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value()->AppendF32({kSix, 2, 3}).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());
  const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const hsize_t size = 2;
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  for (int i = 0; i < 20; ++i) {  // more than one symbol table node holds
    const hid_t dataset = H5Dcreate2(file, ("extra-dataset-" + std::to_string(i)).c_str(),
                                     H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    ASSERT_GE(dataset, 0) << i;
    ASSERT_GE(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, kSix), 0);
    H5Dclose(dataset);
  }
  H5Sclose(space);
  ASSERT_GE(H5Fclose(file), 0);
  EXPECT_THAT(ReadAllF32(path_, 1 << 10).value().row(1), ElementsAre(4, 5, 6));
  EXPECT_EQ(ReadAllF32(path_ + ":extra-dataset-19", 1 << 10).value().data()[1], 2);
}

TEST_F(Hdf5FileTest, DatasetNamesAreChecked) {
  const std::string longest(63, 'n');
  auto writer =
      VectorWriter::Create(path_ + ":" + longest, DataType::kF32, 3, OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value()->AppendF32({kSix, 2, 3}).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());
  EXPECT_EQ(ReadAllF32(path_ + ":" + longest, 1 << 10).value().rows(), 2u);
  for (const std::string& name : {std::string(64, 'n'), std::string("a/b"), std::string("."),
                                  std::string("a b"), std::string("\xc3\xa4")}) {
    const auto bad =
        VectorWriter::Create(path_ + ":" + name, DataType::kF32, 3, OutputFile::IfExists::kReplace);
    ASSERT_FALSE(bad.ok()) << name;
    EXPECT_EQ(bad.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace kith
