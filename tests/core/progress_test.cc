#include "core/progress.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() { params_.descriptor = open((folder_ / "out").c_str(), O_WRONLY | O_CREAT, 0600); }
  ~ProgressTest() override { close(params_.descriptor); }
  std::string Output() const { return folder_.Read("out"); }

  TemporaryFolder folder_;
  ConsoleProgressParams params_;
};

TEST(NoProgressTest, TakesEverything) {
  Progress& none = Progress::None();
  none.Start("stage", 3);
  none.Advance(100);
  none.Finish();
  EXPECT_EQ(&none, &Progress::None());
}

TEST_F(ProgressTest, WithoutATerminalAStageIsOneLineAtItsEnd) {
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 1200);
  for (int i = 0; i < 1200; ++i) progress->Advance(1);
  EXPECT_EQ(Output(), "");
  progress->Finish();
  EXPECT_THAT(Output(), MatchesRegex("read: done, 1\\.20k in [0-9.]+ s \\([0-9.]+[kMG]?/s\\)\n"));
}

TEST_F(ProgressTest, StartEndsTheStageBefore) {
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 10);
  progress->Advance(10);
  progress->Start("build", 0);
  progress->Advance(7);
  progress->Finish();
  progress->Finish();
  EXPECT_THAT(Output(), MatchesRegex("read: done, 10 in .*\nbuild: done, 7 in .*\n"));
}

TEST_F(ProgressTest, LongStagesTellTheirFiguresOnTheWay) {
  params_.line_seconds = 0;
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 4000000);
  progress->Advance(1000000);
  EXPECT_THAT(Output(), MatchesRegex("read: 25% 1\\.00M/4\\.00M, [0-9.]+[kMGT]/s, .* left\n"));
}

TEST_F(ProgressTest, UnknownTotalsHaveNoShareAndNoTimeLeft) {
  params_.line_seconds = 0;
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 0);
  progress->Advance(950);
  EXPECT_THAT(Output(),
              AllOf(HasSubstr("read: 950, "), Not(HasSubstr("%")), Not(HasSubstr("left"))));
}

TEST_F(ProgressTest, LinesKeepTheirDistance) {
  params_.line_seconds = 3600;
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 1000);
  for (int i = 0; i < 1000; ++i) progress->Advance(1);
  EXPECT_EQ(Output(), "");
}

TEST_F(ProgressTest, ACutOffStageSaysHowFarItCame) {
  {
    const auto progress = NewConsoleProgress(params_);
    progress->Start("read", 1000);
    progress->Advance(300);
  }
  EXPECT_THAT(Output(), MatchesRegex("read: stopped, 300 of 1\\.00k in .*\n"));
}

TEST_F(ProgressTest, AdvanceBeforeAnyStageAndAfterTheLastIsIgnored) {
  params_.line_seconds = 0;
  const auto progress = NewConsoleProgress(params_);
  progress->Advance(1);
  progress->Start("read", 1);
  progress->Finish();
  const std::string before = Output();
  progress->Advance(1);
  EXPECT_EQ(Output(), before);
}

TEST_F(ProgressTest, ThreadsAdvanceAtOnceAndNothingIsLost) {
  params_.line_seconds = 0;
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 4000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) progress->Advance(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  progress->Finish();
  EXPECT_THAT(Output(), HasSubstr("read: done, 4.00k in "));
}

TEST_F(ProgressTest, OnATerminalABarIsRedrawnInPlace) {
  params_.terminal = true;
  params_.redraw_seconds = 0;
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 100);
  progress->Advance(50);
  EXPECT_THAT(Output(), AllOf(HasSubstr("\rread [" + std::string(30, ' ') + "] 0% 0/100"),
                              HasSubstr("\rread [" + std::string(15, '=') + std::string(15, ' ') +
                                        "] 50% 50/100"),
                              Not(HasSubstr("\n"))));
  progress->Advance(500);  // more than announced
  EXPECT_THAT(Output(), HasSubstr("\rread [" + std::string(30, '=') + "] 100% 550/100"));
  progress->Finish();
  EXPECT_THAT(Output(), MatchesRegex(".*\r\x1b\\[Kread: done, 550 in .*\n"));
}

TEST_F(ProgressTest, AMessageWipesTheBarAndTheNextAdvanceDrawsIt) {
  params_.terminal = true;
  params_.redraw_seconds = 0;
  const auto progress = NewConsoleProgress(params_);
  EraseProgressBar();
  EXPECT_EQ(Output(), "");
  progress->Start("read", 100);
  const std::string drawn = Output();
  testing::internal::CaptureStderr();
  LogError("a message");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("a message"));
  EXPECT_EQ(Output(), drawn + "\r\x1b[K");
  EraseProgressBar();  // there is none by now
  EXPECT_EQ(Output(), drawn + "\r\x1b[K");
  progress->Advance(50);
  EXPECT_THAT(Output(), HasSubstr("50% 50/100"));
  progress->Finish();
  const std::string finished = Output();
  EraseProgressBar();
  EXPECT_EQ(Output(), finished);
}

TEST_F(ProgressTest, BarsAreNotRedrawnTooOften) {
  params_.terminal = true;
  params_.redraw_seconds = 3600;
  const auto progress = NewConsoleProgress(params_);
  progress->Start("read", 1000);
  for (int i = 0; i < 1000; ++i) progress->Advance(1);
  const std::string output = Output();
  EXPECT_EQ(std::count(output.begin(), output.end(), '\r'), 1);
}

// A pseudo terminal of some width: no line may wrap.
TEST(ProgressTerminalTest, LinesFitTheWidthOfTheTerminal) {
  for (const unsigned short columns : {5, 20, 40, 60, 200}) {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
      GTEST_SKIP() << "no pseudo terminals here";
    }
    ConsoleProgressParams params;
    params.descriptor = open(ptsname(master), O_RDWR | O_NOCTTY);
    params.terminal = true;
    params.redraw_seconds = 0;
    const winsize window = {.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(ioctl(params.descriptor, TIOCSWINSZ, &window), 0);
    const auto progress = NewConsoleProgress(params);
    progress->Start("link nodes", 1000);
    progress->Advance(500);
    std::string output(4096, '\0');
    output.resize(std::max<ssize_t>(0, read(master, output.data(), output.size())));
    close(params.descriptor);
    close(master);

    const std::size_t last = output.rfind('\r');
    ASSERT_NE(last, std::string::npos);
    const std::size_t width = output.find("\x1b[K", last) - last - 1;
    EXPECT_LT(width, columns);
    // How long the figures are is up to the clock: in between a bar may fit or not.
    const bool has_bar = output.find('[', last) < output.find("\x1b[K", last);
    EXPECT_FALSE(columns <= 20 && has_bar) << columns;
    EXPECT_FALSE(columns >= 80 && !has_bar) << columns;
  }
}

}  // namespace
}  // namespace kith
