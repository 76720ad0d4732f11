// Exact nearest neighbours by brute force, blocked: the project's ground truth.
//
// Tiles of queries x base rows are multiplied like a matrix product (f32, packed panels), then
// the best candidates of each query are compared again in float64, with a bound on the rounding
// error that proves that no nearer row was missed (a query whose bound does not hold is scanned
// again in float64).  So the answer is the float64 one: nearest first, ties to the lower row.
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
  // Borrows `queries` (for cosine they need not be normalised).  REQUIRES: k > 0.
  // Memory: queries, packed copies and (k + slack) candidates a query.
  ExactSearch(MatrixView<const float> queries, Metric metric, std::size_t k, ThreadPool& pool);
  ~ExactSearch();

  // Compares rows [first_row, first_row + block.rows()) of the base.  The block may be freed
  // afterwards: float64 distances of the candidates are computed here.
  // NaN or infinity in the block: kInvalidArgument with the row number.
  Status AddBlock(MatrixView<const float> block, std::uint64_t first_row,
                  const Cancellation& cancellation);

  // queries.rows() x k; rows beyond the base size are {infinity, kNoNeighbor}.
  Matrix<Neighbor> Finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
