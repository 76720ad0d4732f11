// Principal components instead of all dims: what is left of a vector when the directions in which
// vectors hardly differ are dropped (after Tepper, Bhati, Aguerrebere, Hildebrand, Willke:
// "LeanVec", TMLR 2024).  784 pixels of fashion-mnist become 256 numbers that hold 97 % of the
// variance.
//
// projected = M (vector - mean), M = R V', where the rows of V' are the first `rank` principal
// directions (core/linalg.h) and R a rotation (index/codec/equalizing_rotation.h) that gives all
// numbers the same variance.  M is kept as int8 with one scale a row, and a vector is rounded to 8
// bits beforehand.  Distances between projected vectors are those of the vectors without what was
// dropped, but for an error of some 1e-4 of the squared lengths.
//
// Immutable and thread-safe; nothing allocates after construction.  The same bits on every
// instruction set.  Movable, not copyable.
//
// Bytes: projection := dim:u32 rank:u32 mean:f32[dim] scales:f32[rank] rows:i8[rank * dim]
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/linalg.h"
#include "core/matrix.h"
#include "core/result.h"

namespace kith {

class PcaProjection {
 public:
  static constexpr std::size_t kDimMax = kCovarianceDimMax;
  // Ranks that ChooseRank tries: 128 dims of 4 bits are one cache line.
  static constexpr std::size_t kRankMultiple = 128;

  // REQUIRES: at least one row of finite values; 1 <= rank <= dim <= kDimMax.
  static PcaProjection Train(MatrixView<const float> sample, std::size_t rank, std::uint64_t seed);
  // REQUIRES: 1 <= rank <= components.directions.rows().
  static PcaProjection Train(const PrincipalComponents& components, std::size_t rank,
                             std::uint64_t seed);

  // The smallest multiple of kRankMultiple whose components hold `energy_share` of the variance of
  // the sample; dim when none below dim does, or when dim > kDimMax.  Beyond 1024 dims no rank
  // above half of dim is tried: the search would take longer than the projection can save.
  // REQUIRES: at least one row of finite values; 0 < energy_share <= 1.
  static std::size_t ChooseRank(MatrixView<const float> sample, double energy_share,
                                std::uint64_t seed);
  // Train with ChooseRank's rank, in half the time of the two.  REQUIRES: dim <= kDimMax.
  static PcaProjection TrainForShare(MatrixView<const float> sample, double energy_share,
                                     std::uint64_t seed);

  std::size_t dim() const { return dim_; }
  std::size_t rank() const { return scales_.size(); }

  // projected = M (vector - mean).  O(rank dim).
  // REQUIRES: vector.size() == dim(), projected.size() == rank(); finite values.
  void Apply(std::span<const float> vector, std::span<float> projected) const;
  // projected = M vector; returns the inner product of vector and mean.
  float ApplyToDirection(std::span<const float> vector, std::span<float> projected) const;
  // vector = M' projected + mean: of all vectors with this projection, the one nearest to the mean.
  void Invert(std::span<const float> projected, std::span<float> vector) const;

  void Save(ByteWriter& writer) const;
  // Errors: kCorruption.
  static Result<PcaProjection> Load(ByteReader& reader);

 private:
  PcaProjection(std::span<const float> mean, std::size_t rank);
  void FinishRows();

  std::size_t dim_;
  std::vector<float> mean_;            // with the padding of a row, zeros
  Matrix<std::int8_t> rows_;           // padded with zeros both ways
  std::vector<float> scales_;          // M[r][i] = scales_[r] * rows_[r][i]
  std::vector<std::int32_t> offsets_;  // 128 * the sum of each row
  std::vector<float> projected_mean_;  // M mean
};

}  // namespace kith
