// From the columns of the sparse projection to the dimensions of the vectors: an orthonormal map
// learned from projected documents, so that few dimensions keep what a corpus varies in.
//
// Source: Papadimitriou, Raghavan, Tamaki, Vempala: "Latent semantic indexing: a probabilistic
// analysis" (PODS 1998), section 5, the two-step method; subspace iteration as in Halko,
// Martinsson, Tropp: "Finding structure with randomness" (SIAM Review 2011), algorithm 4.4.
//
// Thread-safe: pure functions.  The result has the same bits for any number of threads and every
// instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/cancellation.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "embeddings/text/row_kernels.h"

namespace kith {

// Rows of (column, value), one after another.
struct SparseRows {
  std::uint32_t columns = 0;
  std::vector<std::uint64_t> starts = {0};  // rows() + 1
  std::vector<ScaledRow> entries;           // .row is the column

  std::size_t rows() const { return starts.size() - 1; }
  std::span<const ScaledRow> row(std::size_t r) const {
    return std::span(entries).subspan(starts[r], starts[r + 1] - starts[r]);
  }
};

SparseRows Transpose(const SparseRows& matrix);

// Makes `rows` orthonormal, keeping what each span of leading rows spans.  A row that depends on
// those before it is replaced by a random one.  REQUIRES: rows.rows() <= rows.cols();
// rows.cols() and the stride are multiples of kRowFloats.
void Orthonormalize(MatrixView<float> rows, std::uint64_t seed, ThreadPool& pool);

struct RotationParams {
  std::uint32_t dim = 384;
  std::uint32_t learned_dim = 384;  // leading dimensions learned; the others are random
  float random_scale = 1;           // of the random ones
  std::uint32_t iterations = 2;
  std::uint64_t seed = 42;
};

// columns x dim, rows padded with zeros to a multiple of kRowFloats: the vector of a document is
// its projected row times this.  Dimensions are orthonormal, the random ones then scaled.
// REQUIRES: 0 < dim <= columns, learned_dim <= dim, columns a multiple of kRowFloats.
// Errors: kCancelled.
Result<Matrix<float>> LearnRotation(const SparseRows& sample, const RotationParams& params,
                                    ThreadPool& pool, const Cancellation& cancellation,
                                    Progress& progress);

}  // namespace kith
