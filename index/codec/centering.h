// What the 4-bit codecs do to a vector before it is coded: subtract the mean, then rotate.
//
// For inner products the query is rotated but not centred, and the mean enters as a constant.
// Immutable; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/matrix.h"
#include "core/result.h"
#include "index/codec/rotation.h"

namespace kith {

class Centering {
 public:
  static Centering Train(MatrixView<const float> sample, std::uint64_t seed);

  std::size_t dim() const { return mean_.size(); }
  std::size_t rank() const { return dim(); }  // of what Apply gives
  std::span<const float> mean() const { return mean_; }

  // rotated = R (vector - mean).
  void Apply(std::span<const float> vector, std::span<float> rotated) const;
  // rotated = R vector; returns the inner product of vector and mean.
  float ApplyToDirection(std::span<const float> vector, std::span<float> rotated) const;
  // vector = R' rotated + mean; may be in place.
  void Invert(std::span<const float> rotated, std::span<float> vector) const;

  void Save(ByteWriter& writer) const;
  static Result<Centering> Load(ByteReader& reader);

 private:
  Centering(std::vector<float> mean, std::uint64_t seed);
  std::vector<float> mean_;
  Rotation rotation_;
};

}  // namespace kith
