// Subspace iteration.  V starts random (columns x learned_dim); each round replaces it by
// X^T (X V), X being the projected sample, and orthonormalises it.  Two rounds are enough here:
// what is wanted is a good subspace for cosines, not singular vectors, and any orthonormal basis
// of the subspace gives the same cosines; so there is no final small eigenproblem either.
// (embeddings/README.md has the quality by number of rounds.)
//
// The products run over tiles of 64 dimensions: a tile of V is 1 MB and stays in the second-level
// cache while the sample streams past.  Rejected: the covariance matrix (4096^2 products a
// document; a sparse row costs 384 a nonzero), Cholesky QR (squares the condition number, which
// near-duplicate documents make unbounded).
#include "embeddings/text/rotation.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/distance64.h"
#include "core/random.h"

namespace kith {
namespace {

constexpr std::size_t kTileFloats = 64;
constexpr std::size_t kBlockRows = 32;   // orthonormalised together
constexpr std::size_t kRowsAtOnce = 64;  // of a sparse product, per range
constexpr double kDependent = 1e-5;      // length left of a row that others explain
constexpr std::uint64_t kRandomRows = 0x726f746174696f6e;  // stream number

// +-1, by the bits of the random hash.
void FillRandomSigns(std::span<float> row, std::uint64_t seed, std::uint64_t row_number,
                     std::uint64_t attempt) {
  for (std::size_t i = 0; i < row.size(); i += 64) {
    const std::uint64_t bits = RandomHash(seed, kRandomRows + attempt, row_number << 32 | i);
    for (std::size_t j = 0; j < 64 && i + j < row.size(); ++j) {
      row[i + j] = (bits >> j & 1) != 0 ? -1.0f : 1.0f;
    }
  }
}

double Length(std::span<const float> row) {
  return std::sqrt(DotInF64(row.data(), row.data(), row.size()));
}

void Scale(std::span<float> row, double factor) {
  for (float& value : row) value = static_cast<float>(value * factor);
}

// Subtracts from `row` its part along rows [first, last).
class Projector {
 public:
  explicit Projector(MatrixView<float> rows) : rows_(rows), part_(rows.cols()) {}

  void Remove(std::size_t first, std::size_t last, std::span<float> row) {
    terms_.clear();
    for (std::size_t r = first; r < last; ++r) {
      const double dot = DotInF64(rows_.row(r).data(), row.data(), row.size());
      terms_.push_back({static_cast<std::uint32_t>(r), static_cast<float>(dot)});
    }
    SumScaledRows(rows_.data(), rows_.stride(), terms_, row.size(), part_.data());
    AddScaledRow(part_.data(), -1.0f, row.size(), row.data());
  }

 private:
  MatrixView<float> rows_;
  std::vector<float> part_;
  std::vector<ScaledRow> terms_;
};

// Rows before `r` are orthonormal, and those before `block` removed from it already.
void FinishRow(Projector& projector, MatrixView<float> rows, std::size_t block, std::size_t r,
               double length_before, std::uint64_t seed) {
  const std::span<float> row = rows.row(r);
  projector.Remove(block, r, row);
  double length = Length(row);
  for (std::uint64_t attempt = 1; !(length > kDependent * length_before); ++attempt) {
    FillRandomSigns(row, seed, r, attempt);
    length_before = Length(row);
    projector.Remove(0, r, row);
    length = Length(row);
  }
  Scale(row, 1 / length);
  projector.Remove(0, r, row);  // twice is enough (Giraud, Langou, Rozloznik 2005)
  Scale(row, 1 / Length(row));
}

}  // namespace

void Orthonormalize(MatrixView<float> rows, std::uint64_t seed, ThreadPool& pool) {
  assert(rows.rows() <= rows.cols() && rows.cols() % kRowFloats == 0);
  std::vector<Projector> projectors(pool.threads(), Projector(rows));
  std::vector<double> lengths(kBlockRows);
  for (std::size_t block = 0; block < rows.rows(); block += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows.rows() - block);
    pool.ParallelFor(count, 4, [&](std::size_t begin, std::size_t end, std::size_t worker) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::span<float> row = rows.row(block + i);
        lengths[i] = Length(row);
        projectors[worker].Remove(0, block, row);
      }
    });
    for (std::size_t i = 0; i < count; ++i) {
      FinishRow(projectors[0], rows, block, block + i, lengths[i], seed);
    }
  }
}

