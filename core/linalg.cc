// Up to 1024 dims the whole covariance matrix is diagonalised (core/symmetric_eigen.h): exact, and
// 0.2 s at 784 dims.  The time grows with the cube of dim, 1.8 s at 1536, so beyond that only the
// wanted subspace is sought.
//
// Subspace iteration: start from a block of random vectors, multiply by the covariance matrix,
// make the block orthonormal, repeat; the block turns towards the directions of large variance.
// At the end the covariance within the block, a small matrix, is diagonalised, which sorts its
// directions.  Everything of weight is a matrix product (core/matrix_product.h).  A block row is
// one direction, so that rows are contiguous; the covariance matrix is symmetric, so multiplying
// rows by it from the right serves.
//
// Two things differ from the paper:
// - Instead of the matrix, a Chebyshev polynomial of it multiplies the block (Zhou, Saad, Tiago,
//   Chelikowsky: "Self-consistent-field calculations using Chebyshev-filtered subspace
//   iteration", Journal of Computational Physics 219, 2006).  It damps variances below the
//   smallest one in the block and enlarges those above much more than a power of the same degree
//   does.  Isotropic data of 784 dims are the worst case: of the variance that 128 components can
//   hold 3.2 % was lost with powers, less than 1e-5 is with the filter.
// - In float32 a filter may blur whatever is smaller than 2^-24 of the largest component of its
//   row, so its degree is the highest one that does not enlarge components too unequally: 1 on
//   spectra that fall steeply, where that is enough.  The block is made orthonormal after every
//   filter; its rows come out sorted by variance soon, each free of those before it.
#include "core/linalg.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "core/distance64.h"
#include "core/matrix_product.h"
#include "core/random.h"
#include "core/symmetric_eigen.h"

namespace kith {
namespace {

// The block is wider than what is asked for: its last directions converge slowest.
constexpr std::size_t kOversampling = 32;
constexpr std::uint64_t kFilterSteps = 4;
// A filter step may enlarge a row's largest component by so much over its smallest: 2^14 keep
// 2^-10 of the smallest in a float.
constexpr double kGrowthMax = 16384;
constexpr int kDegreeMax = 6;
// Below this ratio of the smallest to the largest variance plain multiplication serves as well.
constexpr double kVarianceRatioMin = 1e-6;
// Rows that are made orthonormal together.
constexpr std::size_t kPanelRows = 32;
// Passes of orthogonalisation; two do unless rows depend on each other.
constexpr int kPassesMax = 8;
// What is left of a row of a covariance matrix (largest entries: 1/4 and more) or of a row of
// length 1 when there is no more than rounding error of rounding error.
constexpr double kLengthMin = 1e-30;

std::vector<float> Mean(MatrixView<const float> rows) {
  std::vector<double> sums(rows.cols(), 0.0);
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    const std::span<const float> row = rows.row(r);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
  }
  std::vector<float> mean(sums.size());
  const double count = static_cast<double>(rows.rows());
  for (std::size_t i = 0; i < sums.size(); ++i) mean[i] = static_cast<float>(sums[i] / count);
  return mean;
}

// The power of two that makes `value` at least 1/2 and less than 1; 1 for 0.
double PowerOfTwoScale(double value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  return value == 0 ? 1 : std::ldexp(1.0, -exponent);
}

// Pseudo-random signs, 64 of each hash.
void FillWithSigns(std::uint64_t seed, std::uint64_t stream, std::span<float> row) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < row.size(); ++i, bits >>= 1) {
    if (i % 64 == 0) bits = RandomHash(seed, stream, i / 64);
    row[i] = (bits & 1) != 0 ? -1.0f : 1.0f;
  }
}

void Scale(double factor, std::span<float> row) {
  for (float& x : row) x = static_cast<float>(x * factor);
}

// Orthonormal rows, and the same as columns, which products need.
struct Block {
  Matrix<float> rows, columns;
};

// One pass over rows [first, first + count), which come after rows that are finished.  Returns the
// smallest length that was left of a row.
float OrthogonalizePanel(Block& block, std::size_t first, std::size_t count, std::uint64_t seed) {
  const MatrixView<float> panel = block.rows.view().rows(first, count);
  if (first > 0) {
    const MatrixView<const float> finished = block.rows.view().rows(0, first);
    const MatrixView<const float> columns(block.columns.data(), block.columns.rows(), first,
                                          block.columns.cols());
    Matrix<float> shares(count, first);
    MultiplyMatrices(panel, columns, ProductUpdate::kSet, shares.view());
    MultiplyMatrices(shares.view(), finished, ProductUpdate::kSubtract, panel);
  }
  double shortest = 1;
  for (std::size_t r = 0; r < count; ++r) {
    const std::span<float> row = panel.row(r);
    for (std::size_t s = 0; s < r; ++s) {
      const double share = DotInF64(panel.row(s).data(), row.data(), row.size());
      AddScaled(static_cast<float>(-share), panel.row(s), row);
    }
    double length = std::sqrt(DotInF64(row.data(), row.data(), row.size()));
    shortest = std::min(shortest, length);
    if (length < kLengthMin) {  // nothing is left: any other direction will do
      FillWithSigns(seed, first + r, row);
      length = std::sqrt(static_cast<double>(row.size()));
    }
    Scale(1 / length, row);
  }
  return static_cast<float>(shortest);
}

