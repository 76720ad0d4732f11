// Vectors of the words met often, for one thread.
//
// Direct-mapped: a word has one place, found by its feature id.  A place remembers how often it
// was asked for in vain, so that a rare word does not push out a frequent one.  What is cached
// never changes a result, only its time.  Thread-compatible.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/matrix.h"
#include "embeddings/text/text_features.h"

namespace kith {

class WordCache {
 public:
  // `width` floats a word, at most `bytes_max` of them.
  WordCache(std::size_t width, std::size_t bytes_max)
      : places_(std::bit_floor(std::max<std::size_t>(bytes_max / (width * sizeof(float)), 1))),
        vectors_(places_.size(), width) {}

  // The word's vector, or nullptr.
  const float* Find(std::uint64_t word) {
    Place& place = PlaceOf(word);
    if (place.word != word) return nullptr;
    place.heat = std::min<std::uint8_t>(place.heat + 1, kHeatMax);
    return vectors_.row(PositionOf(word)).data();
  }

  // After Find returned nullptr: memory for the word's vector if it is let in, else nullptr.
  float* Admit(std::uint64_t word) {
    Place& place = PlaceOf(word);
    if (place.heat > 0) {
      --place.heat;
      return nullptr;
    }
    place.word = word;
    return vectors_.row(PositionOf(word)).data();
  }

 private:
  static constexpr std::uint8_t kHeatMax = 15;
  struct Place {
    std::uint64_t word = kReservedFeature;  // no word has this id
    std::uint8_t heat = 0;
  };
  std::size_t PositionOf(std::uint64_t word) const { return (word >> 2) & (places_.size() - 1); }
  Place& PlaceOf(std::uint64_t word) { return places_[PositionOf(word)]; }

  std::vector<Place> places_;  // a power of two
  Matrix<float> vectors_;
};

}  // namespace kith