SparseRows Transpose(const SparseRows& matrix) {
  SparseRows transposed;
  transposed.columns = static_cast<std::uint32_t>(matrix.rows());
  transposed.starts.assign(matrix.columns + 1, 0);
  for (const ScaledRow& entry : matrix.entries) ++transposed.starts[entry.row + 1];
  for (std::size_t c = 0; c < matrix.columns; ++c) {
    transposed.starts[c + 1] += transposed.starts[c];
  }
  transposed.entries.resize(matrix.entries.size());
  std::vector<std::uint64_t> next(transposed.starts.begin(), transposed.starts.end() - 1);
  for (std::size_t r = 0; r < matrix.rows(); ++r) {
    for (const ScaledRow& entry : matrix.row(r)) {
      transposed.entries[next[entry.row]++] = {static_cast<std::uint32_t>(r), entry.scale};
    }
  }
  return transposed;
}

namespace {

// Tile [first, first + kTileFloats) of dimensions; beyond `directions` it is zero.
void LoadTile(MatrixView<const float> directions, std::size_t first, Matrix<float>& tile) {
  for (std::size_t j = 0; j < kTileFloats; ++j) {
    const bool present = first + j < directions.rows();
    for (std::size_t c = 0; c < tile.rows(); ++c) {
      tile.row(c)[j] = present ? directions.row(first + j)[c] : 0.0f;
    }
  }
}

void StoreTile(const Matrix<float>& tile, std::size_t first, MatrixView<float> directions) {
  for (std::size_t j = 0; j < kTileFloats && first + j < directions.rows(); ++j) {
    const std::span<float> direction = directions.row(first + j);
    for (std::size_t c = 0; c < tile.rows(); ++c) direction[c] = tile.row(c)[j];
  }
}

// product = matrix * dense.
Status Multiply(const SparseRows& matrix, const Matrix<float>& dense, Matrix<float>& product,
                ThreadPool& pool, const Cancellation& cancellation) {
  return pool.TryParallelFor(matrix.rows(), kRowsAtOnce, cancellation,
                             [&](std::size_t begin, std::size_t end, std::size_t) -> Status {
                               for (std::size_t r = begin; r < end; ++r) {
                                 SumScaledRows(dense.data(), kTileFloats, matrix.row(r),
                                               kTileFloats, product.row(r).data());
                               }
                               return {};
                             });
}

}  // namespace

Result<Matrix<float>> LearnRotation(const SparseRows& sample, const RotationParams& params,
                                    ThreadPool& pool, const Cancellation& cancellation,
                                    Progress& progress) {
  assert(params.dim > 0 && params.dim <= sample.columns && params.learned_dim <= params.dim);
  Matrix<float> directions(params.dim, sample.columns);
  for (std::size_t r = 0; r < params.dim; ++r)
    FillRandomSigns(directions.row(r), params.seed, r, 0);
  const MatrixView<float> learned = directions.view().rows(0, params.learned_dim);

  if (params.learned_dim > 0) {
    const SparseRows transposed = Transpose(sample);
    Matrix<float> tile(sample.columns, kTileFloats), documents(sample.rows(), kTileFloats);
    progress.Start("learn rotation", params.iterations * params.learned_dim);
    for (std::uint32_t i = 0; i < params.iterations; ++i) {
      for (std::size_t first = 0; first < params.learned_dim; first += kTileFloats) {
        LoadTile(learned, first, tile);
        TRY(Multiply(sample, tile, documents, pool, cancellation));
        TRY(Multiply(transposed, documents, tile, pool, cancellation));
        StoreTile(tile, first, learned);
        progress.Advance(std::min<std::size_t>(kTileFloats, params.learned_dim - first));
      }
      Orthonormalize(learned, params.seed, pool);
    }
  }
  if (params.learned_dim < params.dim) {
    Orthonormalize(directions.view(), params.seed, pool);
    for (std::size_t r = params.learned_dim; r < params.dim; ++r) {
      Scale(directions.row(r), params.random_scale);
    }
  }
  TRY(cancellation.Check());
  Matrix<float> rotation(sample.columns, RoundUp(params.dim, kRowFloats));
  for (std::size_t r = 0; r < params.dim; ++r) {
    for (std::size_t c = 0; c < sample.columns; ++c) rotation.row(c)[r] = directions.row(r)[c];
  }
  return rotation;
}

}  // namespace kith
