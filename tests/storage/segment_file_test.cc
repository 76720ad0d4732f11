#include "storage/segment_file.h"

#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/crc32c.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kVersionAt = 8, kCountAt = 12, kTableOffsetAt = 16, kFileBytesAt = 24;
constexpr std::size_t kKindAt = 32, kTableCrcAt = 56, kHeaderCrcAt = 60, kEntryBytes = 56;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class SegmentFileTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.File("a.kith");

  // Sections of 100, 0, 64 and 1 bytes: with padding and without.
  void WriteSample() {
    auto writer = SegmentWriter::Create(path_, "sample", OutputFile::IfExists::kReplace);
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    ASSERT_TRUE(writer.value().AddSection("meta", Bytes(std::string(100, 'm'))).ok());
    ASSERT_TRUE(writer.value().AddSection("empty", {}).ok());
    writer.value().Begin("rows");
    ASSERT_TRUE(writer.value().Append(Bytes(std::string(40, 'r'))).ok());
    ASSERT_TRUE(writer.value().Append(Bytes(std::string(24, 's'))).ok());
    ASSERT_TRUE(writer.value().End().ok());
    ASSERT_TRUE(writer.value().AddSection("last", Bytes("z")).ok());
    ASSERT_TRUE(writer.value().Commit().ok());
  }

  // Opens and compares everything.
  Status OpenAndVerify() const {
    const auto reader = SegmentReader::Open(path_, "sample");
    if (!reader.ok()) return reader.error();
    return reader.value().VerifyAll(Cancellation::Never(), Progress::None());
  }

  Error ErrorOf(std::string bytes) {
    WriteBytes(path_, bytes);
    const Status status = OpenAndVerify();
    EXPECT_FALSE(status.ok());
    return status.ok() ? Error{ErrorCode::kIoError, "no error"} : status.error();
  }

  static std::uint64_t TableAt(const std::string& bytes) {
    std::uint64_t offset;
    std::memcpy(&offset, bytes.data() + kTableOffsetAt, sizeof(offset));
    return offset;
  }
  // Makes the checksums right again, as a careful forger would.
  static std::string Resealed(std::string bytes) {
    if (TableAt(bytes) <= bytes.size()) {
      ReplaceObject(bytes, kTableCrcAt,
                    Crc32c(Bytes(std::string_view(bytes).substr(TableAt(bytes)))));
    }
    ReplaceObject(bytes, kHeaderCrcAt,
                  Crc32c(Bytes(std::string_view(bytes).substr(0, kHeaderCrcAt))));
    return bytes;
  }
  static std::size_t EntryAt(const std::string& bytes, std::size_t index) {
    return TableAt(bytes) + index * kEntryBytes;
  }
};

TEST_F(SegmentFileTest, SectionsComeBackAsWritten) {
  WriteSample();
  const auto reader = SegmentReader::Open(path_, "sample");
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader.value().kind(), "sample");
  EXPECT_EQ(reader.value().sections().size(), 4u);
  EXPECT_EQ(Text(reader.value().VerifiedSection("meta").value()), std::string(100, 'm'));
  EXPECT_EQ(Text(reader.value().VerifiedSection("empty").value()), "");
  EXPECT_EQ(Text(reader.value().Section("rows").value()),
            std::string(40, 'r') + std::string(24, 's'));
  EXPECT_EQ(Text(reader.value().VerifiedSection("last").value()), "z");
  EXPECT_TRUE(reader.value().Has("rows"));
  EXPECT_FALSE(reader.value().Has("row"));
  EXPECT_TRUE(reader.value().VerifyAll(Cancellation::Never(), Progress::None()).ok());
  reader.value().AdviseRandom("rows");
  reader.value().AdviseRandom("none");
}

TEST_F(SegmentFileTest, SectionsAreAlignedInFileAndMemory) {
  WriteSample();
  const auto reader = SegmentReader::Open(path_, "");
  ASSERT_TRUE(reader.ok());
  for (const SegmentSection& section : reader.value().sections()) {
    EXPECT_EQ(section.offset % kSegmentAlignment, 0u) << section.name;
    const auto* data = reader.value().Section(section.name).value().data();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % kSegmentAlignment, 0u) << section.name;
  }
}

