// Headers here are what numpy writes, typed out: no numpy needed to run or to trust them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/vector_file.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A version's magic and length, the dict padded with spaces to a multiple of 64 as numpy does.
std::string Npy(int major, std::string dict, std::string_view data) {
  const std::size_t prefix = major == 1 ? 10 : 12;
  dict.resize((prefix + dict.size() + 1 + 63) / 64 * 64 - prefix - 1, ' ');
  dict += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(major), '\0'};
  if (major == 1) {
    AppendObject(bytes, static_cast<std::uint16_t>(dict.size()));
  } else {
    AppendObject(bytes, static_cast<std::uint32_t>(dict.size()));
  }
  return bytes + dict + std::string(data);
}

std::string Dict(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

constexpr std::string_view kSixFloats(
    "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40\x00\x00\xa0\x40\x00\x00\xc0"
    "\x40",
    24);  // 1 2 3 4 5 6

class NpyFileTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.File("a.npy");

  Error ErrorOf(const std::string& bytes) {
    WriteBytes(path_, bytes);
    const auto reader = VectorReader::Open(path_);
    EXPECT_FALSE(reader.ok());
    return reader.ok() ? Error{ErrorCode::kIoError, "no error"} : reader.error();
  }
};

TEST_F(NpyFileTest, EveryVersionIsRead) {
  for (const int major : {1, 2, 3}) {
    WriteBytes(path_, Npy(major, Dict("'<f4'", "False", "(2, 3)"), kSixFloats));
    const auto all = ReadAllF32(path_, 1 << 10);
    ASSERT_TRUE(all.ok()) << all.error().message;
    EXPECT_THAT(all.value().row(0), ElementsAre(1, 2, 3)) << major;
    EXPECT_THAT(all.value().row(1), ElementsAre(4, 5, 6)) << major;
  }
}

TEST_F(NpyFileTest, EveryTypeIsRead) {
  const auto read = [&](const char* descr, std::string_view data) {
    WriteBytes(path_, Npy(1, Dict(descr, "False", "(1, 2)"), data));
    auto all = ReadAllF32(path_, 1 << 10);
    EXPECT_TRUE(all.ok()) << descr << ": " << (all.ok() ? "" : all.error().message);
    return all.ok() ? std::vector<float>(all.value().data(), all.value().data() + 2)
                    : std::vector<float>();
  };
  using namespace std::string_view_literals;
  EXPECT_THAT(read("'<f4'", kSixFloats.substr(0, 8)), ElementsAre(1, 2));
  EXPECT_THAT(read("'<f2'", "\x00\x3c\x00\xc1"sv), ElementsAre(1, -2.5));
  EXPECT_THAT(read("'|u1'", "\x07\xff"), ElementsAre(7, 255));
  EXPECT_THAT(read("'|i1'", "\x07\xff"), ElementsAre(7, -1));
  EXPECT_THAT(read("'<i4'", "\x00\x01\x00\x00\xfe\xff\xff\xff"sv), ElementsAre(256, -2));
}

TEST_F(NpyFileTest, OneDimensionIsRowsOfOneValue) {
  WriteBytes(path_, Npy(1, Dict("'<f4'", "False", "(6,)"), kSixFloats));
  const auto all = ReadAllF32(path_, 1 << 10);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all.value().rows(), 6u);
  EXPECT_EQ(all.value().cols(), 1u);
  EXPECT_EQ(all.value().data()[5], 6);
}

TEST_F(NpyFileTest, DictMayBeWrittenOtherwise) {
  for (const std::string dict :
       {"{'shape': (2L, 3L), 'descr': '<f4', 'fortran_order': False}",  // Python 2
        "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,3,)}",
        "  { 'fortran_order' : False , 'shape' : ( 2 , 3 ) , 'descr' : '<f4' , }  "}) {
    WriteBytes(path_, Npy(1, dict, kSixFloats));
    const auto all = ReadAllF32(path_, 1 << 10);
    ASSERT_TRUE(all.ok()) << dict << ": " << all.error().message;
    EXPECT_THAT(all.value().row(1), ElementsAre(4, 5, 6));
  }
}

TEST_F(NpyFileTest, EmptyArraysHaveZeroRows) {
  WriteBytes(path_, Npy(1, Dict("'<f4'", "False", "(0, 128)"), ""));
  EXPECT_EQ(VectorReader::Open(path_).value()->info().dim, 128u);
  WriteBytes(path_, Npy(1, Dict("'<f4'", "False", "(0,)"), ""));
  EXPECT_EQ(ReadAllF32(path_, 0).value().rows(), 0u);
  EXPECT_THAT(ErrorOf(Npy(1, Dict("'<f4'", "False", "(128, 0)"), "")).message,
              HasSubstr("dim 0, expected 1 to 65536"));
}

TEST_F(NpyFileTest, WriterMakesNumpysBytes) {
  auto writer = VectorWriter::Create(path_, DataType::kF32, 3, OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value()->AppendRaw(std::as_bytes(std::span(kSixFloats))).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());
  EXPECT_EQ(ReadBytes(path_), "\x93NUMPY\x01" + std::string("\0\x76\0", 3) +
                                  "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" +
                                  std::string(58, ' ') + "\n" + std::string(kSixFloats));
}

