// What the corpus says a feature is worth: document counts by id, and inverse document frequency.
//
//   idf(n) := ln((documents + 1) / (n + 1/2))
//
// Immutable and thread-safe once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "embeddings/text/feature_counter.h"

namespace kith {

// x^(quarters / 4), by square roots: the same bits on every machine.  REQUIRES: x >= 0,
// quarters in 1..8.
double QuarterPower(double x, unsigned quarters);

// ln x for x > 0, to a few units in the last place and, unlike the C library's, with the same
// bits on every machine.
double NaturalLog(double x);

class FeatureWeights {
 public:
  FeatureWeights() = default;
  // REQUIRES: features ascending; as many counts, each in 1..documents; documents > 0.
  FeatureWeights(std::vector<std::uint64_t> features, std::vector<std::uint32_t> counts,
                 std::uint64_t documents, unsigned idf_quarters);

  // idf^(idf_quarters / 4), or 0 for a feature not held.
  float Find(std::uint64_t feature) const;
  // That of a feature in no document.
  float unknown() const { return unknown_; }

  std::span<const std::uint64_t> features() const { return features_; }
  std::span<const std::uint32_t> counts() const { return counts_; }

 private:
  std::vector<std::uint64_t> features_;
  std::vector<std::uint32_t> counts_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> starts_;  // first position for each value of the highest bits
  unsigned shift_ = 63;
  float unknown_ = 0;
};

}  // namespace kith
