// OutputDirectory of core/file.h.
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/fault_injection.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kRefuse = OutputFile::IfExists::kRefuse;
constexpr auto kReplace = OutputFile::IfExists::kReplace;

class OutputDirectoryTest : public testing::Test {
 protected:
  OutputDirectory Create(OutputFile::IfExists if_exists, const std::string& marker = {}) {
    return OutputDirectory::Create(folder_ / "out", if_exists, marker).value();
  }
  void MakeOlder(const std::string& file) {
    std::filesystem::create_directories(folder_ / "out/sub");
    folder_.Write("out/" + file, "older");
    folder_.Write("out/sub/other", "older");
  }
  TemporaryFolder folder_;
};

void WriteInto(const OutputDirectory& directory, const std::string& text) {
  OutputFile file = OutputFile::Create(directory.path() + "/data", kRefuse).value();
  ASSERT_TRUE(file.Append(text).ok());
  ASSERT_TRUE(file.Commit().ok());
}

TEST_F(OutputDirectoryTest, AppearsOnlyAtCommit) {
  OutputDirectory directory = Create(kRefuse);
  WriteInto(directory, "mine");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  ASSERT_TRUE(directory.Commit().ok());
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
  EXPECT_EQ(folder_.Read("out/data"), "mine");
}

TEST_F(OutputDirectoryTest, LeavesNothingBehindWithoutCommit) {
  const std::size_t descriptors = OpenDescriptors();
  {
    OutputDirectory directory = Create(kRefuse);
    WriteInto(directory, "mine");
    std::filesystem::create_directories(directory.path() + "/deep/er");
    const OutputDirectory moved = std::move(directory);
    EXPECT_TRUE(std::filesystem::exists(moved.path() + "/data"));
  }
  EXPECT_THAT(folder_.List(), IsEmpty());
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

TEST_F(OutputDirectoryTest, TrailingSlashesDoNotMatter) {
  OutputDirectory directory = OutputDirectory::Create(folder_ / "out//", kRefuse).value();
  ASSERT_TRUE(directory.Commit().ok());
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
}

TEST_F(OutputDirectoryTest, TakenNameIsRefusedBeforeTheWork) {
  MakeOlder("data");
  const Result<OutputDirectory> directory = OutputDirectory::Create(folder_ / "out", kRefuse);
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(directory.error().message,
            "exists already: " + (folder_ / "out") + "; use --force to replace it");
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
}

TEST_F(OutputDirectoryTest, NameTakenMeanwhileIsRefusedAtCommit) {
  {
    OutputDirectory directory = Create(kRefuse);
    WriteInto(directory, "mine");
    std::filesystem::create_directory(folder_ / "out");
    EXPECT_EQ(directory.Commit().error().code, ErrorCode::kAlreadyExists);
  }
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out"));
}

TEST_F(OutputDirectoryTest, ReplacesOnlyAtCommit) {
  MakeOlder("data");
  OutputDirectory directory = Create(kReplace, "data");
  WriteInto(directory, "newer");
  EXPECT_EQ(folder_.Read("out/data"), "older");
  ASSERT_TRUE(directory.Commit().ok());
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
  EXPECT_EQ(folder_.Read("out/data"), "newer");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/sub"));
}

TEST_F(OutputDirectoryTest, ReplaceWithNothingThereIsACreation) {
  OutputDirectory directory = Create(kReplace, "data");
  WriteInto(directory, "mine");
  ASSERT_TRUE(directory.Commit().ok());
  EXPECT_EQ(folder_.Read("out/data"), "mine");
}

TEST_F(OutputDirectoryTest, ReplaceWithoutCommitKeepsTheOlder) {
  MakeOlder("data");
  { WriteInto(Create(kReplace, "data"), "newer"); }
  EXPECT_THAT(folder_.List(), ElementsAre("out"));
  EXPECT_EQ(folder_.Read("out/data"), "older");
}

TEST_F(OutputDirectoryTest, AFolderOfSomethingElseIsNotReplaced) {
  MakeOlder("thesis");
  const Result<OutputDirectory> directory =
      OutputDirectory::Create(folder_ / "out", kReplace, "data");
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(directory.error().message,
              AllOf(HasSubstr(folder_ / "out"), HasSubstr("holds no data")));
  EXPECT_EQ(folder_.Read("out/thesis"), "older");
}

TEST_F(OutputDirectoryTest, AFolderOfSomethingElseMadeMeanwhileIsNotReplaced) {
  OutputDirectory directory = Create(kReplace, "data");
  MakeOlder("thesis");
  EXPECT_EQ(directory.Commit().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(folder_.Read("out/thesis"), "older");
}

TEST_F(OutputDirectoryTest, AnEmptyFolderIsReplaced) {
  std::filesystem::create_directory(folder_ / "out");
  OutputDirectory directory = Create(kReplace, "data");
  WriteInto(directory, "mine");
  ASSERT_TRUE(directory.Commit().ok());
  EXPECT_EQ(folder_.Read("out/data"), "mine");
}

TEST_F(OutputDirectoryTest, AFileIsNotReplacedByAFolder) {
  folder_.Write("out", "precious");
  EXPECT_EQ(OutputDirectory::Create(folder_ / "out", kReplace).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(folder_.Read("out"), "precious");
}

TEST_F(OutputDirectoryTest, NamesThatAreNoNewFolderAreRefused) {
  for (const char* path : {"", "/", "//", ".", "..", "a/.."}) {
    for (const auto if_exists : {kRefuse, kReplace}) {
      const Result<OutputDirectory> directory = OutputDirectory::Create(path, if_exists);
      ASSERT_FALSE(directory.ok()) << path;
      EXPECT_EQ(directory.error().code, ErrorCode::kInvalidArgument) << path;
    }
  }
}

TEST_F(OutputDirectoryTest, MissingParentIsNotFound) {
  const Result<OutputDirectory> directory =
      OutputDirectory::Create(folder_ / "no/such/out/", kRefuse);
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(directory.error().message, HasSubstr("no folder " + (folder_ / "no/such")));
}

TEST_F(OutputDirectoryTest, ParentWithoutPermissionIsAnIoError) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  ExpectInChild([&] {
    GiveUpRoot();
    const Result<OutputDirectory> directory = OutputDirectory::Create(folder_ / "out", kRefuse);
    ASSERT_FALSE(directory.ok());
    EXPECT_EQ(directory.error().code, ErrorCode::kIoError);
    EXPECT_THAT(directory.error().message, HasSubstr("Permission denied"));
  });
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
}

TEST_F(OutputDirectoryTest, RelativeNamesLieInTheWorkingFolder) {
  ExpectInChild([&] {
    ASSERT_EQ(chdir(folder_.path().c_str()), 0);
    OutputDirectory directory = OutputDirectory::Create("out", kRefuse).value();
    ASSERT_TRUE(directory.Commit().ok());
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

// The three below: file systems whose rename has no flags.

TEST_F(OutputDirectoryTest, WithoutRenameFlagsAFolderIsCreated) {
  ExpectInChild([&] {
    FailSystemCall(SYS_renameat2, EINVAL);
    OutputDirectory directory = Create(kRefuse);
    WriteInto(directory, "mine");
    // WriteInto itself commits by a link here.
    ASSERT_TRUE(directory.Commit().ok());
    EXPECT_EQ(folder_.Read("out/data"), "mine");
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

TEST_F(OutputDirectoryTest, WithoutRenameFlagsATakenNameIsRefused) {
  ExpectInChild([&] {
    FailSystemCall(SYS_renameat2, EINVAL);
    {
      OutputDirectory directory = Create(kRefuse);
      std::filesystem::create_directory(folder_ / "out");  // empty: rename alone would replace it
      EXPECT_EQ(directory.Commit().error().code, ErrorCode::kAlreadyExists);
    }
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

TEST_F(OutputDirectoryTest, WithoutRenameFlagsAFolderIsReplaced) {
  MakeOlder("data");
  ExpectInChild([&] {
    FailSystemCall(SYS_renameat2, EINVAL);
    OutputDirectory directory = Create(kReplace, "data");
    WriteInto(directory, "newer");
    ASSERT_TRUE(directory.Commit().ok());
    EXPECT_EQ(folder_.Read("out/data"), "newer");
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

TEST_F(OutputDirectoryTest, FailingRenameKeepsTheOlder) {
  MakeOlder("data");
  ExpectInChild([&] {
    FailSystemCall(SYS_renameat2, EIO);
    {
      OutputDirectory directory = Create(kReplace, "data");
      EXPECT_EQ(directory.Commit().error().code, ErrorCode::kIoError);
    }
    EXPECT_EQ(folder_.Read("out/data"), "older");
    EXPECT_THAT(folder_.List(), ElementsAre("out"));
  });
}

TEST_F(OutputDirectoryTest, FailingSyncKeepsTheFolderFromAppearing) {
  ExpectInChild([&] {
    {
      OutputDirectory directory = Create(kRefuse);
      WriteInto(directory, "mine");
      FailSystemCall(SYS_fsync, EIO);
      EXPECT_EQ(directory.Commit().error().code, ErrorCode::kIoError);
    }
    EXPECT_THAT(folder_.List(), IsEmpty());
  });
}

}  // namespace
}  // namespace kith
