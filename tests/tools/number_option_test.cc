#include "tools/number_option.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NumberOptionTest : public testing::Test {
 protected:
  void SetUp() override {
    AddNumber(app_, "--count", count_, "");
    AddNumber(app_, "--seed", seed_, "");
    AddNumber(app_, "--share", share_, "");
    AddNumbers(app_, "--points", points_, 3, "");
    AddNumbers(app_, "--shares", shares_, 3, "");
    AddThreads(app_, threads_, "");
  }

  // The message, empty on success.
  std::string Parse(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);
    try {
      app_.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return {};
  }

  CLI::App app_;
  std::uint32_t count_ = 7;
  std::uint64_t seed_ = 7;
  double share_ = 0.5;
  std::vector<std::uint32_t> points_;
  std::vector<double> shares_;
  std::size_t threads_ = 0;
};

TEST_F(NumberOptionTest, ReadsDecimalsOfTheWholeRange) {
  EXPECT_EQ(Parse({"--count", "4294967295", "--seed=18446744073709551615", "--share", "1e-3",
                   "--points", "1", "020", "--shares", "0.5", "--threads", "1024"}),
            "");
  EXPECT_EQ(count_, 4294967295u);
  EXPECT_EQ(seed_, 18446744073709551615u);
  EXPECT_EQ(share_, 1e-3);
  EXPECT_THAT(points_, ElementsAre(1, 20));
  EXPECT_THAT(shares_, ElementsAre(0.5));
  EXPECT_EQ(threads_, 1024u);
}

TEST_F(NumberOptionTest, KeepsDefaultsOfWhatIsNotGiven) {
  EXPECT_EQ(Parse({}), "");
  EXPECT_EQ(count_, 7u);
  EXPECT_EQ(share_, 0.5);
  EXPECT_TRUE(points_.empty());
}

TEST_F(NumberOptionTest, ALeadingZeroIsNotOctal) {
  EXPECT_EQ(Parse({"--count", "010"}), "");
  EXPECT_EQ(count_, 10u);
}

TEST_F(NumberOptionTest, RejectsWhatIsNoWholeNumberOfTheType) {
  for (const char* text : {"", "ten", "-1", "+1", "1.0", "1e3", "0x10", " 5", "5 ", "4294967296"}) {
    EXPECT_THAT(Parse({"--count", text}),
                HasSubstr("from 0 to 4294967295, found \"" + std::string(text) + "\""));
    EXPECT_THAT(Parse({"--points", "3", text}), HasSubstr("--points"));
  }
  EXPECT_THAT(Parse({"--seed", "18446744073709551616"}), HasSubstr("18446744073709551615"));
  EXPECT_THAT(Parse({"--threads", "1025"}), HasSubstr("from 0 to 1024"));
}

TEST_F(NumberOptionTest, RejectsWhatIsNoFiniteShare) {
  for (const char* text : {"", "half", "-0.5", "nan", "inf", "1,5", "1e999"}) {
    EXPECT_THAT(Parse({"--share", text}), HasSubstr("found \"" + std::string(text) + "\""));
    EXPECT_THAT(Parse({"--shares", text}), HasSubstr("--shares"));
  }
}

}  // namespace
}  // namespace kith
