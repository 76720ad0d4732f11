// Files that outgrow their disk: a small tmpfs, which only root may mount.
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/segment_file.h"
#include "storage/vector_file.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kDiskBytes = 4 << 20;

class DiskFullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (mount("kith-test", folder_.path().c_str(), "tmpfs", 0, "size=4m,mode=0700") != 0) {
      GTEST_SKIP() << "cannot mount a tmpfs (" << std::strerror(errno) << "): run as root";
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) {
      EXPECT_EQ(umount(folder_.path().c_str()), 0) << std::strerror(errno);
    }
  }

  static void ExpectDiskFull(const Status& status) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIoError);
    EXPECT_THAT(status.error().message, HasSubstr("No space left on device"));
  }

  TemporaryDirectory folder_;
  bool mounted_ = false;
};

TEST_F(DiskFullTest, VectorWriterSaysSoAndLeavesNothing) {
  const std::vector<float> rows(1 << 16, 1.0f);
  for (const char* name : {"a.fvecs", "a.npy", "a.fbin", "a.hdf5"}) {
    auto writer = VectorWriter::Create(folder_.File(name), DataType::kF32, 1 << 10,
                                       OutputFile::IfExists::kRefuse);
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    Status status;
    for (int i = 0; i < 32 && status.ok(); ++i) {  // twice the disk
      status = writer.value()->AppendF32({rows.data(), 1 << 6, 1 << 10});
    }
    if (status.ok()) status = writer.value()->Commit();
    ExpectDiskFull(status);
    writer.value().reset();
    EXPECT_EQ(folder_.FileCount(), 0u) << name;
  }
}

TEST_F(DiskFullTest, SegmentWriterSaysSoAndKeepsTheOlderFile) {
  const std::string path = folder_.File("a.kith");
  {
    auto writer = SegmentWriter::Create(path, "old", OutputFile::IfExists::kRefuse);
    ASSERT_TRUE(writer.value().Commit().ok());
  }
  const std::vector<std::byte> block(1 << 20);
  {
    auto writer = SegmentWriter::Create(path, "new", OutputFile::IfExists::kReplace);
    ASSERT_TRUE(writer.ok());
    writer.value().Begin("rows");
    Status status;
    for (std::size_t i = 0; i < 2 * kDiskBytes / block.size() && status.ok(); ++i) {
      status = writer.value().Append(block);
    }
    if (status.ok()) status = writer.value().End();
    if (status.ok()) status = writer.value().Commit();
    ExpectDiskFull(status);
  }
  EXPECT_EQ(folder_.FileCount(), 1u);
  EXPECT_TRUE(SegmentReader::Open(path, "old").ok());
}

}  // namespace
}  // namespace kith
