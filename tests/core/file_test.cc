#include "core/file.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault_injection.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string ReadPart(const File& file, std::uint64_t offset, std::size_t bytes) {
  std::string text(bytes, '?');
  const Status status = file.ReadAt(offset, std::as_writable_bytes(std::span(text)));
  return status.ok() ? text : status.error().message;
}

class FileTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(FileTest, ReadsAnyPart) {
  const File file = File::Open(folder_.Write("a", "0123456789")).value();
  EXPECT_EQ(file.bytes(), 10u);
  EXPECT_EQ(file.path(), folder_ / "a");
  EXPECT_EQ(ReadPart(file, 0, 10), "0123456789");
  EXPECT_EQ(ReadPart(file, 3, 4), "3456");
  EXPECT_EQ(ReadPart(file, 10, 0), "");
  EXPECT_EQ(ReadPart(file, 99, 0), "");
}

TEST_F(FileTest, ShortFileIsCorruptionWithTheFigures) {
  const File file = File::Open(folder_.Write("a", "0123456789")).value();
  std::vector<std::byte> out(8);
  const Status status = file.ReadAt(4, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorruption);
  EXPECT_EQ(status.error().message,
            (folder_ / "a") + " is too short: expected 8 bytes at offset 4, found 6");
}

TEST_F(FileTest, ReadBeyondTheEndIsCorruption) {
  const File file = File::Open(folder_.Write("a", "0123456789")).value();
  std::vector<std::byte> out(1);
  const Status status = file.ReadAt(1000, out);
  EXPECT_EQ(status.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(status.error().message, HasSubstr("1 bytes at offset 1000, found 0"));
}

TEST_F(FileTest, OffsetsThatTheSystemRefusesAreErrors) {
  const File file = File::Open(folder_.Write("a", "0123456789")).value();
  std::vector<std::byte> out(1);
  EXPECT_EQ(file.ReadAt(~std::uint64_t{0}, out).error().code, ErrorCode::kIoError);
}

TEST_F(FileTest, FileShortenedAfterOpeningIsCorruption) {
  const File file = File::Open(folder_.Write("a", "0123456789")).value();
  ASSERT_EQ(truncate((folder_ / "a").c_str(), 3), 0);
  std::vector<std::byte> out(10);
  EXPECT_EQ(file.ReadAt(0, out).error().code, ErrorCode::kCorruption);
}

TEST_F(FileTest, MissingFileIsNotFound) {
  const Result<File> file = File::Open(folder_ / "missing");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(file.error().message,
              AllOf(HasSubstr(folder_ / "missing"), HasSubstr("No such file or directory")));
}

TEST_F(FileTest, FoldersAndPipesAreRefusedWithoutWaiting) {
  const Result<File> folder = File::Open(folder_.path());
  EXPECT_EQ(folder.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(folder.error().message, HasSubstr("found a folder"));
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(File::Open(folder_ / "pipe").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(File::Open("/dev/zero").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(FileTest, FileWithoutPermissionIsAnIoError) {
  const std::string path = folder_.Write("secret", "x");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  ExpectInChild([&] {
    GiveUpRoot();
    const Result<File> file = File::Open(path);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, ErrorCode::kIoError);
    EXPECT_THAT(file.error().message, AllOf(HasSubstr(path), HasSubstr("Permission denied")));
  });
}

TEST_F(FileTest, FailingReadSaysWhere) {
  const File file = File::Open(folder_.Write("a", "0123456789")).value();
  ExpectInChild([&] {
    FailSystemCall(SYS_pread64, EIO);
    std::vector<std::byte> out(2);
    const Status status = file.ReadAt(5, out);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIoError);
    EXPECT_THAT(status.error().message,
                AllOf(HasSubstr(folder_ / "a"), HasSubstr("offset 5"), HasSubstr("Input/output")));
  });
}

TEST_F(FileTest, MovingHandsTheDescriptorOver) {
  const std::size_t before = OpenDescriptors();
  {
    File a = File::Open(folder_.Write("a", "aaa")).value();
    File b = File::Open(folder_.Write("b", "bbbb")).value();
    File c = std::move(a);
    EXPECT_EQ(ReadPart(c, 0, 3), "aaa");
    c = std::move(b);
    EXPECT_EQ(ReadPart(c, 0, 4), "bbbb");
    EXPECT_EQ(c.bytes(), 4u);
    EXPECT_EQ(a.descriptor(), -1);
    EXPECT_EQ(b.descriptor(), -1);
    File& same = c;
    c = std::move(same);
    EXPECT_EQ(ReadPart(c, 0, 4), "bbbb");
    EXPECT_EQ(OpenDescriptors(), before + 1);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(FileTest, RefusedFilesLeakNoDescriptor) {
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(File::Open(folder_.path()).ok());
    EXPECT_FALSE(MappedFile::Open(folder_.path()).ok());
    EXPECT_FALSE(ReadTextFile(folder_.Write("a", "long"), 3).ok());
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(FileTest, ThreadsReadOneFileAtOnce) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += static_cast<char>('a' + i % 26);
  const File file = File::Open(folder_.Write("a", text)).value();
  std::vector<std::thread> threads;
  std::vector<std::string> parts(4);
  for (std::size_t t = 0; t < parts.size(); ++t) {
    threads.emplace_back([&, t] { parts[t] = ReadPart(file, t * 2500, 2500); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(parts[0] + parts[1] + parts[2] + parts[3], text);
}

std::string_view Text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

class MappedFileTest : public FileTest {};

TEST_F(MappedFileTest, ShowsTheBytesAndHoldsNoDescriptor) {
  const std::size_t before = OpenDescriptors();
  const MappedFile file = MappedFile::Open(folder_.Write("a", "0123456789")).value();
  EXPECT_EQ(Text(file), "0123456789");
  EXPECT_EQ(file.path(), folder_ / "a");
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(MappedFileTest, EmptyFileHasNoBytes) {
  const MappedFile file = MappedFile::Open(folder_.Write("a", "")).value();
  EXPECT_TRUE(file.bytes().empty());
  file.AdviseRandom(0, 100);
}

TEST_F(MappedFileTest, StaysReadableAfterTheNameIsGone) {
  const MappedFile file = MappedFile::Open(folder_.Write("a", "0123456789")).value();
  ASSERT_EQ(unlink((folder_ / "a").c_str()), 0);
  EXPECT_EQ(Text(file), "0123456789");
}

TEST_F(MappedFileTest, MovingHandsTheMappingOver) {
  MappedFile a = MappedFile::Open(folder_.Write("a", "aaa")).value();
  MappedFile b = MappedFile::Open(folder_.Write("b", "bbbb")).value();
  MappedFile c = std::move(a);
  EXPECT_EQ(Text(c), "aaa");
  c = std::move(b);
  EXPECT_EQ(Text(c), "bbbb");
  EXPECT_TRUE(a.bytes().empty());
  EXPECT_TRUE(b.bytes().empty());
}

TEST_F(MappedFileTest, AdviceForAnyRangeKeepsTheBytes) {
  const std::string text(100000, 'x');
  const MappedFile file = MappedFile::Open(folder_.Write("a", text)).value();
  for (const std::uint64_t offset : {0, 1, 4095, 4096, 50000, 99999, 100000, 1000000}) {
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{5000},
                                      std::uint64_t{100000}, ~std::uint64_t{0}}) {
      file.AdviseRandom(offset, bytes);
    }
  }
  EXPECT_EQ(Text(file), text);
}

TEST_F(MappedFileTest, MissingFileIsNotFound) {
  EXPECT_EQ(MappedFile::Open(folder_ / "missing").error().code, ErrorCode::kNotFound);
}

TEST_F(MappedFileTest, RefusedMappingIsAnErrorWithTheSize) {
  const std::string path = folder_.Write("a", "0123456789");
  ExpectInChild([&] {
    FailSystemCall(SYS_mmap, ENOMEM);
    const Result<MappedFile> file = MappedFile::Open(path);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, ErrorCode::kIoError);
    EXPECT_THAT(file.error().message, AllOf(HasSubstr(path), HasSubstr("10 bytes")));
  });
}

TEST_F(FileTest, TextFileIsReadWholeUpToTheLimit) {
  const std::string path = folder_.Write("a", std::string("line\n\0rest", 10));
  EXPECT_EQ(ReadTextFile(path, 10).value(), std::string("line\n\0rest", 10));
  const Result<std::string> refused = ReadTextFile(path, 9);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(refused.error().message, path + " has 10 bytes; at most 9 are read");
  EXPECT_EQ(ReadTextFile(folder_.Write("empty", ""), 0).value(), "");
}

}  // namespace
}  // namespace kith
