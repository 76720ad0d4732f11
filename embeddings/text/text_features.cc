#include "embeddings/text/text_features.h"

#include <algorithm>
#include <array>
#include <bit>

namespace kith {
namespace {

constexpr std::uint64_t kFnvOffset = 0xCBF29CE484222325, kFnvPrime = 0x100000001B3;

constexpr std::uint64_t AddByte(std::uint64_t hash, unsigned char byte) {
  return (hash ^ byte) * kFnvPrime;
}

constexpr std::uint64_t AddBytes(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = AddByte(hash, static_cast<unsigned char>(c));
  return hash;
}

constexpr std::uint64_t Add64(std::uint64_t hash, std::uint64_t value) {
  for (int i = 0; i < 8; ++i, value >>= 8) hash = AddByte(hash, value & 0xFF);
  return hash;
}

// FNV-1a alone leaves the high bits of short strings poor.
constexpr std::uint64_t Finish(std::uint64_t hash, FeatureKind kind) {
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
  hash ^= hash >> 31;
  return (hash & ~std::uint64_t{3}) | static_cast<std::uint64_t>(kind);
}

constexpr bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::uint64_t WordFeature(std::string_view word) {
  return Finish(AddBytes(kFnvOffset, word), FeatureKind::kWord);
}

std::uint64_t BigramFeature(std::uint64_t first_word, std::uint64_t second_word) {
  return Finish(Add64(Add64(kFnvOffset, first_word), second_word), FeatureKind::kBigram);
}

void AppendGramFeatures(std::string_view word, std::vector<std::uint64_t>& features) {
  // Where the characters of "<" word ">" begin; the last entry is the end.
  std::array<std::uint16_t, kWordCharactersMax + 3> begins{};
  std::array<char, kWordCharactersMax * 4 + 2> bytes{};
  std::size_t characters = 0, size = 0;
  const auto append = [&](char c) {
    if (!ContinuesCharacter(c)) begins[characters++] = static_cast<std::uint16_t>(size);
    bytes[size++] = c;
  };
  append('<');
  for (const char c : word) append(c);
  append('>');
  begins[characters] = static_cast<std::uint16_t>(size);

  for (std::size_t first = 0; first + kGramCharactersMin <= characters; ++first) {
    std::uint64_t hash = kFnvOffset;
    const std::size_t last = std::min(characters, first + kGramCharactersMax);
    for (std::size_t next = first + 1; next <= last; ++next) {
      const std::size_t begin = begins[next - 1];
      hash = AddBytes(hash, std::string_view(bytes.data() + begin, begins[next] - begin));
      if (next - first >= kGramCharactersMin) {
        features.push_back(Finish(hash, FeatureKind::kGram));
      }
    }
  }
}

TextFeatures::Slot& TextFeatures::Find(std::uint64_t feature) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = (feature >> 2) & mask;
  while (slots_[i].position_plus_1 != 0 && slots_[i].feature != feature) i = (i + 1) & mask;
  slots_[i].feature = feature;
  return slots_[i];
}

void TextFeatures::Analyze(std::string_view text) {
  list_.Split(text);
  words_.clear();
  bigrams_.clear();
  slots_.assign(std::bit_ceil(std::max<std::size_t>(list_.size() * 4, 16)), Slot());
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const std::uint64_t word = WordFeature(list_.word(i));
    if (Slot& slot = Find(word); slot.position_plus_1 == 0) {
      words_.push_back({word, static_cast<std::uint32_t>(i), 1});
      slot.position_plus_1 = static_cast<std::uint32_t>(words_.size());
    } else {
      ++words_[slot.position_plus_1 - 1].count;
    }
    if (i > 0) {
      const std::uint64_t bigram = BigramFeature(previous, word);
      if (Slot& slot = Find(bigram); slot.position_plus_1 == 0) {
        bigrams_.push_back({bigram, 1});
        slot.position_plus_1 = static_cast<std::uint32_t>(bigrams_.size());
      } else {
        ++bigrams_[slot.position_plus_1 - 1].count;
      }
    }
    previous = word;
  }
}

}  // namespace kith