TEST_F(SegmentFileTest, LayoutIsTheDocumentedOne) {
  auto writer = SegmentWriter::Create(path_, "k", OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value().AddSection("s", Bytes("123456789")).ok());
  ASSERT_TRUE(writer.value().Commit().ok());

  std::string table = "s" + std::string(31, '\0');
  AppendObject(table, std::uint64_t{64});
  AppendObject(table, std::uint64_t{9});
  AppendObject(table, std::uint32_t{0xe3069283});  // RFC 3720's check value
  AppendObject(table, std::uint32_t{0});
  std::string expected("KITHSEG\0", 8);
  AppendObject(expected, std::uint32_t{1});
  AppendObject(expected, std::uint32_t{1});
  AppendObject(expected, std::uint64_t{128});
  AppendObject(expected, std::uint64_t{128 + 56});
  expected += "k" + std::string(23, '\0');
  AppendObject(expected, Crc32c(Bytes(table)));
  AppendObject(expected, Crc32c(Bytes(expected)));
  expected += "123456789" + std::string(64 - 9, '\0') + table;
  EXPECT_EQ(ReadBytes(path_), expected);
}

TEST_F(SegmentFileTest, FileWithoutSectionsIsComplete) {
  auto writer = SegmentWriter::Create(path_, "sample", OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value().Commit().ok());
  EXPECT_EQ(ReadBytes(path_).size(), 64u);
  EXPECT_TRUE(OpenAndVerify().ok());
}

TEST_F(SegmentFileTest, HoldsAsManySectionsAsItsLimitAndNoMore) {
  for (const std::size_t count : {kSegmentSectionsMax, kSegmentSectionsMax + 1}) {
    auto writer = SegmentWriter::Create(path_, "sample", OutputFile::IfExists::kReplace);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(writer.value().AddSection("s" + std::to_string(i), Bytes("x")).ok());
    }
    const Status status = writer.value().Commit();
    ASSERT_EQ(status.ok(), count == kSegmentSectionsMax);
    if (!status.ok()) {
      EXPECT_THAT(status.error().message, HasSubstr("257 sections"));
    }
  }
  EXPECT_EQ(SegmentReader::Open(path_, "sample").value().sections().size(), kSegmentSectionsMax);
}

TEST_F(SegmentFileTest, UncommittedFileLeavesNothingBehind) {
  {
    auto writer = SegmentWriter::Create(path_, "sample", OutputFile::IfExists::kRefuse);
    ASSERT_TRUE(writer.value().AddSection("meta", Bytes("x")).ok());
  }
  EXPECT_EQ(directory_.FileCount(), 0u);
}

TEST_F(SegmentFileTest, ExistingFileIsKeptUnlessReplacingIsAsked) {
  WriteSample();
  const auto writer = SegmentWriter::Create(path_, "other", OutputFile::IfExists::kRefuse);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(OpenAndVerify().ok());
}

TEST_F(SegmentFileTest, EveryFlippedBitIsAnError) {
  WriteSample();
  const std::string good = ReadBytes(path_);
  ASSERT_TRUE(OpenAndVerify().ok());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    WriteBytes(path_, bad);
    const Status status = OpenAndVerify();
    ASSERT_FALSE(status.ok()) << "bit " << bit % 8 << " of byte " << bit / 8;
    ASSERT_EQ(status.error().code, ErrorCode::kCorruption) << status.error().message;
    ASSERT_THAT(status.error().message, HasSubstr(path_));
    ASSERT_THAT(status.error().message, HasSubstr("offset"));
  }
}

TEST_F(SegmentFileTest, EveryTruncationIsAnError) {
  WriteSample();
  const std::string good = ReadBytes(path_);
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
    const Error error = ErrorOf(good.substr(0, bytes));
    ASSERT_EQ(error.code, ErrorCode::kCorruption) << bytes;
    ASSERT_THAT(error.message, HasSubstr(std::to_string(bytes))) << "the size found is named";
  }
}

TEST_F(SegmentFileTest, TrailingBytesAreAnError) {
  WriteSample();
  const Error error = ErrorOf(ReadBytes(path_) + "x");
  EXPECT_EQ(error.code, ErrorCode::kCorruption);
  EXPECT_THAT(error.message, HasSubstr("the file has"));
}

TEST_F(SegmentFileTest, FlippedSectionBitNamesSectionAndOffset) {
  WriteSample();
  std::string bytes = ReadBytes(path_);
  bytes[64 + 128 + 5] ^= 1;  // "rows" follows "meta", 100 bytes padded to 128
  const Error error = ErrorOf(bytes);
  EXPECT_THAT(error.message, HasSubstr("section \"rows\" at offset 192 (64 bytes)"));
  const auto reader = SegmentReader::Open(path_, "sample");
  ASSERT_TRUE(reader.ok()) << "opening reads no section";
  EXPECT_TRUE(reader.value().VerifiedSection("meta").ok());
  EXPECT_EQ(reader.value().VerifiedSection("rows").error().code, ErrorCode::kCorruption);
}

