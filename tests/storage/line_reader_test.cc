#include "storage/line_reader.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LineReaderTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.File("lines.txt");

  // Every line, or the error.
  Result<std::vector<std::string>> Lines(std::string_view bytes, std::uint64_t line_bytes_max) {
    WriteBytes(path_, bytes);
    LineReader reader = TRY(LineReader::Open(path_, line_bytes_max));
    std::vector<std::string> lines;
    for (;;) {
      const auto line = TRY(reader.Next());
      if (!line) break;
      lines.emplace_back(*line);
      EXPECT_EQ(reader.line(), lines.size());
    }
    EXPECT_EQ(reader.bytes_read(), bytes.size());
    return lines;
  }
};

TEST_F(LineReaderTest, EmptyFileHasNoLines) { EXPECT_THAT(Lines("", 10).value(), IsEmpty()); }

TEST_F(LineReaderTest, LastLineNeedsNoNewline) {
  EXPECT_THAT(Lines("a\nbc", 10).value(), ElementsAre("a", "bc"));
  EXPECT_THAT(Lines("a\nbc\n", 10).value(), ElementsAre("a", "bc"));
}

TEST_F(LineReaderTest, EmptyLinesAreLines) {
  EXPECT_THAT(Lines("\n\na\n\n", 10).value(), ElementsAre("", "", "a", ""));
}

TEST_F(LineReaderTest, CarriageReturnGoesOnlyBeforeANewline) {
  EXPECT_THAT(Lines("a\r\n\r\nb\rc\r", 10).value(), ElementsAre("a", "", "b\rc\r"));
}

TEST_F(LineReaderTest, ByteOrderMarkIsSkippedAtTheHeadOnly) {
  EXPECT_THAT(Lines("\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo\n", 10).value(),
              ElementsAre("one", "\xEF\xBB\xBFtwo"));
}

TEST_F(LineReaderTest, LineOfTheLimitPassesAndOneByteMoreDoesNot) {
  for (const std::string end : {"", "\n", "\r\n"}) {
    const auto fits = Lines("ab\n" + std::string(7, 'x') + end, 7);
    ASSERT_TRUE(fits.ok()) << fits.error().message;
    EXPECT_EQ(fits.value().at(1), std::string(7, 'x'));

    const auto over = Lines("ab\n" + std::string(8, 'x') + end, 7);
    ASSERT_FALSE(over.ok());
    EXPECT_EQ(over.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(over.error().message, HasSubstr("lines.txt:2: line of more than 7 bytes"));
  }
}

TEST_F(LineReaderTest, LinesAcrossReadsAreWhole) {
  // Lengths around the 256 KiB that are read at a time.
  std::string bytes;
  std::vector<std::string> expected;
  for (const std::size_t length : {262143, 1, 262144, 0, 262145, 700000, 3}) {
    expected.emplace_back(length, static_cast<char>('a' + expected.size()));
    bytes += expected.back() + "\n";
  }
  EXPECT_EQ(Lines(bytes, 1 << 20).value(), expected);
}

TEST_F(LineReaderTest, OverLongLineIsFoundWithoutReadingItAll) {
  WriteBytes(path_, std::string(std::size_t{4} << 20, 'x'));
  LineReader reader = LineReader::Open(path_, 100).value();
  ASSERT_FALSE(reader.Next().ok());
  EXPECT_LT(reader.bytes_read(), std::uint64_t{1} << 20);
}

TEST_F(LineReaderTest, MissingFileIsNotFound) {
  const auto reader = LineReader::Open(directory_.File("absent"), 10);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace kith
