#include "tools/text_table.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(TextTableTest, SetsNumbersToTheRightAndWordsToTheLeft) {
  TextTable table({"name", "bytes"});
  table.AddRow({"a", "1,000"});
  table.AddRow({"codes", "7"});
  EXPECT_EQ(table.Text(), "  name   bytes\n  a      1,000\n  codes      7\n");
}

TEST(TextTableTest, CountsCodePointsNotBytes) {
  TextTable table;
  table.AddRow({"\xc3\xa9\xc3\xa9", "x"});
  table.AddRow({"abc", "y"});
  EXPECT_EQ(table.Text(), "  \xc3\xa9\xc3\xa9   x\n  abc  y\n");
}

TEST(FactListTest, LinesUpTheValues) {
  FactList facts;
  facts.Add("dim", "128");
  facts.Add("vectors", "10");
  EXPECT_EQ(facts.Text(), "  dim      128\n  vectors  10\n");
}

TEST(FormatTest, GroupsThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
}

TEST(FormatTest, ChoosesTheUnitOfADuration) {
  EXPECT_EQ(FormatSeconds(0.00123), "1.23 ms");
  EXPECT_EQ(FormatSeconds(0.82), "820 ms");
  EXPECT_EQ(FormatSeconds(2.5), "2.50 s");
  EXPECT_EQ(FormatSeconds(12.34), "12.3 s");
  EXPECT_EQ(FormatSeconds(250), "4 min 10 s");
}

TEST(ShortenTextTest, KeepsShortTextsAndCutsLongOnesBetweenCodePoints) {
  EXPECT_EQ(ShortenText("short", 10), "short");
  EXPECT_EQ(ShortenText("two\nlines", 10), "two lines");
  EXPECT_EQ(ShortenText("0123456789abc", 10), "0123456...");
  EXPECT_EQ(ShortenText("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 5),
            "\xc3\xa9\xc3\xa9...");
}

}  // namespace
}  // namespace kith
