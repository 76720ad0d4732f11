// The textbook method, in three parts.
//
// 1. Reduce: n - 2 reflections, each of which clears one row and column beyond the first
//    off-diagonal: A <- A - v w' - w v', one pass over what is left of the matrix to find w and
//    one to subtract.
// 2. Collect the product of the reflections, last one first, so that each touches only the part
//    that those after it have filled.
// 3. Iterate: plane rotations chase a bulge along the three diagonals until off-diagonals vanish;
//    Wilkinson's shift makes that take less than two sweeps an eigenvalue.  Only the diagonals are
//    needed to find the rotations, so these are written down and applied to the vectors many at
//    a time (core/symmetric_eigen_kernels.cc), four times faster than one after the other.
//
// An off-diagonal counts as zero when it is below 2^-53 of the largest entry of the three
// diagonals: rounding has disturbed the values by as much already, and matrices of low rank, which
// samples of few rows have, would else spend their time on the zeros.
//
// Cyclic Jacobi rotations would be simpler and need six to ten times the arithmetic.  Compiled
// with -ffp-contract=off; square roots are the only library function, and are exactly rounded.
#include "core/symmetric_eigen.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

#include "core/symmetric_eigen_kernels.h"

namespace kith {
namespace {

constexpr double kEpsilon = 0x1p-53;
// Sweeps for one eigenvalue; more than a handful have not been seen.
constexpr int kSweepsMax = 60;
constexpr std::size_t kPendingRotationsMax = 1 << 16;  // 1.5 MiB

// Rows and columns from `first` on.
MatrixView<double> Trailing(Matrix<double>& matrix, std::size_t first) {
  const std::size_t n = matrix.rows() - first;
  return {matrix.data() + first * matrix.cols() + first, n, n, matrix.cols()};
}

double Dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> off_diagonal;  // off_diagonal[i] is between i and i + 1; the last is 0
};

// I - beta v v', on the elements after row `k`.
struct Reflection {
  std::vector<double> v;
  double beta = 0;
};

// Turns `v` into the vector whose reflection maps v to (length, 0, 0, ...).
struct Reflected {
  double beta, length;
};
Reflected MakeReflection(std::span<double> v) {
  const double rest = Dot(v.subspan(1), v.subspan(1));
  if (rest == 0) return {.beta = 0, .length = v[0]};
  const double norm = std::sqrt(v[0] * v[0] + rest);
  const double length = v[0] > 0 ? -norm : norm;  // the sign that does not cancel
  v[0] -= length;
  return {.beta = 2 / (v[0] * v[0] + rest), .length = length};
}

// Destroys `matrix`.
Tridiagonal Reduce(Matrix<double>& matrix, std::vector<Reflection>& reflections) {
  const std::size_t n = matrix.rows();
  Tridiagonal result{std::vector<double>(n), std::vector<double>(n, 0.0)};
  std::vector<double> w(n);
  for (std::size_t k = 0; k < n; ++k) {
    result.diagonal[k] = matrix.row(k)[k];
    if (k + 1 == n) break;
    const std::span<const double> row = matrix.row(k).subspan(k + 1);
    Reflection reflection{{row.begin(), row.end()}, 0};
    const Reflected made = MakeReflection(reflection.v);
    result.off_diagonal[k] = made.length;
    reflection.beta = made.beta;
    if (made.beta != 0) {
      const MatrixView<double> rest = Trailing(matrix, k + 1);
      const std::span<double> p(w.data(), rest.rows());
      SumWeightedRows(reflection.v, rest, p);
      for (double& x : p) x *= made.beta;
      const double half = made.beta / 2 * Dot(reflection.v, p);
      for (std::size_t i = 0; i < p.size(); ++i) p[i] -= half * reflection.v[i];
      SubtractSymmetricProduct(reflection.v, p, rest);
    }
    reflections.push_back(std::move(reflection));
  }
  return result;
}

// The transposed product of the reflections: rows are what the columns of the three diagonals'
// matrix stand for.
Matrix<double> CollectReflections(std::span<const Reflection> reflections, std::size_t n) {
  Matrix<double> product(n, n);
  for (std::size_t i = 0; i < n; ++i) product.row(i)[i] = 1;
  std::vector<double> sums(n), scaled(n);
  for (std::size_t k = reflections.size(); k-- > 0;) {
    const auto& [v, beta] = reflections[k];
    if (beta == 0) continue;
    const MatrixView<double> part = Trailing(product, k + 1);
    SumWeightedRows(v, part, std::span(sums.data(), v.size()));
    for (std::size_t i = 0; i < v.size(); ++i) scaled[i] = beta * v[i];
    SubtractOuterProduct(std::span(scaled.data(), v.size()), std::span(sums.data(), v.size()),
                         part);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) std::swap(product.row(i)[j], product.row(j)[i]);
  }
  return product;
}