// Makes the rows orthonormal, each in the span of itself and those before it.  A row that loses
// more than half its length in a pass is mostly rounding error of what it lost, and goes through
// another one ("twice is enough" for rows that are independent).
void Orthonormalize(Block& block, std::uint64_t seed) {
  const std::size_t rows = block.rows.rows();
  for (std::size_t first = 0; first < rows; first += kPanelRows) {
    const std::size_t count = std::min(kPanelRows, rows - first);
    for (int pass = 0; pass < kPassesMax; ++pass) {
      const float shortest = OrthogonalizePanel(block, first, count, seed + pass);
      if (pass > 0 && shortest > 0.5f) break;
    }
    TransposeMatrix(
        block.rows.view().rows(first, count),
        {block.columns.data() + first, block.columns.rows(), count, block.columns.cols()});
  }
}

Matrix<float> Product(MatrixView<const float> a, MatrixView<const float> b) {
  Matrix<float> result(a.rows(), b.cols());
  MultiplyMatrices(a, b, ProductUpdate::kSet, result.view());
  return result;
}

// What the filter damps: variances from 0 to `end`.  Its degree is 0 for none.
struct Damping {
  float end = 0;
  int degree = 0;
};

// `product` is block times covariance.
Damping ChooseDamping(const Matrix<float>& block, const Matrix<float>& product) {
  double smallest = 0, largest = 0;  // variance along the rows
  for (std::size_t r = 0; r < block.rows(); ++r) {
    const double variance = DotInF64(block.row(r).data(), product.row(r).data(), block.cols());
    smallest = r == 0 ? variance : std::min(smallest, variance);
    largest = std::max(largest, variance);
  }
  if (smallest <= largest * kVarianceRatioMin) return {};
  const double x = 2 * largest / smallest - 1;
  Damping damping{static_cast<float>(smallest), 1};
  for (double before = 1, value = x; damping.degree < kDegreeMax; ++damping.degree) {
    const double next = 2 * x * value - before;
    if (next > kGrowthMax) break;
    before = std::exchange(value, next);
  }
  return damping;
}

// rows <- T(rows), T the Chebyshev polynomial of the matrix that maps 0..end to -1..1.
void FilterRows(MatrixView<const float> matrix, Matrix<float>& rows) {
  Matrix<float> product = Product(rows.view(), matrix);
  const Damping damping = ChooseDamping(rows, product);
  const float half = damping.end / 2;
  Matrix<float> before(rows.rows(), rows.cols());
  for (int k = 1; k <= damping.degree; ++k) {
    if (k > 1) product = Product(rows.view(), matrix);
    const float factor = (k == 1 ? 1 : 2) / half;
    const std::size_t size = rows.rows() * rows.cols();
    for (std::size_t i = 0; i < size; ++i) {
      const float x = rows.data()[i];
      const float next = factor * (product.data()[i] - half * x) - before.data()[i];
      before.data()[i] = x;
      rows.data()[i] = next;
    }
  }
  if (damping.degree == 0) rows = std::move(product);
}

Block IterateSubspace(MatrixView<const float> matrix, std::size_t width, std::uint64_t seed) {
  const std::size_t dim = matrix.rows();
  Matrix<float> signs(width, dim);
  for (std::size_t r = 0; r < width; ++r) FillWithSigns(seed, r, signs.row(r));
  Block block{Product(signs.view(), matrix), Matrix<float>(dim, width)};
  Orthonormalize(block, RandomHash(seed, 1, 0));
  for (std::uint64_t step = 1; step <= kFilterSteps; ++step) {
    FilterRows(matrix, block.rows);
    Orthonormalize(block, RandomHash(seed, 1, step));
  }
  return block;
}

// The two halves of a matrix that is symmetric but for rounding, averaged.
Matrix<double> Symmetric(MatrixView<const float> matrix) {
  Matrix<double> result(matrix.rows(), matrix.rows());
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    for (std::size_t j = 0; j < matrix.rows(); ++j) {
      result.row(i)[j] = (static_cast<double>(matrix.row(i)[j]) + matrix.row(j)[i]) / 2;
    }
  }
  return result;
}

