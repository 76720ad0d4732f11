#include "core/system_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace kith {
namespace {

TEST(SystemCallTest, ErrorsHaveTheSystemsWordsAndACode) {
  EXPECT_EQ(SystemError(ENOENT, "x").code, ErrorCode::kNotFound);
  EXPECT_EQ(SystemError(EEXIST, "x").code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(SystemError(EACCES, "x").code, ErrorCode::kIoError);
  EXPECT_EQ(SystemError(ENOSPC, "cannot write a").message,
            "cannot write a: No space left on device");
}

TEST(SystemCallTest, InterruptedCallsAreRepeatedAndOthersAreNot) {
  int calls = 0;
  EXPECT_EQ(RetryOnSignal([&] {
              errno = EINTR;
              return ++calls < 4 ? -1 : 7;
            }),
            7);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(RetryOnSignal([&] {
              ++calls;
              errno = EIO;
              return -1;
            }),
            -1);
  EXPECT_EQ(calls, 5);
}

TEST(SystemCallTest, FolderOfIsWhatStandsBeforeTheLastName) {
  EXPECT_EQ(FolderOf("b"), ".");
  EXPECT_EQ(FolderOf("a/b"), "a");
  EXPECT_EQ(FolderOf("a//b"), "a");
  EXPECT_EQ(FolderOf("/b"), "/");
  EXPECT_EQ(FolderOf("//b"), "/");
  EXPECT_EQ(FolderOf("/a/b/c"), "/a/b");
  EXPECT_EQ(FolderOf("../b"), "..");
}

TEST(SystemCallTest, TemporaryNamesLieBesideThePathAndDiffer) {
  const std::string first = TemporaryName("dir/out"), second = TemporaryName("dir/out");
  EXPECT_THAT(first, testing::StartsWith("dir/out.tmp."));
  EXPECT_NE(first, second);
}

TEST(SystemCallTest, SyncFolderNamesAFolderItCannotOpen) {
  const TemporaryFolder folder;
  EXPECT_TRUE(SyncFolder(folder.path()).ok());
  const Status missing = SyncFolder(folder / "missing");
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, testing::HasSubstr(folder / "missing"));
  EXPECT_FALSE(SyncFolder(folder.Write("file", "x")).ok());
}

}  // namespace
}  // namespace kith