TEST_F(NpyFileTest, ArraysThatAreNoRowsSayHowToSaveThem) {
  const auto message = [&](const std::string& descr, const std::string& order,
                           const std::string& shape) {
    const Error error = ErrorOf(Npy(1, Dict(descr, order, shape), kSixFloats));
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << error.message;
    return error.message;
  };
  EXPECT_THAT(message("'<f4'", "True", "(2, 3)"), HasSubstr("save np.ascontiguousarray(a)"));
  EXPECT_THAT(message("'>f4'", "False", "(2, 3)"), HasSubstr("big endian; save a.astype('<f4')"));
  EXPECT_THAT(message("'<f8'", "False", "(3,)"), HasSubstr("save a.astype('float32')"));
  EXPECT_THAT(message("'<i8'", "False", "(3,)"), HasSubstr("save a.astype('int32')"));
  EXPECT_THAT(message("'|O'", "False", "(3,)"), HasSubstr("pickled Python objects"));
  EXPECT_THAT(message("[('x', '<f4'), ('y', '<f4')]", "False", "(3,)"),
              HasSubstr("structured type; save one field"));
  EXPECT_THAT(message("'<c8'", "False", "(3,)"), HasSubstr("type '<c8' is not read"));
  EXPECT_THAT(message("'|b1'", "False", "(24,)"), HasSubstr("type '|b1' is not read"));
  EXPECT_THAT(message("'<f4'", "False", "()"), HasSubstr("0 dimensions, expected 2"));
  EXPECT_THAT(message("'<f4'", "False", "(1, 2, 3)"), HasSubstr("a.reshape(rows, dim)"));
  EXPECT_THAT(message("'<f4'", "False", "(1, 65537)"), HasSubstr("dim 65537"));
}

TEST_F(NpyFileTest, ShapeMustAgreeWithTheSize) {
  for (const char* shape : {"(2, 2)", "(2, 4)", "(3, 3)", "(0, 3)", "(1, 3)", "(5,)", "(7,)",
                            "(4611686018427387910,)",  // 24 bytes modulo 2^64
                            "(18446744073709551615, 3)"}) {
    const Error error = ErrorOf(Npy(1, Dict("'<f4'", "False", shape), kSixFloats));
    EXPECT_EQ(error.code, ErrorCode::kCorruption) << shape;
    EXPECT_THAT(error.message, HasSubstr("from offset 128, the file has 24 bytes there"));
  }
}

TEST_F(NpyFileTest, MalformedDictsAreErrors) {
  for (const std::string dict :
       {"",
        "{",
        "{}",
        "}",
        "{'descr': '<f4'}",
        "'descr'",
        "[1, 2]",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': Fals, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 6}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<\\x664', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': 4, 'fortran_order': False, 'shape': (2, 3)}"}) {
    const Error error = ErrorOf(Npy(1, dict, kSixFloats));
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << dict << ": " << error.message;
    EXPECT_THAT(error.message, HasSubstr(path_)) << dict;
  }
  EXPECT_THAT(ErrorOf(Npy(1, "{'descr' '<f4'}", kSixFloats)).message,
              HasSubstr("expects ':' at offset 19"));
}

TEST_F(NpyFileTest, EveryCutOfTheHeaderIsAnError) {
  for (const int major : {1, 2, 3}) {
    const std::string good = Npy(major, Dict("'<f4'", "False", "(2, 3)"), kSixFloats);
    for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
      WriteBytes(path_, good.substr(0, bytes));
      ASSERT_FALSE(VectorReader::Open(path_).ok()) << bytes;
    }
  }
}

TEST_F(NpyFileTest, HeaderLengthIsBounded) {
  std::string bytes = "\x93NUMPY";
  bytes += {2, 0};
  AppendObject(bytes, std::uint32_t{0xffffffff});
  EXPECT_EQ(ErrorOf(bytes + std::string(100, ' ')).code, ErrorCode::kCorruption);
  bytes.resize(8);
  AppendObject(bytes, std::uint32_t{100'000});
  EXPECT_THAT(ErrorOf(bytes + std::string(200'000, ' ')).message,
              HasSubstr("header of 100000 bytes at offset 12"));
}

TEST_F(NpyFileTest, OtherMagicAndVersionsAreErrors) {
  const std::string good = Npy(1, Dict("'<f4'", "False", "(2, 3)"), kSixFloats);
  EXPECT_EQ(ErrorOf("PK\3\4" + good).code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(ErrorOf("").message, HasSubstr("not a .npy file"));
  for (const auto& [major, minor] : {std::pair{0, 0}, {4, 0}, {1, 1}, {255, 255}}) {
    std::string bad = good;
    bad[6] = static_cast<char>(major);
    bad[7] = static_cast<char>(minor);
    const Error error = ErrorOf(bad);
    EXPECT_EQ(error.code, ErrorCode::kUnsupported);
    EXPECT_THAT(error.message,
                HasSubstr("version " + std::to_string(major) + "." + std::to_string(minor)));
  }
}

}  // namespace
}  // namespace kith
