// What a run searches: base rows, queries, and the exact answers that recall is judged by.
//
// Immutable once loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/rival.h"
#include "core/matrix.h"
#include "core/result.h"

namespace kith {

struct DataSetParams {
  std::string base_path, query_path, truth_path;  // any format of storage/vector_file.h
  Metric metric = Metric::kL2;
  std::uint64_t queries_max = 0;  // 0: as many as have ground truth
};

struct DataSet {
  DataSetParams params;
  Matrix<float> base, queries;  // normalised when the metric is cosine
  Matrix<std::int32_t> truth;   // row numbers, nearest first; -1 pads

  // "60000x784-l2-1f00c0ffee123456": size, metric and hash of the base rows, for names of cached
  // files.
  std::string key;
};

// Errors: those of the reader; kInvalidArgument when dims differ or the truth names a row that
// the base does not have.
Result<DataSet> LoadDataSet(const DataSetParams& params);

// Mean share of the k nearest found, by distance: an answer counts when it is no further than the
// k-th true neighbour, so ties count whichever row was named.  A row named twice counts once.
// Distances are float64 sums of the row values, whatever the rival computed.
// REQUIRES: ids has one row a query and k columns; k <= data.truth.cols().
double RecallByDistance(const DataSet& data, MatrixView<const std::uint32_t> ids);

}  // namespace kith
