#include "core/log.h"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string Logged(LogLevel threshold, LogLevel level, std::string_view message) {
  SetLogLevel(threshold);
  testing::internal::CaptureStderr();
  Log(level, message);
  SetLogLevel(LogLevel::kWarning);
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, LineHasTimeLevelAndMessage) {
  EXPECT_THAT(Logged(LogLevel::kInfo, LogLevel::kInfo, "opened a file"),
              MatchesRegex("[0-9]+-[0-9]+-[0-9]+ [0-9:.]+ info: opened a file\n"));
}

TEST(LogTest, LevelsBelowTheThresholdAreSilent) {
  constexpr LogLevel kLevels[] = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning,
                                  LogLevel::kError};
  for (const LogLevel threshold : kLevels) {
    for (const LogLevel level : kLevels) {
      EXPECT_EQ(Logged(threshold, level, "text").empty(), level < threshold);
    }
  }
  for (const LogLevel level : kLevels) EXPECT_EQ(Logged(LogLevel::kOff, level, "text"), "");
}

TEST(LogTest, AMessageAtLevelOffIsNotWritten) {
  EXPECT_EQ(Logged(LogLevel::kDebug, LogLevel::kOff, "text"), "");
}

TEST(LogTest, TextOfAUserStaysOnItsLineAndIsNoFormat) {
  EXPECT_THAT(Logged(LogLevel::kInfo, LogLevel::kError, "name '{}%s\nerror: forged\x1b[2J'"),
              HasSubstr("error: name '{}%s error: forged [2J'\n"));
}

// Each runs in a process of its own, where the logger is not made yet.
std::string LoggedWithEnvironment(const char* value) {
  setenv("KITH_LOG", value, 1);
  LogInfo("an info");
  LogWarning("a warning");
  LogError("an error");
  std::exit(0);
}

class LogDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(LogDeathTest, EnvironmentPicksTheLevel) {
  const auto exits = testing::ExitedWithCode(0);
  EXPECT_EXIT(LoggedWithEnvironment("info"), exits, "info: an info");
  EXPECT_EXIT(LoggedWithEnvironment("error"), exits,
              testing::Matcher<const std::string&>(
                  AllOf(Not(HasSubstr("warning")), HasSubstr("error: an error"))));
  EXPECT_EXIT(LoggedWithEnvironment("off"), exits,
              testing::Matcher<const std::string&>(Not(HasSubstr("an error"))));
}

TEST_F(LogDeathTest, UnknownLevelIsSaidAndWarningsStay) {
  EXPECT_EXIT(LoggedWithEnvironment("loud"), testing::ExitedWithCode(0),
              testing::Matcher<const std::string&>(
                  AllOf(HasSubstr("KITH_LOG: expected debug, info, warning, error or off, found "
                                  "'loud'"),
                        HasSubstr("warning: a warning"), Not(HasSubstr("an info")))));
}

}  // namespace
}  // namespace kith
