#include "engine/collection/snapshot_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/crc32c.h"
#include "tests/fault_injection.h"
#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::uint32_t Crc(std::string_view text) {
  return Crc32c(std::as_bytes(std::span(text.data(), text.size())));
}

// A snapshot by the grammar of the header, byte by byte.
class SnapshotBytes {
 public:
  SnapshotBytes() {
    const std::string meta = R"({"collection":"docs","created_unix_s":1700000000,"points":3})";
    std::string head = std::string("KITHSNP\0", 8) + BytesOf(version) +
                       BytesOf(static_cast<std::uint32_t>(meta.size()));
    bytes_ = head + BytesOf(Crc(head + meta)) + meta;
  }
  SnapshotBytes& Add(const std::string& name, const std::string& data) {
    const std::string head = "FILE" + BytesOf(static_cast<std::uint32_t>(name.size())) +
                             BytesOf(std::uint64_t{data.size()});
    bytes_ += head + BytesOf(Crc(head + name)) + name + data + BytesOf(Crc(data));
    crcs_ += BytesOf(Crc(data));
    data_bytes_ += data.size();
    ++files_;
    return *this;
  }
  std::string Make() const {
    const std::string foot = "KEND" + BytesOf(files_) + BytesOf(data_bytes_) + BytesOf(Crc(crcs_));
    return bytes_ + foot + BytesOf(Crc(foot));
  }

 private:
  std::uint32_t version = 1;
  std::string bytes_, crcs_;
  std::uint32_t files_ = 0;
  std::uint64_t data_bytes_ = 0;
};

class SnapshotFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "in/store/rocksdb");
    folder_.Write("in/store/CATALOG", "catalog");
    folder_.Write("in/store/rocksdb/000001.sst", std::string(3000000, 's'));
    folder_.Write("in/store/rocksdb/EMPTY", "");
  }
  Result<SnapshotTotals> WriteTo(const std::string& output) const {
    SnapshotWriteParams params;
    params.meta = {.collection = "docs", .created_unix_s = 1700000000, .points = 3};
    params.folder = folder_ / "in";
    params.output = output;
    return WriteSnapshot(params, Cancellation::Never(), Progress::None());
  }
  Status Verify(const std::string& bytes) const {
    folder_.Write("x.snapshot", bytes);
    const SnapshotReader reader = TRY(SnapshotReader::Open(folder_ / "x.snapshot"));
    TRY(reader.Verify(Cancellation::Never(), Progress::None()));
    return {};
  }
  // Verifies and extracts to out/.
  Status Read(const std::string& bytes) const {
    folder_.Write("x.snapshot", bytes);
    const SnapshotReader reader = TRY(SnapshotReader::Open(folder_ / "x.snapshot"));
    const auto verified = reader.Verify(Cancellation::Never(), Progress::None());
    std::filesystem::remove_all(folder_ / "out");
    std::filesystem::create_directory(folder_ / "out");
    const auto extracted = reader.Extract(folder_ / "out", Cancellation::Never(), Progress::None());
    EXPECT_EQ(verified.ok(), extracted.ok());
    if (!verified.ok()) return verified.error();
    return {};
  }

  TemporaryFolder folder_;
};

TEST_F(SnapshotFileTest, HoldsAFolderByteForByte) {
  const auto written = WriteTo(folder_ / "x.snapshot");
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(written.value().files, 3u);
  EXPECT_EQ(written.value().data_bytes, 3000007u);
  EXPECT_EQ(folder_.Read("x.snapshot"),
            SnapshotBytes()
                .Add("store/CATALOG", "catalog")
                .Add("store/rocksdb/000001.sst", std::string(3000000, 's'))
                .Add("store/rocksdb/EMPTY", "")
                .Make());
  const auto reader = SnapshotReader::Open(folder_ / "x.snapshot");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader.value().meta().collection, "docs");
  EXPECT_EQ(reader.value().meta().created_unix_s, 1700000000u);
  EXPECT_EQ(reader.value().meta().points, 3u);
  ASSERT_TRUE(Read(folder_.Read("x.snapshot")).ok());
  for (const char* name : {"store/CATALOG", "store/rocksdb/000001.sst", "store/rocksdb/EMPTY"}) {
    EXPECT_EQ(folder_.Read(std::string("out/") + name), folder_.Read(std::string("in/") + name));
  }
}

