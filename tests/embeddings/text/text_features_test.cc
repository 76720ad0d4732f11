#include "embeddings/text/text_features.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// The definition, written again: FNV-1a and the finaliser of SplitMix64.
std::uint64_t Hash(std::string_view bytes, std::uint64_t kind) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
  hash ^= hash >> 31;
  return hash / 4 * 4 + kind;
}

std::vector<std::uint64_t> Grams(std::string_view word) {
  std::vector<std::uint64_t> grams;
  AppendGramFeatures(word, grams);
  return grams;
}

std::vector<std::uint64_t> Hashes(const std::vector<std::string>& grams) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(grams.size());
  for (const std::string& gram : grams) hashes.push_back(Hash(gram, 2));
  return hashes;
}

TEST(TextFeaturesTest, IdsAreThoseOfTheFormat) {  // docs/formats.md, "Text encoder"
  EXPECT_EQ(WordFeature("chess"), 0xaa06faa24bab63acu);
  EXPECT_EQ(WordFeature("caf\xC3\xA9"), 0xe0c13ffc340b758cu);
  EXPECT_EQ(BigramFeature(WordFeature("play"), WordFeature("chess")), 0xffe41cb2c26d820du);
  EXPECT_THAT(Grams("ab"),
              ElementsAre(0xdc10937fba3d19aau, 0xec101d508402b9c6u, 0xfd527e6e4b136eb6u));
}

TEST(TextFeaturesTest, IdsFollowTheirDefinition) {
  EXPECT_EQ(WordFeature("chess"), Hash("chess", 0));
  const std::uint64_t a = WordFeature("a"), b = WordFeature("b");
  std::string bytes;
  for (const std::uint64_t word : {a, b}) {
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(word >> shift & 0xFF);
  }
  EXPECT_EQ(BigramFeature(a, b), Hash(bytes, 1));
  EXPECT_NE(BigramFeature(a, b), BigramFeature(b, a));
  EXPECT_EQ(KindOf(a), FeatureKind::kWord);
  EXPECT_EQ(KindOf(BigramFeature(a, b)), FeatureKind::kBigram);
  EXPECT_EQ(KindOf(Grams("ab")[0]), FeatureKind::kGram);
  EXPECT_EQ(KindOf(kReservedFeature), FeatureKind::kReserved);
}

TEST(TextFeaturesTest, GramsAreThreeToFiveCharactersWithBoundaries) {
  EXPECT_THAT(Grams("a"), UnorderedElementsAre(Hash("<a>", 2)));
  EXPECT_EQ(Grams("ab"), Hashes({"<ab", "<ab>", "ab>"}));
  EXPECT_EQ(Grams("tool"),
            Hashes({"<to", "<too", "<tool", "too", "tool", "tool>", "ool", "ool>", "ol>"}));
}

TEST(TextFeaturesTest, GramsCountCharactersNotBytes) {
  EXPECT_EQ(Grams("\xD0\xB6\xE6\x95\xB0"),
            Hashes({"<\xD0\xB6\xE6\x95\xB0", "<\xD0\xB6\xE6\x95\xB0>", "\xD0\xB6\xE6\x95\xB0>"}));
}

TEST(TextFeaturesTest, LongestWordsHaveAllTheirGrams) {
  std::string word;
  for (std::size_t i = 0; i < kWordCharactersMax; ++i) word += "\xF0\x90\x90\xA8";  // 4 bytes each
  const std::size_t characters = kWordCharactersMax + 2;
  EXPECT_EQ(Grams(word).size(), (characters - 2) + (characters - 3) + (characters - 4));
}

TEST(TextFeaturesTest, WordsAndBigramsAreCountedInOrderOfAppearance) {
  TextFeatures features;
  features.Analyze("To be, or not to be: to");
  std::vector<std::string> words;
  std::vector<std::uint32_t> counts;
  for (const TextFeatures::Word& word : features.words()) {
    words.emplace_back(features.text(word));
    counts.push_back(word.count);
    EXPECT_EQ(word.feature, WordFeature(features.text(word)));
  }
  EXPECT_THAT(words, ElementsAre("to", "be", "or", "not"));
  EXPECT_THAT(counts, ElementsAre(3, 2, 1, 1));

  std::vector<std::pair<std::uint64_t, std::uint32_t>> bigrams;
  for (const TextFeatures::Bigram& bigram : features.bigrams()) {
    bigrams.emplace_back(bigram.feature, bigram.count);
  }
  const auto pair = [](std::string_view first, std::string_view second) {
    return BigramFeature(WordFeature(first), WordFeature(second));
  };
  EXPECT_THAT(bigrams,
              ElementsAre(std::pair(pair("to", "be"), 2u), std::pair(pair("be", "or"), 1u),
                          std::pair(pair("or", "not"), 1u), std::pair(pair("not", "to"), 1u),
                          std::pair(pair("be", "to"), 1u)));
}

TEST(TextFeaturesTest, AnObjectServesManyTexts) {
  TextFeatures features;
  features.Analyze("one two three");
  features.Analyze("");
  EXPECT_THAT(features.words(), IsEmpty());
  EXPECT_THAT(features.bigrams(), IsEmpty());
  features.Analyze("four");
  ASSERT_EQ(features.words().size(), 1u);
  EXPECT_EQ(features.text(features.words()[0]), "four");
  EXPECT_THAT(features.bigrams(), IsEmpty());
}

TEST(TextFeaturesTest, LongTextsAreCountedAsAMapWould) {
  std::string text;
  std::map<std::string, std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const std::string word = "w" + std::to_string(i * i % 3001);
    text += word + " ";
    ++expected[word];
  }
  TextFeatures features;
  features.Analyze(text);
  ASSERT_EQ(features.words().size(), expected.size());
  for (const TextFeatures::Word& word : features.words()) {
    EXPECT_EQ(word.count, expected.at(std::string(features.text(word))));
  }
  std::uint32_t bigrams = 0;
  for (const TextFeatures::Bigram& bigram : features.bigrams()) bigrams += bigram.count;
  EXPECT_EQ(bigrams, 19'999u);
}

TEST(TextFeaturesTest, DifferentWordsHaveDifferentIds) {
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 100'000; ++i) ids.insert(WordFeature(std::to_string(i)));
  EXPECT_EQ(ids.size(), 100'000u);
}

}  // namespace
}  // namespace kith
