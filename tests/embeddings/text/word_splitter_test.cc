#include "embeddings/text/word_splitter.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Words(std::string_view text) {
  WordList list;
  list.Split(text);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < list.size(); ++i) words.emplace_back(list.word(i));
  return words;
}

TEST(WordSplitterTest, LettersAndDigitsMakeWords) {
  EXPECT_THAT(Words("Play chess, v2.0 (SQL)!"), ElementsAre("play", "chess", "v2", "0", "sql"));
}

TEST(WordSplitterTest, TextWithoutLettersHasNoWords) {
  EXPECT_THAT(Words(""), IsEmpty());
  EXPECT_THAT(Words(" \t\n.,;-_!?\x7f"), IsEmpty());
  EXPECT_THAT(Words("\xE2\x80\x94 \xF0\x9F\x98\x80 \xE2\x82\xAC"), IsEmpty());  // dash, emoji, euro
}

TEST(WordSplitterTest, EveryAsciiByteIsWordOrSeparator) {
  for (int c = 0; c < 128; ++c) {
    const std::string text = {'a', static_cast<char>(c), 'b'};
    const bool joins = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    EXPECT_EQ(Words(text).size(), joins ? 1u : 2u) << c;
  }
}

TEST(WordSplitterTest, CaseAndAccentsAreFolded) {
  EXPECT_THAT(Words("Caf\xC3\xA9 \xC3\x85NGSTR\xC3\x96M"), ElementsAre("cafe", "angstrom"));
  EXPECT_THAT(Words("Stra\xC3\x9F"
                    "e"),
              ElementsAre("strasse"));
  EXPECT_THAT(Words("\xCE\xA3\xCE\xA9\xCE\xA3"), Words("\xCF\x83\xCF\x89\xCF\x82"));  // sigmas
  EXPECT_THAT(Words("\xD0\x81\xD0\xB6"), Words("\xD0\xB5\xD0\xB6"));                  // Cyrillic yo
}

TEST(WordSplitterTest, ComposedAndDecomposedFormsAreEqual) {
  EXPECT_EQ(Words("\xC3\xA9t\xC3\xA9"), Words("e\xCC\x81te\xCC\x81"));
  EXPECT_EQ(Words("\xEA\xB0\x80"), Words("\xE1\x84\x80\xE1\x85\xA1"));  // Hangul
  EXPECT_EQ(Words("\xE3\x83\x91"), Words("\xE3\x83\x8F\xE3\x82\x9A"));  // Katakana pa
}

TEST(WordSplitterTest, CompatibilityFormsBecomePlain) {
  EXPECT_THAT(Words("x\xC2\xB2 \xEF\xAC\x81le"), ElementsAre("x2", "file"));  // superscript, fi
  EXPECT_THAT(Words("\xEF\xBC\xA1\xEF\xBC\xA2"), ElementsAre("ab"));          // full width
  EXPECT_THAT(Words("\xC2\xBD"), ElementsAre("1", "2"));                      // one half
}

TEST(WordSplitterTest, InvisibleHyphensAndJoinersVanish) {
  EXPECT_THAT(Words("auto\xC2\xADmatic zero\xE2\x80\x8Dwidth"),
              ElementsAre("automatic", "zerowidth"));
}

TEST(WordSplitterTest, VowelSignsOfIndicScriptsAreKept) {
  EXPECT_THAT(Words("\xE0\xA4\x95\xE0\xA4\xBF"), ElementsAre("\xE0\xA4\x95\xE0\xA4\xBF"));
  EXPECT_NE(Words("\xE0\xA4\x95\xE0\xA4\xBF"), Words("\xE0\xA4\x95"));
}

TEST(WordSplitterTest, HanAndKanaCharactersAreWordsOfTheirOwn) {
  EXPECT_THAT(Words("\xE6\x95\xB0\xE6\x8D\xAE"
                    "db\xE5\xBA\x93"),
              ElementsAre("\xE6\x95\xB0", "\xE6\x8D\xAE", "db", "\xE5\xBA\x93"));
  EXPECT_THAT(Words("\xE3\x81\xB2\xE3\x83\xA9"), ElementsAre("\xE3\x81\xB2", "\xE3\x83\xA9"));
}

TEST(WordSplitterTest, InvalidUtf8Separates) {
  EXPECT_THAT(Words("ab\xFF"
                    "cd"),
              ElementsAre("ab", "cd"));
  EXPECT_THAT(Words("ab\xC3"), ElementsAre("ab"));  // cut short
  EXPECT_THAT(Words("ab\xC0\xAF"
                    "cd"),
              ElementsAre("ab", "cd"));                   // overlong
  EXPECT_THAT(Words("\xED\xA0\x80x"), ElementsAre("x"));  // a surrogate
  EXPECT_THAT(Words("\x80\x80x"), ElementsAre("x"));
  EXPECT_THAT(Words("a\xF4\x90\x80\x80"
                    "b"),
              ElementsAre("a", "b"));  // above U+10FFFF
}

TEST(WordSplitterTest, LongRunsAreCut) {
  const std::string run(kWordCharactersMax * 2 + 3, 'q');
  EXPECT_THAT(Words(run), ElementsAre(std::string(kWordCharactersMax, 'q'),
                                      std::string(kWordCharactersMax, 'q'), "qqq"));
  std::string cyrillic;
  for (std::size_t i = 0; i < kWordCharactersMax + 1; ++i) cyrillic += "\xD0\xB6";
  ASSERT_EQ(Words(cyrillic).size(), 2u);
  EXPECT_EQ(Words(cyrillic)[0].size(), kWordCharactersMax * 2);
}

TEST(WordSplitterTest, WordsBeyondTheMaximumAreLeftOut) {
  WordList list;
  std::string text;
  for (std::size_t i = 0; i + 1 < kTextWordsMax; ++i) text += "a ";
  list.Split(text + "b");
  ASSERT_EQ(list.size(), kTextWordsMax);
  EXPECT_EQ(list.word(kTextWordsMax - 1), "b");
  list.Split(text + "\xC2\xBD c");  // one half: two words from one character
  ASSERT_EQ(list.size(), kTextWordsMax);
  EXPECT_EQ(list.word(kTextWordsMax - 1), "1");
  list.Split("again");
  EXPECT_EQ(list.size(), 1u);
}

TEST(WordSplitterTest, EveryCodePointIsTakenWithoutHarm) {
  for (char32_t c = 0x80; c <= 0x10FFFF; c += c < 0x30000 ? 1 : 97) {
    std::string text = "a";
    if (c < 0x800) {
      text += static_cast<char>(0xC0 | c >> 6);
    } else if (c < 0x10000) {
      text += static_cast<char>(0xE0 | c >> 12);
      text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    } else {
      text += static_cast<char>(0xF0 | c >> 18);
      text += static_cast<char>(0x80 | (c >> 12 & 0x3F));
      text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    }
    text += static_cast<char>(0x80 | (c & 0x3F));
    text += "z";
    const std::vector<std::string> words = Words(text);
    ASSERT_FALSE(words.empty()) << static_cast<std::uint32_t>(c);
    ASSERT_EQ(words.front()[0], 'a') << static_cast<std::uint32_t>(c);
    ASSERT_EQ(words.back().back(), 'z') << static_cast<std::uint32_t>(c);
    ASSERT_EQ(Words(words.front()).front(), words.front()) << static_cast<std::uint32_t>(c);
  }
}

}  // namespace
}  // namespace kith