TEST_F(SnapshotFileTest, NoCutAndNoFlippedBitPasses) {
  const std::string whole = SnapshotBytes().Add("store/a", "some data").Add("b", "").Make();
  ASSERT_TRUE(Read(whole).ok());
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const Status read = Read(whole.substr(0, bytes));
    ASSERT_FALSE(read.ok()) << bytes;
    EXPECT_EQ(read.error().code, ErrorCode::kCorruption) << read.error().message;
    EXPECT_THAT(read.error().message, HasSubstr("x.snapshot"));
  }
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const Status read = bit % 64 == 5 ? Read(flipped) : Verify(flipped);
    ASSERT_FALSE(read.ok()) << "bit " << bit;
    EXPECT_TRUE(read.error().code == ErrorCode::kCorruption ||
                (bit / 8 >= 8 && bit / 8 < 12 && read.error().code == ErrorCode::kUnsupported))
        << bit << ": " << read.error().message;
  }
  EXPECT_FALSE(Read(whole + "x").ok());
}

TEST_F(SnapshotFileTest, ForeignAndNewerFilesAreNamed) {
  Status read = Read("PK\3\4 this is an archive of another kind");
  EXPECT_EQ(read.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(read.error().message, HasSubstr("is not a snapshot"));
  std::string newer = SnapshotBytes().Make();
  newer[8] = 2;
  read = Read(newer);
  EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(read.error().message, HasSubstr("newer kith"));
  EXPECT_EQ(SnapshotReader::Open(folder_ / "absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(SnapshotReader::Open(folder_.path()).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(SnapshotFileTest, NoNameLeadsOutOfTheFolder) {
  for (const std::string name : {"../x", "a/../../x", "/tmp/x", "a//b", "a/", ".", "a/.", "...",
                                 "a\\b", "a b", "", "1/2/3/4/5/6/7/8/9"}) {
    const Status read = Read(SnapshotBytes().Add(name, "evil").Make());
    ASSERT_FALSE(read.ok()) << name;
    EXPECT_EQ(read.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(folder_.List(), ElementsAre("in", "out", "x.snapshot"));
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out"));
  }
  EXPECT_FALSE(Read(SnapshotBytes().Add(std::string(1, '\0'), "x").Make()).ok());
  EXPECT_FALSE(Read(SnapshotBytes().Add(std::string(201, 'a'), "x").Make()).ok());
  EXPECT_TRUE(Read(SnapshotBytes().Add(std::string(200, 'a'), "x").Make()).ok());
  EXPECT_FALSE(Read(SnapshotBytes().Add("a", "x").Add("a", "y").Make()).ok()) << "twice";
  EXPECT_FALSE(Read(SnapshotBytes().Add("a", "x").Add("a/b", "y").Make()).ok());
  EXPECT_FALSE(Read(SnapshotBytes().Add("a/b", "x").Add("a", "y").Make()).ok());
}

TEST_F(SnapshotFileTest, RefusesNamesItCouldNotRead) {
  folder_.Write("in/with blank", "x");
  const auto written = WriteTo(folder_ / "x.snapshot");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(folder_.List(), ElementsAre("in"));
}

TEST_F(SnapshotFileTest, CancelledAndFullDisksLeaveNothing) {
  Cancellation cancellation;
  cancellation.Request();
  SnapshotWriteParams params;
  params.folder = folder_ / "in";
  params.output = folder_ / "x.snapshot";
  EXPECT_EQ(WriteSnapshot(params, cancellation, Progress::None()).error().code,
            ErrorCode::kCancelled);
  EXPECT_THAT(folder_.List(), ElementsAre("in"));
  const SmallDisk disk(1 << 20);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  const auto written = WriteTo(disk.folder() / "x.snapshot");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kIoError);
  EXPECT_THAT(written.error().message, HasSubstr("No space left on device"));
  EXPECT_THAT(disk.folder().List(), IsEmpty());
}

}  // namespace
}  // namespace kith
