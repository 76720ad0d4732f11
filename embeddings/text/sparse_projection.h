// The very sparse random projection: where a feature goes, and with which sign (Li, Hastie and
// Church: "Very sparse random projections", KDD 2006).
//
// A feature has kProjectionNonzeros entries of +-1/2 among `columns`.  Philox(seed, 0, feature)
// (core/random.h) gives them: word i of it is entry i, column = floor(word * columns / 2^32),
// sign = minus where the lowest bit is set.  (Entries that meet in one column add up.)  The paper
// draws each entry with probability 1/sqrt(features); with the 4096 columns used here that is
// four entries at a million features, and a fixed number gives every feature the same length.
#pragma once

#include <array>
#include <cstdint>

#include "core/random.h"
#include "embeddings/text/row_kernels.h"

namespace kith {

inline constexpr std::size_t kProjectionNonzeros = 4;

// The entries of `feature`, times `weight`.  REQUIRES: columns > 0.
inline std::array<ScaledRow, kProjectionNonzeros> ProjectFeature(std::uint64_t seed,
                                                                 std::uint64_t feature,
                                                                 std::uint32_t columns,
                                                                 float weight) {
  const std::array<std::uint32_t, 4> words = Philox(seed, 0, feature);
  std::array<ScaledRow, kProjectionNonzeros> entries;
  for (std::size_t i = 0; i < kProjectionNonzeros; ++i) {
    const auto column = static_cast<std::uint32_t>(std::uint64_t{words[i]} * columns >> 32);
    entries[i] = {column, (words[i] & 1) != 0 ? -weight / 2 : weight / 2};
  }
  return entries;
}

}  // namespace kith