TEST_F(SegmentFileTest, NewerVersionIsUnsupported) {
  WriteSample();
  std::string bytes = ReadBytes(path_);
  ReplaceObject(bytes, kVersionAt, kSegmentFileVersion + 1);
  const Error error = ErrorOf(Resealed(bytes));
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("version 2"));
}

TEST_F(SegmentFileTest, VersionZeroIsCorruption) {
  WriteSample();
  std::string bytes = ReadBytes(path_);
  ReplaceObject(bytes, kVersionAt, std::uint32_t{0});
  EXPECT_EQ(ErrorOf(Resealed(bytes)).code, ErrorCode::kCorruption);
}

TEST_F(SegmentFileTest, ForeignFileIsNamedAsSuch) {
  const Error error = ErrorOf("SQLite format 3" + std::string(1000, '\0'));
  EXPECT_EQ(error.code, ErrorCode::kCorruption);
  EXPECT_THAT(error.message, HasSubstr("not a kith segment file"));
  EXPECT_THAT(ErrorOf("").message, HasSubstr("not a kith segment file"));
}

TEST_F(SegmentFileTest, MissingFileIsNotFound) {
  EXPECT_EQ(OpenAndVerify().error().code, ErrorCode::kNotFound);
}

TEST_F(SegmentFileTest, AnotherKindIsRefusedWithBothNames) {
  WriteSample();
  const auto reader = SegmentReader::Open(path_, "hnsw");
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(reader.error().message, HasSubstr("kind \"sample\", expected \"hnsw\""));
}

TEST_F(SegmentFileTest, MissingSectionIsCorruption) {
  WriteSample();
  const auto reader = SegmentReader::Open(path_, "sample");
  EXPECT_EQ(reader.value().Section("links").error().code, ErrorCode::kCorruption);
  EXPECT_THAT(reader.value().VerifiedSection("links").error().message, HasSubstr("\"links\""));
}

// What follows has valid checksums: files made to deceive, not damaged ones.

TEST_F(SegmentFileTest, ForgedOffsetsAndSizesAreErrors) {
  WriteSample();
  const std::string good = ReadBytes(path_);
  const std::uint64_t values[] = {
      0,          1,          63,    65,         128,        good.size(), good.size() + 64,
      1ull << 32, 1ull << 63, ~0ull, ~0ull - 63, ~0ull - 127};
  for (std::size_t section = 0; section < 4; ++section) {
    for (const std::size_t field : {std::size_t{32}, std::size_t{40}}) {
      for (const std::uint64_t value : values) {
        std::string bad = good;
        ReplaceObject(bad, EntryAt(good, section) + field, value);
        if (bad == good || (field == 40 && section == 1 && value == 0)) continue;
        const Error error = ErrorOf(Resealed(bad));
        ASSERT_EQ(error.code, ErrorCode::kCorruption) << section << " " << field << " " << value;
      }
    }
  }
}

TEST_F(SegmentFileTest, OverlappingSectionsAreNamed) {
  WriteSample();
  std::string bytes = ReadBytes(path_);
  ReplaceObject(bytes, EntryAt(bytes, 2) + 32, std::uint64_t{64});  // "rows" over "meta"
  EXPECT_THAT(ErrorOf(Resealed(bytes)).message,
              HasSubstr("section \"rows\" at offset 64 (64 bytes) should start at offset 192"));
}

TEST_F(SegmentFileTest, ForgedTableOffsetsAndCountsAreErrors) {
  WriteSample();
  const std::string good = ReadBytes(path_);
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{63}, std::uint64_t{64}, TableAt(good) - 64,
        TableAt(good) + 56, std::uint64_t{good.size()}, ~std::uint64_t{0}}) {
    std::string bad = good;
    ReplaceObject(bad, kTableOffsetAt, value);
    ASSERT_EQ(ErrorOf(Resealed(bad)).code, ErrorCode::kCorruption) << value;
  }
  for (const std::uint32_t value : {0u, 1u, 3u, 5u, 256u, 257u, ~0u}) {
    std::string bad = good;
    ReplaceObject(bad, kCountAt, value);
    ASSERT_EQ(ErrorOf(Resealed(bad)).code, ErrorCode::kCorruption) << value;
  }
}

