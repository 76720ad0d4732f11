// Commands that are stopped or whose disk is full: a clear end, and nothing half written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/fault_injection.h"
#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InterruptionTest : public testing::Test {
 protected:
  // Work of many seconds.
  void SetUp() override {
    folder_.Write("base.fvecs", Texmex(ClusteredRows(40000, 32, 1)));
    folder_.Write("query.fvecs", Texmex(ClusteredRows(4000, 32, 2)));
  }

  const std::vector<std::string> build_ = {"build",    "--input",   "base.fvecs",
                                           "--output", "a.index",   "--ef-construction",
                                           "1000",     "--threads", "2"};
  // Whether the command has begun to write.
  bool HasTemporary() const {
    for (const std::string& name : folder_.List()) {
      if (name.find(".tmp.") != std::string::npos) return true;
    }
    return false;
  }

  TemporaryFolder folder_;
};

TEST_F(InterruptionTest, CtrlCInABuildLeavesNothing) {
  for (const int signal : {SIGINT, SIGTERM}) {
    KithProcess process(build_, folder_.path());
    ASSERT_TRUE(WaitFor([&] { return HasTemporary(); }));
    process.Signal(signal);
    const KithRun run = process.Wait();
    ExpectError(run, 130, "kith build");
    EXPECT_THAT(run.err, HasSubstr("stopped on request"));
    EXPECT_THAT(folder_.List(), ElementsAre("base.fvecs", "query.fvecs"));
  }
}

TEST_F(InterruptionTest, CtrlCKeepsTheIndexThatWasToBeReplaced) {
  folder_.Write("small.fvecs", Texmex(ClusteredRows(50, 32, 3)));
  ASSERT_EQ(
      RunKith({"build", "--input", "small.fvecs", "--output", "a.index"}, folder_.path()).exit_code,
      0);
  const std::string before = folder_.Read("a.index/index.kith");
  std::vector<std::string> replace = build_;
  replace.push_back("--force");
  KithProcess process(replace, folder_.path());
  ASSERT_TRUE(WaitFor([&] { return HasTemporary(); }));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait().exit_code, 130);
  EXPECT_EQ(folder_.Read("a.index/index.kith"), before);
  EXPECT_THAT(folder_.List(), ElementsAre("a.index", "base.fvecs", "query.fvecs", "small.fvecs"));
}

TEST_F(InterruptionTest, ASecondCtrlCEndsAtOnceWithoutTheFinalName) {
  KithProcess process(build_, folder_.path());
  ASSERT_TRUE(WaitFor([&] { return HasTemporary(); }));
  process.Signal(SIGINT);
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait().exit_code, 130);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.index"));
}

TEST_F(InterruptionTest, CtrlCStopsGroundTruthToo) {
  KithProcess process({"ground-truth", "--base", "base.fvecs", "--queries", "query.fvecs",
                       "--output", "out.ivecs", "--threads", "1"},
                      folder_.path());
  ASSERT_TRUE(WaitFor([&] { return HasTemporary(); }));
  process.Signal(SIGINT);
  const KithRun run = process.Wait();
  // A fast machine may be done before the signal comes.
  if (run.exit_code != 0) {
    ExpectError(run, 130, "kith ground-truth");
    EXPECT_THAT(folder_.List(), ElementsAre("base.fvecs", "query.fvecs"));
  }
}

TEST(FullDiskTest, EveryWriterSaysSoAndLeavesNothing) {
  const SmallDisk disk(256 << 10);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  const TemporaryFolder folder;
  folder.Write("base.fvecs", Texmex(ClusteredRows(3000, 32, 1)));
  folder.Write("query.fvecs", Texmex(ClusteredRows(1000, 32, 2)));
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"build", "--input", "base.fvecs", "--output", disk.folder() / "a"},
           {"build", "--input", "base.fvecs", "--index", "flat", "--output", disk.folder() / "b"},
           {"convert", "--input", "base.fvecs", "--output", disk.folder() / "c.npy"},
           {"ground-truth", "--base", "base.fvecs", "--queries", "query.fvecs", "--output",
            disk.folder() / "d.ivecs"}}) {
    const KithRun run = RunKith(arguments, folder.path());
    ExpectError(run, 1, "kith " + arguments[0]);
    EXPECT_THAT(run.err, HasSubstr("No space left on device"));
    EXPECT_THAT(disk.folder().List(), ElementsAre());
  }
}

TEST(UnwritableOutputTest, EveryWriterNamesThePlace) {
  const TemporaryFolder folder, locked;
  folder.Write("base.fvecs", Texmex(ClusteredRows(300, 8, 1)));
  // Root may write anywhere but to a disk that is mounted read-only.
  const bool mounted = mount("tmpfs", locked.path().c_str(), "tmpfs", MS_RDONLY, "size=64k") == 0;
  if (!mounted) {
    if (geteuid() == 0) GTEST_SKIP() << "root cannot mount a read-only tmpfs here";
    chmod(locked.path().c_str(), 0555);
  }
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"build", "--input", "base.fvecs", "--output", locked / "a"},
           {"convert", "--input", "base.fvecs", "--output", locked / "c.npy"},
           {"ground-truth", "--base", "base.fvecs", "--queries", "base.fvecs", "--output",
            locked / "d.ivecs"},
           {"convert", "--input", "base.fvecs", "--output", "no/such/folder/c.npy"},
           {"build", "--input", "base.fvecs", "--output", "no/such/folder/a"}}) {
    const KithRun run = RunKith(arguments, folder.path());
    ExpectError(run, 1, "kith " + arguments[0]);
    EXPECT_THAT(run.err, HasSubstr(std::filesystem::path(arguments.back()).parent_path().string()));
  }
  if (mounted) umount2(locked.path().c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace kith