Matrix<float> FirstRowsAsFloat(const Matrix<double>& matrix, std::size_t count) {
  Matrix<float> result(count, matrix.cols());
  for (std::size_t r = 0; r < count; ++r) {
    std::ranges::transform(matrix.row(r), result.row(r).begin(),
                           [](double x) { return static_cast<float>(x); });
  }
  return result;
}

}  // namespace

Covariance ComputeCovariance(MatrixView<const float> sample) {
  assert(sample.rows() > 0 && sample.cols() > 0 && sample.cols() <= kCovarianceDimMax);
  const std::size_t rows = std::min(sample.rows(), kCovarianceRowsMax), dim = sample.cols();
  Matrix<float> centred(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) {
    std::ranges::copy(sample.row(r * sample.rows() / rows), centred.row(r).begin());
  }
  Covariance result{Mean(centred.view()), Matrix<float>(dim, dim)};
  double largest = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < dim; ++i) {
      const double deviation = static_cast<double>(centred.row(r)[i]) - result.mean[i];
      largest = std::max(largest, std::abs(deviation));
    }
  }
  const double scale = PowerOfTwoScale(largest);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::span<float> row = centred.row(r);
    for (std::size_t i = 0; i < dim; ++i) {
      row[i] = static_cast<float>((static_cast<double>(row[i]) - result.mean[i]) * scale);
    }
  }
  GramMatrix(centred.view(), result.matrix.view());
  result.unit = 1 / (scale * scale * static_cast<double>(rows));
  for (std::size_t i = 0; i < dim; ++i) result.total_variance += result.matrix.row(i)[i];
  result.total_variance *= result.unit;
  return result;
}

PrincipalComponents ComputePrincipalComponents(const Covariance& covariance, std::size_t rank,
                                               std::uint64_t seed) {
  const std::size_t dim = covariance.dim();
  assert(rank > 0 && rank <= dim);
  const MatrixView<const float> matrix = covariance.matrix.view();
  PrincipalComponents result{covariance.mean, {}, {}, covariance.total_variance};
  SymmetricEigen eigen;
  if (dim <= kWholeMatrixDimMax || rank + kOversampling >= dim) {
    eigen = ComputeSymmetricEigen(Symmetric(matrix), EigenParts::kValuesAndVectors);
    result.directions = FirstRowsAsFloat(eigen.vectors, rank);
  } else {
    const Block block = IterateSubspace(matrix, rank + kOversampling, seed);
    const Matrix<float> within =
        Product(Product(block.rows.view(), matrix).view(), block.columns.view());
    eigen = ComputeSymmetricEigen(Symmetric(within.view()), EigenParts::kValuesAndVectors);
    result.directions = Product(FirstRowsAsFloat(eigen.vectors, rank).view(), block.rows.view());
  }
  // Beyond `rank`, values of the whole matrix are exact, those of a block are not.
  const std::size_t known = eigen.values.size() == dim ? dim : rank;
  for (std::size_t i = 0; i < known; ++i) {
    result.variances.push_back(std::max(eigen.values[i], 0.0) * covariance.unit);
  }
  return result;
}

PrincipalComponents ComputePrincipalComponents(MatrixView<const float> sample, std::size_t rank,
                                               std::uint64_t seed) {
  return ComputePrincipalComponents(ComputeCovariance(sample), rank, seed);
}

std::size_t RankLowerBound(const Covariance& covariance, std::span<const double> variances,
                           double share) {
  // In units of the covariance matrix, so that squares stay in range.
  double missing = share * covariance.total_variance / covariance.unit;
  double squares = 0;
  for (std::size_t i = 0; i < covariance.dim(); ++i) {
    const std::span<const float> row = covariance.matrix.row(i);
    squares += DotInF64(row.data(), row.data(), row.size());
  }
  for (std::size_t i = 0; i < variances.size(); ++i) {
    if (missing <= 0) return i;
    const double variance = variances[i] / covariance.unit;
    missing -= variance;
    squares -= variance * variance;
  }
  if (missing <= 0) return variances.size();
  // The other variances are at most as large as the last known one; and the sum of m of them is at
  // most sqrt(m * the sum of their squares) (Cauchy and Schwarz).
  double more = 1;
  if (!variances.empty() && variances.back() > 0) {
    more = std::max(more, missing / (variances.back() / covariance.unit));
  }
  if (squares > 0) more = std::max(more, missing * missing / squares);
  const double bound = static_cast<double>(variances.size()) + std::ceil(more * (1 - 1e-6));
  return static_cast<std::size_t>(std::min(bound, static_cast<double>(covariance.dim())));
}

}  // namespace kith
