// Exact nearest neighbours by brute force, blocked: the project's ground truth.
//
// Tiles of queries x base rows are multiplied like a matrix product (f32, packed panels), then
// the best candidates of each query are compared again in float64, with a bound on the rounding
// error that proves that no nearer row was missed (what a bound cannot tell apart, such as many
// equal rows or huge values, is compared in float64 row by row).  So the answer is the float64 one
// (core/distance64.h), the same bits on every machine: nearest first, ties to the lower row.
#pragma once

#include <cstdint>
#include <memory>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/matrix.h"
#include "core/progress.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "core/top_k.h"

namespace kith {

// Streams base rows past a set of queries; rows may come from a file block by block.
// Thread-compatible.
class ExactSearch {
 public:
  // Borrows `queries` and `pool` (for cosine neither side need be normalised; the distance to or
  // from a zero vector is 1).  REQUIRES: k > 0.
  // Memory: a packed copy of the queries, 2 k + 128 candidates and k results a query, 8 MiB of
  // packed rows (or a few panels of 48), and 24 bytes a row of the block while it is added.
  ExactSearch(MatrixView<const float> queries, Metric metric, std::size_t k, ThreadPool& pool);
  ~ExactSearch();

  // Compares rows [first_row, first_row + block.rows()) of the base.  The block may be freed
  // afterwards: float64 distances of the candidates are computed here, so few large blocks (64
  // MiB and more) cost less than many small ones.  Blocks may come in any order, each row once.
  // The answer is the same for any cut into blocks and any number of threads.
  // Errors: kInvalidArgument (a block of another dim; NaN or infinity in the block or in a query,
  // message has the row number; row numbers from kNoNeighbor on), kCancelled.  After an error
  // nothing but destruction is allowed.
  Status AddBlock(MatrixView<const float> block, std::uint64_t first_row,
                  const Cancellation& cancellation);

  // queries.rows() x k; rows beyond the base size are {infinity, kNoNeighbor}.
  Matrix<Neighbor> Finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
