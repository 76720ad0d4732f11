// Principal components of a sample of vectors.
//
//   const Covariance covariance = ComputeCovariance(sample);
//   const PrincipalComponents components = ComputePrincipalComponents(covariance, 256, seed);
//   components.directions.row(0)  // the direction of greatest variance
//
// The covariance matrix is diagonalised; from some dim on, only within the wanted subspace, found
// by subspace iteration (Halko, Martinsson, Tropp: "Finding structure with randomness", SIAM
// Review 53, 2011, section 4.5).
//
// The same bits for the same input and seed on every instruction set.
// Thread-safe: pure functions on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/matrix.h"

namespace kith {

// Rows of a sample that are looked at; of more, this many spread evenly.
inline constexpr std::size_t kCovarianceRowsMax = 5000;
// Beyond this a covariance matrix takes more than 256 MiB.
inline constexpr std::size_t kCovarianceDimMax = 8192;
// Up to this dim all components cost the same and are exact.
inline constexpr std::size_t kWholeMatrixDimMax = 1024;

struct Covariance {
  std::vector<float> mean;
  Matrix<float> matrix;       // dim x dim, divided by `unit`
  double unit = 1;            // brings values of any size into the middle of a float's range
  double total_variance = 0;  // the trace, in units of the sample

  std::size_t dim() const { return mean.size(); }
};

// Variances are means over rows (divided by their number, not by one less).  O(rows dim^2).
// REQUIRES: at least one row, 1 <= dim <= kCovarianceDimMax, finite values.
Covariance ComputeCovariance(MatrixView<const float> sample);

struct PrincipalComponents {
  std::vector<float> mean;
  Matrix<float> directions;  // rank x dim: orthonormal rows (to 1e-5), by falling variance
  // Of the sample along each direction; beyond kWholeMatrixDimMax of these alone, else all dim.
  std::vector<double> variances;
  double total_variance = 0;  // along all dim of them
};

// The first `rank` principal components.  Together they hold the variance that the best ones do
// but for 0.1 % of it (0.02 % was the most seen).  Directions without variance are arbitrary,
// orthogonal to the others. O(dim^3) up to kWholeMatrixDimMax, then O(rank dim^2 + rank^3).
// REQUIRES: 1 <= rank <= covariance.dim().
PrincipalComponents ComputePrincipalComponents(const Covariance& covariance, std::size_t rank,
                                               std::uint64_t seed);
PrincipalComponents ComputePrincipalComponents(MatrixView<const float> sample, std::size_t rank,
                                               std::uint64_t seed);

// The fewest components that can hold `share` of the variance, as far as the first ones tell whose
// `variances` are given (falling; may be empty): with all that are needed given it is exact, else
// a lower bound.  O(dim^2).
std::size_t RankLowerBound(const Covariance& covariance, std::span<const double> variances,
                           double share);

}  // namespace kith