// One implicit QL sweep over rows first..last, whose off-diagonals are all large.
void Sweep(Tridiagonal& t, std::size_t first, std::size_t last,
           std::vector<PlaneRotation>& rotations) {
  std::vector<double>& d = t.diagonal;
  std::vector<double>& e = t.off_diagonal;
  // Wilkinson's shift: the eigenvalue of the leading 2 x 2 block nearer to its first entry.
  const double slope = (d[first + 1] - d[first]) / (2 * e[first]);
  const double root = std::sqrt(slope * slope + 1);
  double g = d[last] - d[first] + e[first] / (slope + (slope < 0 ? -root : root));
  double sine = 1, cosine = 1, moved = 0;
  for (std::size_t i = last; i-- > first;) {
    const double f = sine * e[i], b = cosine * e[i];
    const double length = std::sqrt(f * f + g * g);
    e[i + 1] = length;
    if (length == 0) {  // the block has come apart
      d[i + 1] -= moved;
      e[last] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = d[i + 1] - moved;
    const double r = (d[i] - g) * sine + 2 * cosine * b;
    moved = sine * r;
    d[i + 1] = g + moved;
    g = cosine * r - b;
    rotations.push_back({cosine, sine, static_cast<std::uint32_t>(i)});
  }
  d[first] -= moved;
  e[first] = g;
  e[last] = 0;
}

// Leaves the eigenvalues in t.diagonal; rotates the rows of `vectors` if it has any.
void Iterate(Tridiagonal& t, Matrix<double>& vectors) {
  const std::size_t n = t.diagonal.size();
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    largest = std::max({largest, std::abs(t.diagonal[i]), std::abs(t.off_diagonal[i])});
  }
  const double negligible = kEpsilon * largest;
  std::vector<PlaneRotation> rotations;
  for (std::size_t first = 0; first < n; ++first) {
    for (int sweep = 0;; ++sweep) {
      std::size_t last = first;
      while (last + 1 < n && std::abs(t.off_diagonal[last]) > negligible) ++last;
      if (last == first) break;
      assert(sweep < kSweepsMax);
      if (sweep == kSweepsMax) break;
      Sweep(t, first, last, rotations);
      if (vectors.rows() == 0) rotations.clear();
      if (rotations.size() >= kPendingRotationsMax) {
        RotateRows(rotations, vectors.view());
        rotations.clear();
      }
    }
  }
  RotateRows(rotations, vectors.view());
}

}  // namespace

SymmetricEigen ComputeSymmetricEigen(Matrix<double> matrix, EigenParts parts) {
  assert(matrix.rows() == matrix.cols());
  const std::size_t n = matrix.rows();
  std::vector<Reflection> reflections;
  Tridiagonal t = Reduce(matrix, reflections);
  Matrix<double> vectors;
  if (parts == EigenParts::kValuesAndVectors) vectors = CollectReflections(reflections, n);
  Iterate(t, vectors);

  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return t.diagonal[a] > t.diagonal[b]; });
  SymmetricEigen result{std::vector<double>(n), Matrix<double>(vectors.rows(), vectors.cols())};
  for (std::size_t i = 0; i < n; ++i) {
    result.values[i] = t.diagonal[order[i]];
    if (vectors.rows() > 0) std::ranges::copy(vectors.row(order[i]), result.vectors.row(i).begin());
  }
  return result;
}

}  // namespace kith
