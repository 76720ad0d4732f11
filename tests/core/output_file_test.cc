// OutputFile of core/file.h.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/random.h"
#include "core/system_call.h"
#include "tests/fault_injection.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr auto kRefuse = OutputFile::IfExists::kRefuse;
constexpr auto kReplace = OutputFile::IfExists::kReplace;
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;  // as in core/output_file.cc

class OutputFileTest : public testing::Test {
 protected:
  OutputFile Create(OutputFile::IfExists if_exists = kRefuse) {
    return OutputFile::Create(folder_ / "out", if_exists).value();
  }
  TemporaryFolder folder_;
};

TEST_F(OutputFileTest, AppearsOnlyAtCommit) {
  OutputFile file = Create();
  ASSERT_TRUE(file.Append("hello ").ok());
  ASSERT_TRUE(file.Append("world").ok());
  EXPECT_EQ(file.position(), 11u);
  EXPECT_EQ(file.path(), folder_ / "out");
  EXPECT_THAT(folder_.List(), ElementsAre(StartsWith("out.tmp." + std::to_string(getpid()))));
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
  EXPECT_EQ(folder_.Read("out"), "hello world");
}

TEST_F(OutputFileTest, LeavesNothingBehindWithoutCommit) {
  const std::size_t descriptors = OpenDescriptors();
  {
    OutputFile file = Create();
    ASSERT_TRUE(file.Append(std::string(3 * kBufferBytes, 'x')).ok());
    OutputFile moved = std::move(file);
    ASSERT_TRUE(moved.Append("more").ok());
  }
  EXPECT_THAT(folder_.List(), IsEmpty());
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

TEST_F(OutputFileTest, CommitAfterAMoveWorks) {
  const std::size_t descriptors = OpenDescriptors();
  OutputFile file = Create();
  ASSERT_TRUE(file.Append("first, ").ok());
  OutputFile moved = std::move(file);
  ASSERT_TRUE(moved.Append("second").ok());
  ASSERT_TRUE(moved.Commit().ok());
  EXPECT_EQ(folder_.Read("out"), "first, second");
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

TEST_F(OutputFileTest, EmptyFileIsAFile) {
  ASSERT_TRUE(Create().Commit().ok());
  EXPECT_EQ(folder_.Read("out"), "");
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
}

TEST_F(OutputFileTest, HasTheRightsThatTheUserAskedFor) {
  ExpectInChild([&] {
    umask(027);
    ASSERT_TRUE(Create().Commit().ok());
    struct stat status;
    ASSERT_EQ(stat((folder_ / "out").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0640u);
  });
}

// Against a string that takes the same appends, paddings and overwrites; sizes around the buffer.
TEST_F(OutputFileTest, AnySequenceOfWritesGivesTheSameBytesAsMemory) {
  RandomStream random(5, 0);
  for (int round = 0; round < 20; ++round) {
    OutputFile file = Create(kReplace);
    std::string expected;
    for (int step = 0; step < 30; ++step) {
      const std::uint64_t kind = random.Below(4);
      const std::uint64_t size_max = random.Below(4) == 0 ? 2 * kBufferBytes : kBufferBytes / 8;
      if (kind <= 1) {
        const std::string text(random.Below(size_max), static_cast<char>('a' + step % 26));
        ASSERT_TRUE(file.Append(text).ok());
        expected += text;
      } else if (kind == 2) {
        const std::uint64_t multiple = 1 + random.Below(10000);
        ASSERT_TRUE(file.PadTo(multiple).ok());
        while (expected.size() % multiple != 0) expected += '\0';
      } else {
        const std::uint64_t offset = random.Below(expected.size() + 1);
        const std::string text(random.Below(std::min(size_max, expected.size() - offset) + 1), '#');
        ASSERT_TRUE(file.WriteAt(offset, std::as_bytes(std::span(text))).ok());
        expected.replace(offset, text.size(), text);
      }
      ASSERT_EQ(file.position(), expected.size());
    }
    ASSERT_TRUE(file.Commit().ok());
    ASSERT_TRUE(folder_.Read("out") == expected) << "round " << round;
  }
}

TEST_F(OutputFileTest, AppendsOfExactlyTheBufferKeepTheirOrder) {
  OutputFile file = Create();
  const std::string a(kBufferBytes, 'a'), b(kBufferBytes - 1, 'b'), c(kBufferBytes + 1, 'c');
  std::string expected;
  for (const std::string& text : {a, b, std::string("x"), a, c, b, std::string("yz"), a}) {
    ASSERT_TRUE(file.Append(text).ok());
    expected += text;
  }
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_TRUE(folder_.Read("out") == expected);
}

TEST_F(OutputFileTest, PadToOfAMultipleAddsNothing) {
  OutputFile file = Create();
  ASSERT_TRUE(file.PadTo(64).ok());
  EXPECT_EQ(file.position(), 0u);
  ASSERT_TRUE(file.Append("x").ok());
  ASSERT_TRUE(file.PadTo(64).ok());
  ASSERT_TRUE(file.PadTo(64).ok());
  EXPECT_EQ(file.position(), 64u);
}

TEST_F(OutputFileTest, TakenNameIsRefusedBeforeTheWork) {
  folder_.Write("out", "precious");
  const Result<OutputFile> file = OutputFile::Create(folder_ / "out", kRefuse);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(file.error().message,
            "exists already: " + (folder_ / "out") + "; use --force to replace it");
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
}

TEST_F(OutputFileTest, NameTakenMeanwhileIsRefusedAtCommit) {
  OutputFile file = Create();
  ASSERT_TRUE(file.Append("mine").ok());
  folder_.Write("out", "precious");
  const Status status = file.Commit();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(folder_.Read("out"), "precious");
}

TEST_F(OutputFileTest, RefusedCommitLeavesOnlyTheOtherFile) {
  {
    OutputFile file = Create();
    folder_.Write("out", "precious");
    EXPECT_FALSE(file.Commit().ok());
  }
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
}

TEST_F(OutputFileTest, OfTwoWritersOfOneNameTheFirstToCommitWins) {
  OutputFile first = Create(), second = Create();
  ASSERT_TRUE(first.Append("first").ok());
  ASSERT_TRUE(second.Append("second").ok());
  ASSERT_TRUE(second.Commit().ok());
  EXPECT_EQ(first.Commit().error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(folder_.Read("out"), "second");
}

TEST_F(OutputFileTest, ADanglingLinkTakesAName) {
  ASSERT_EQ(symlink("/nowhere/at/all", (folder_ / "out").c_str()), 0);
  EXPECT_EQ(OutputFile::Create(folder_ / "out", kRefuse).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(OutputFileTest, ReplacesOnlyAtCommit) {
  folder_.Write("out", "older");
  OutputFile file = Create(kReplace);
  ASSERT_TRUE(file.Append("newer").ok());
  EXPECT_EQ(folder_.Read("out"), "older");
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_EQ(folder_.Read("out"), "newer");
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
}

TEST_F(OutputFileTest, ReplaceKeepsTheOlderFileWithoutCommit) {
  folder_.Write("out", "older");
  { ASSERT_TRUE(Create(kReplace).Append("newer").ok()); }
  EXPECT_EQ(folder_.Read("out"), "older");
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
}

TEST_F(OutputFileTest, FoldersAndDevicesAreNotReplaced) {
  for (const std::string& path : {folder_.path(), std::string("/dev/null"),
                                  std::string("/dev/stdout"), std::string(""), folder_ / ""}) {
    const Result<OutputFile> file = OutputFile::Create(path, kReplace);
    ASSERT_FALSE(file.ok()) << path;
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument) << path;
  }
}

TEST_F(OutputFileTest, MissingFolderIsNotFound) {
  const Result<OutputFile> file = OutputFile::Create(folder_ / "no/such/out", kRefuse);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(file.error().message,
            "cannot create " + (folder_ / "no/such/out") + ": no folder " + (folder_ / "no/such"));
}

TEST_F(OutputFileTest, FolderWithoutPermissionIsAnIoError) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  ExpectInChild([&] {
    GiveUpRoot();
    const Result<OutputFile> file = OutputFile::Create(folder_ / "out", kRefuse);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, ErrorCode::kIoError);
    EXPECT_THAT(file.error().message,
                AllOf(HasSubstr(folder_ / "out"), HasSubstr("Permission denied")));
  });
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
}

// A crashed process of the same id leaves such names; containers reuse ids.
TEST_F(OutputFileTest, LeftoversOfACrashedProcessAreSteppedOver) {
  std::string name = TemporaryName(folder_ / "out");
  const std::size_t dot = name.rfind('.');
  const int counter = std::stoi(name.substr(dot + 1));
  for (int i = 1; i <= 5; ++i) {
    folder_.Write("out.tmp." + std::to_string(getpid()) + "." + std::to_string(counter + i), "old");
  }
  OutputFile file = Create();
  ASSERT_TRUE(file.Append("mine").ok());
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_EQ(folder_.Read("out"), "mine");
  EXPECT_EQ(folder_.List().size(), 6u);
}

TEST(OutputFileFaultTest, FullDiskSaysSoAndLeavesNothing) {
  SmallDisk disk(256 << 10);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  {
    OutputFile file = OutputFile::Create(disk.folder() / "out", kRefuse).value();
    const Status status = file.Append(std::string(2 * kBufferBytes, 'x'));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIoError);
    EXPECT_THAT(status.error().message,
                AllOf(HasSubstr(disk.folder() / "out"), HasSubstr("No space left on device"),
                      HasSubstr("at offset ")));
  }
  EXPECT_THAT(disk.folder().List(), IsEmpty());
}

TEST(OutputFileFaultTest, DiskThatFillsUpInTheBufferFailsAtCommit) {
  SmallDisk disk(256 << 10);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  {
    OutputFile file = OutputFile::Create(disk.folder() / "out", kRefuse).value();
    ASSERT_TRUE(file.Append(std::string(512 << 10, 'x')).ok());  // stays in the buffer
    const Status status = file.Commit();
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().message, HasSubstr("No space left on device"));
  }
  EXPECT_THAT(disk.folder().List(), IsEmpty());
}

TEST_F(OutputFileTest, AfterAFailedWriteEveryCallReturnsTheFirstError) {
  ExpectInChild([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {.rlim_cur = 3 << 20, .rlim_max = 3 << 20};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    OutputFile file = Create();
    const std::string text(2 << 20, 'x');
    ASSERT_TRUE(file.Append(text).ok());
    const Status first = file.Append(text);
    ASSERT_FALSE(first.ok());
    EXPECT_THAT(first.error().message, AllOf(HasSubstr("File too large"), HasSubstr("3145728")));
    EXPECT_EQ(file.position(), text.size());
    const std::byte byte{};
    for (const Status& later : {file.Append("x"), file.Append(text), file.PadTo(4096),
                                file.WriteAt(0, std::span(&byte, 1)), file.Commit()}) {
      if (later.ok()) continue;  // PadTo had nothing to add
      EXPECT_EQ(later.error().message, first.error().message);
    }
    EXPECT_FALSE(file.Append("x").ok());
    EXPECT_FALSE(file.Commit().ok());
    EXPECT_EQ(folder_.List().size(), 1u);  // the temporary name
  });
}

TEST_F(OutputFileTest, FailingSyncKeepsTheFileFromAppearing) {
  folder_.Write("out", "older");
  ExpectInChild([&] {
    OutputFile file = Create(kReplace);
    ASSERT_TRUE(file.Append("newer").ok());
    FailSystemCall(SYS_fsync, EIO);
    const Status status = file.Commit();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIoError);
    EXPECT_THAT(status.error().message, AllOf(HasSubstr("sync"), HasSubstr("Input/output error")));
    EXPECT_EQ(folder_.Read("out"), "older");
  });
}