TEST_F(SegmentFileTest, ForgedNamesAreErrors) {
  WriteSample();
  const std::string good = ReadBytes(path_);
  const std::string names[] = {
      std::string(32, 'n'),                  // no terminator
      std::string(32, '\0'),                 // empty
      "meta" + std::string(27, '\0') + "x",  // bytes behind the terminator
      "a b" + std::string(29, '\0'),         // a space
      "\x1b[2J" + std::string(28, '\0'),     // a terminal escape
      "n\xc3\xa4"
      "me" +
          std::string(27, '\0'),  // not ASCII
  };
  for (const std::string& name : names) {
    std::string bad = good;
    bad.replace(EntryAt(good, 0), 32, name);
    const Error error = ErrorOf(Resealed(bad));
    ASSERT_EQ(error.code, ErrorCode::kCorruption);
    ASSERT_THAT(error.message, HasSubstr("section 0 of the table"));
  }
  std::string bad = good;
  bad.replace(EntryAt(good, 3), 32, "meta" + std::string(28, '\0'));
  EXPECT_THAT(ErrorOf(Resealed(bad)).message, HasSubstr("a second section of that name"));
  bad = good;
  bad.replace(kKindAt, 24, std::string(24, 'k'));
  EXPECT_THAT(ErrorOf(Resealed(bad)).message, HasSubstr("kind at offset 32"));
}

TEST_F(SegmentFileTest, ReservedFieldMustBeZero) {
  WriteSample();
  std::string bytes = ReadBytes(path_);
  ReplaceObject(bytes, EntryAt(bytes, 0) + 52, std::uint32_t{1});
  EXPECT_THAT(ErrorOf(Resealed(bytes)).message, HasSubstr("reserved field"));
}

TEST_F(SegmentFileTest, PaddingMustBeZero) {
  WriteSample();
  std::string bytes = ReadBytes(path_);
  bytes[64 + 100] = 'x';
  EXPECT_THAT(ErrorOf(bytes).message, HasSubstr("padding after section \"meta\" at offset 164"));
}

// Touching the lost page would end the process.
TEST_F(SegmentFileTest, FileShortenedWhileOpenIsAnIoError) {
  SegmentWriter writer =
      SegmentWriter::Create(path_, "test", OutputFile::IfExists::kRefuse).value();
  ASSERT_TRUE(writer.AddSection("rows", std::vector<std::byte>(100000)).ok());
  ASSERT_TRUE(writer.Commit().ok());
  const SegmentReader reader = SegmentReader::Open(path_, "test").value();
  std::filesystem::resize_file(path_, 4096);

#ifdef MADV_POPULATE_READ
  if (madvise(const_cast<std::byte*>(reader.Section("rows").value().data()) - 64, 1,
              MADV_POPULATE_READ) != 0) {
    GTEST_SKIP() << "this kernel has no MADV_POPULATE_READ";
  }
#endif
  const auto rows = reader.VerifiedSection("rows");
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, ErrorCode::kIoError);
  EXPECT_THAT(rows.error().message, testing::HasSubstr("\"rows\" at offset 64"));
  EXPECT_EQ(reader.VerifyAll(Cancellation::Never(), Progress::None()).error().code,
            ErrorCode::kIoError);
}

class CountingProgress : public Progress {
 public:
  void Start(std::string_view, std::uint64_t total) override { total_ = total; }
  void Advance(std::uint64_t items) override { done_ += items; }
  void Finish() override {}
  std::uint64_t total_ = 0, done_ = 0;
};

TEST_F(SegmentFileTest, VerifyingCountsBytesAndStopsOnRequest) {
  constexpr std::size_t kBytes = 40 << 20;
  auto writer = SegmentWriter::Create(path_, "sample", OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.value().AddSection("big", Bytes(std::string(kBytes, 'b'))).ok());
  ASSERT_TRUE(writer.value().Commit().ok());
  const auto reader = SegmentReader::Open(path_, "sample");

  CountingProgress progress;
  ASSERT_TRUE(reader.value().VerifyAll(Cancellation::Never(), progress).ok());
  EXPECT_EQ(progress.done_, kBytes);
  EXPECT_EQ(progress.total_, reader.value().bytes());

  Cancellation cancellation;
  cancellation.Request();
  CountingProgress stopped;
  EXPECT_EQ(reader.value().VerifyAll(cancellation, stopped).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(stopped.done_, 0u);
}

}  // namespace
}  // namespace kith
