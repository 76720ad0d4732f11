#include "index/payload/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TextParams With(Tokenizer tokenizer) {
  TextParams params;
  params.tokenizer = tokenizer;
  return params;
}

TEST(TokenizerTest, WordsAreLettersAndDigitsInSmallForm) {
  const TextParams params = With(Tokenizer::kWord);
  EXPECT_THAT(TokenizeDocument(
                  "The quick-brown FOX, 2nd \xC3\x89t\xC3\xA9! \xD0\x9C\xD0\x98\xD0\xA0", params),
              ElementsAre("the", "quick", "brown", "fox", "2nd", "\xC3\xA9t\xC3\xA9",
                          "\xD0\xBC\xD0\xB8\xD1\x80"));
  EXPECT_THAT(TokenizeDocument(" ,.! ", params), IsEmpty());
  EXPECT_THAT(TokenizeDocument("a\xff\xfe"
                               "b",
                               params),
              ElementsAre("a", "b"));
}

TEST(TokenizerTest, WhitespaceKeepsPunctuation) {
  TextParams params = With(Tokenizer::kWhitespace);
  params.lowercase = false;
  EXPECT_THAT(TokenizeDocument("The  quick-brown\tFOX,\xC2\xA0x\n", params),
              ElementsAre("The", "quick-brown", "FOX,", "x"));
}

TEST(TokenizerTest, PrefixesAreOfDocumentsAndQueriesAreCut) {
  TextParams params = With(Tokenizer::kPrefix);
  params.min_token_len = 2;
  params.max_token_len = 4;
  EXPECT_THAT(TokenizeDocument("\xC3\xA9toile a", params),
              ElementsAre("\xC3\xA9t", "\xC3\xA9to", "\xC3\xA9toi"));
  EXPECT_THAT(TokenizeQuery("\xC3\xA9toile a ab", params), ElementsAre("\xC3\xA9toi", "ab"));
}

TEST(TokenizerTest, LengthsAreInCharacters) {
  TextParams params = With(Tokenizer::kWord);
  params.min_token_len = 2;
  params.max_token_len = 3;
  EXPECT_THAT(TokenizeDocument("a \xC3\xA9\xC3\xA9 abc abcd", params),
              ElementsAre("\xC3\xA9\xC3\xA9", "abc"));
}

TEST(TokenizerTest, MatchesAllAnyOrAPhrase) {
  using Mode = MatchText::Mode;
  const std::vector<int> document = {1, 2, 3, 2, 4};
  const auto match = [&](Mode mode, std::vector<int> query) {
    return TokensMatch<int>(mode, query, document);
  };
  EXPECT_TRUE(match(Mode::kAll, {4, 1}));
  EXPECT_FALSE(match(Mode::kAll, {4, 5}));
  EXPECT_TRUE(match(Mode::kAny, {4, 5}));
  EXPECT_FALSE(match(Mode::kAny, {5}));
  EXPECT_TRUE(match(Mode::kPhrase, {2, 4}));
  EXPECT_FALSE(match(Mode::kPhrase, {2, 1}));
  for (const Mode mode : {Mode::kAll, Mode::kAny, Mode::kPhrase}) EXPECT_FALSE(match(mode, {}));
}

}  // namespace
}  // namespace kith
