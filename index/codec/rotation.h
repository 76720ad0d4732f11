// A fast pseudo-random rotation: it spreads a vector's energy evenly over its dims, so that one
// scale fits all of them.
//
// Rounds of random signs and a Walsh-Hadamard transform.  For a dim that is not a power of two
// the transform covers the first and the last 2^floor(log2 dim) dims in turn (a "Kac walk" of
// Hadamard transforms, as in Gao et al., RaBitQ, 2024).  O(dim log dim); orthogonal, so lengths and
// inner products stay.  dim 1 is left alone.
//
// Immutable; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kith {

class Rotation {
 public:
  Rotation(std::size_t dim, std::uint64_t seed);
  std::size_t dim() const { return dim_; }
  std::uint64_t seed() const { return seed_; }

  // In place.  REQUIRES: vector.size() == dim().
  void Apply(std::span<float> vector) const;
  void ApplyInverse(std::span<float> vector) const;

 private:
  std::size_t dim_, block_ = 1;
  std::uint64_t seed_;
  int rounds_ = 0;
  std::vector<float> signs_;  // rounds x block, times 1 / sqrt(block)
};

}  // namespace kith
