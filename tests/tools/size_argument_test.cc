#include "tools/size_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(SizeArgumentTest, ReadsBytesAndBothKindsOfUnits) {
  const auto bytes = [](std::string_view text) { return ParseSize(text).value(); };
  EXPECT_EQ(bytes("1000000"), 1000000u);
  EXPECT_EQ(bytes("1"), 1u);
  EXPECT_EQ(bytes("2GiB"), 2147483648u);
  EXPECT_EQ(bytes("512MiB"), 536870912u);
  EXPECT_EQ(bytes("1.5G"), 1610612736u);
  EXPECT_EQ(bytes("64 kb"), 64000u);
  EXPECT_EQ(bytes("3TB"), 3000000000000u);
  EXPECT_EQ(bytes("7B"), 7u);
  EXPECT_EQ(bytes("0.5K"), 512u);
}

TEST(SizeArgumentTest, RejectsWhatIsNotASizeAndShowsHowOneLooks) {
  for (const char* text :
       {"", "G", "2 ", "-1", "+1", "1e9", "nan", "inf", "2GiBs", "2  GiB", "2..5G", ".5G", "5.",
        "0", "0.2", "0x10", "99999999999T", "1,5G", "two"}) {
    const Result<std::uint64_t> parsed = ParseSize(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, testing::HasSubstr("2GiB"));
  }
}

TEST(SizeArgumentTest, FormatsThreeDigitsWithUnit) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1000), "1000 B");
  EXPECT_EQ(FormatSize(1024), "1.00 KiB");
  EXPECT_EQ(FormatSize(1610612736), "1.50 GiB");
  EXPECT_EQ(FormatSize(536870912), "512 MiB");
  EXPECT_EQ(FormatSize(1048575), "1.00 MiB");
  EXPECT_EQ(FormatSize(15 * 1048576 + 500000), "15.5 MiB");
}

}  // namespace
}  // namespace kith