TEST_F(OutputFileTest, FailingRenameKeepsTheOlderFileAndLeavesNothing) {
  folder_.Write("out", "older");
  ExpectInChild([&] {
    FailSystemCall(SYS_rename, EXDEV);
    {
      OutputFile file = Create(kReplace);
      EXPECT_EQ(file.Commit().error().code, ErrorCode::kIoError);
    }
    EXPECT_EQ(folder_.Read("out"), "older");
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

TEST_F(OutputFileTest, FileSystemsWithoutNoReplaceGetALinkInstead) {
  ExpectInChild([&] {
    FailSystemCall(SYS_renameat2, EINVAL);
    OutputFile file = Create();
    ASSERT_TRUE(file.Append("mine").ok());
    ASSERT_TRUE(file.Commit().ok());
    EXPECT_EQ(folder_.Read("out"), "mine");
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

TEST_F(OutputFileTest, FileSystemsWithoutNoReplaceRefuseATakenNameToo) {
  ExpectInChild([&] {
    FailSystemCall(SYS_renameat2, EINVAL);
    {
      OutputFile file = Create();
      folder_.Write("out", "precious");
      EXPECT_EQ(file.Commit().error().code, ErrorCode::kAlreadyExists);
    }
    EXPECT_EQ(folder_.Read("out"), "precious");
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

#ifndef NDEBUG
TEST_F(OutputFileTest, OverwritingWhatWasNotAppendedIsABrokenInvariant) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  OutputFile file = Create();
  ASSERT_TRUE(file.Append("1234").ok());
  const std::vector<std::byte> bytes(3);
  EXPECT_DEATH((void)file.WriteAt(2, bytes).ok(), "offset");
}
#endif

}  // namespace
}  // namespace kith
