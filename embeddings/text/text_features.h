// The features of a text: its words, pairs of neighbouring words, and the character 3- to 5-grams
// of each word with its boundaries.  A feature is known by a 64-bit id.
//
//   hash(bytes) := FNV-1a, 64 bits, then the finaliser of SplitMix64
//   word    w        hash(w),                        two lowest bits 0
//   bigram  v w      hash(id(v) as 8 bytes | id(w) as 8 bytes), lowest bits 1
//   gram    g of w   hash(g), g being 3..5 characters of "<" w ">",  lowest bits 2
//   reserved         the id 3: what a text without words has
//
// Little endian.  Ids are written to files (docs/formats.md, "Text encoder", has test vectors).
// Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "embeddings/text/word_splitter.h"

namespace kith {

enum class FeatureKind : std::uint8_t { kWord = 0, kBigram = 1, kGram = 2, kReserved = 3 };

inline constexpr std::size_t kGramCharactersMin = 3, kGramCharactersMax = 5;
inline constexpr std::uint64_t kReservedFeature = 3;

constexpr FeatureKind KindOf(std::uint64_t feature) {
  return static_cast<FeatureKind>(feature & 3);
}

std::uint64_t WordFeature(std::string_view word);
std::uint64_t BigramFeature(std::uint64_t first_word, std::uint64_t second_word);
// Appends the grams of `word`, repeated ones repeated.
void AppendGramFeatures(std::string_view word, std::vector<std::uint64_t>& features);

// Words and bigrams of one text, each once, in the order of first appearance.
class TextFeatures {
 public:
  struct Word {
    std::uint64_t feature;
    std::uint32_t position;  // of its first appearance, for text()
    std::uint32_t count;
  };
  struct Bigram {
    std::uint64_t feature;
    std::uint32_t count;
  };

  // Replaces what is held by the features of `text`.
  void Analyze(std::string_view text);

  const std::vector<Word>& words() const { return words_; }
  const std::vector<Bigram>& bigrams() const { return bigrams_; }
  // Borrows until the next Analyze.
  std::string_view text(const Word& word) const { return list_.word(word.position); }

 private:
  // Slot of `feature` in a table of positions, by linear probing; 0 means free.
  struct Slot {
    std::uint64_t feature = 0;
    std::uint32_t position_plus_1 = 0;
  };
  Slot& Find(std::uint64_t feature);

  WordList list_;
  std::vector<Word> words_;
  std::vector<Bigram> bigrams_;
  std::vector<Slot> slots_;  // a power of two, at least twice the features
};

}  // namespace kith
